import { CarabinerError } from '../../errors.ts'

export interface GroupedCallsParts<Call, Result> {
  /** Makes calls in one transaction, all of them or none. Resolves to their results, in order. */
  readonly run: (calls: readonly Call[]) => Promise<readonly Result[]>
  /** How much of a group a call takes up. */
  readonly sizeOf: (call: Call) => number
  readonly largestGroup: number
}

interface Waiting<Call, Result> {
  readonly call: Call
  readonly resolve: (result: Result) => void
  readonly reject: (reason: unknown) => void
}

/**
 * Calls of the same turn of the event loop share one transaction, and so do those that come while one is under way.
 *
 * A call that is refused fails alone: its group is made again in halves. When the store is away, all of the group are told.
 */
export class GroupedCalls<Call, Result> {
  readonly #parts: GroupedCallsParts<Call, Result>
  #waiting: Waiting<Call, Result>[] = []
  #draining: Promise<void> | undefined

  constructor(parts: GroupedCallsParts<Call, Result>) {
    this.#parts = parts
  }

  /** Resolves to what the call came to, once that is durable. */
  add(call: Call): Promise<Result> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ call, resolve, reject })
      this.#draining ??= this.#drain()
    })
  }

  /** Resolves when nothing waits. */
  async idle(): Promise<void> {
    await this.#draining
  }

  async #drain(): Promise<void> {
    do {
      await nextTurn()
      await this.#make(this.#nextGroup())
    } while (this.#waiting.length > 0)
    this.#draining = undefined
  }

  /** At least one, however large it is. */
  #nextGroup(): readonly Waiting<Call, Result>[] {
    const { sizeOf, largestGroup } = this.#parts
    let size = 0
    const over = this.#waiting.findIndex(({ call }, index) => {
      size += sizeOf(call)
      return index > 0 && size > largestGroup
    })
    return this.#waiting.splice(0, over === -1 ? this.#waiting.length : over)
  }

  async #make(group: readonly Waiting<Call, Result>[]): Promise<void> {
    try {
      const results = await this.#parts.run(group.map(({ call }) => call))
      // `run` gives a result for each call.
      for (const [index, { resolve }] of group.entries()) resolve(results[index] as Result)
    } catch (error) {
      await this.#failed(group, error)
    }
  }

  async #failed(group: readonly Waiting<Call, Result>[], error: unknown): Promise<void> {
    if (group.length === 1 || isAway(error)) {
      for (const { reject } of group) reject(error)
      return
    }
    const half = Math.ceil(group.length / 2)
    await this.#make(group.slice(0, half))
    await this.#make(group.slice(half))
  }
}

function isAway(error: unknown): boolean {
  return error instanceof CarabinerError && error.code === 'STORE_UNAVAILABLE'
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
