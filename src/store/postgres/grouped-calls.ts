import { CarabinerError } from '../../errors.ts'

export interface GroupedCallsParts<Call, Result> {
  /** Makes calls in one transaction, all of them or none. Resolves to their results, in order. */
  readonly run: (calls: readonly Call[]) => Promise<readonly Result[]>
  /** How much of a group a call takes up. */
  readonly sizeOf: (call: Call) => number
  readonly largestGroup: number
  /** What a call changes that others may, too: calls that have one of these in common do not share a group. @defaultValue nothing */
  readonly touchedBy?: (call: Call) => readonly string[]
  /** Which call an error is about, and what it is told, where the error says so: the others are made again without it. */
  readonly refusalOf?: (error: unknown, calls: readonly Call[]) => Refusal | undefined
}

/** One call of a group that is at fault. */
export interface Refusal {
  readonly index: number
  readonly reason: unknown
}

interface Waiting<Call, Result> {
  readonly call: Call
  readonly resolve: (result: Result) => void
  readonly reject: (reason: unknown) => void
}

/**
 * Calls of the same turn of the event loop share one transaction, and so do those that come while one is under way.
 *
 * A call that is refused fails alone: its group is made again without it, or in halves when it is not known which it is. When the store is away, all of the group are told.
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
    const { sizeOf, largestGroup, touchedBy } = this.#parts
    let size = 0
    const touched = new Set<string>()
    const over = this.#waiting.findIndex(({ call }, index) => {
      size += sizeOf(call)
      const own = touchedBy?.(call) ?? []
      if (index > 0 && (size > largestGroup || own.some((each) => touched.has(each)))) return true
      for (const each of own) touched.add(each)
      return false
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
    if (isAway(error)) {
      for (const { reject } of group) reject(error)
      return
    }
    const calls = group.map(({ call }) => call)
    const refusal = this.#parts.refusalOf?.(error, calls) ?? onlyOne(calls, error)
    for (const part of partsWithout(group, refusal?.index)) await this.#make(part)
    if (refusal !== undefined) group[refusal.index]?.reject(refusal.reason)
  }
}

function onlyOne(calls: readonly unknown[], reason: unknown): Refusal | undefined {
  return calls.length === 1 ? { index: 0, reason } : undefined
}

/** What is made again: all but the one at fault, or halves to look for it in. */
function partsWithout<T>(group: readonly T[], fault: number | undefined): T[][] {
  const half = Math.ceil(group.length / 2)
  const parts =
    fault === undefined ? [group.slice(0, half), group.slice(half)] : [group.toSpliced(fault, 1)]
  return parts.filter(({ length }) => length > 0)
}

function isAway(error: unknown): boolean {
  return error instanceof CarabinerError && error.code === 'STORE_UNAVAILABLE'
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
