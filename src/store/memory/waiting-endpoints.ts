import { compareBytes } from '../byte-order.ts'
import { SortedList } from './sorted-list.ts'

/** Names of endpoints that something waits for, in order. Names for which nothing waits any more go when they are come by. */
export class WaitingEndpoints {
  readonly #isWaitedFor: (endpoint: string) => boolean
  readonly #names = new Set<string>()
  readonly #sorted = new SortedList<string>(compareBytes)

  constructor(isWaitedFor: (endpoint: string) => boolean) {
    this.#isWaitedFor = isWaitedFor
  }

  /** Tells that something waits for it now. */
  add(endpoint: string): void {
    if (this.#names.has(endpoint)) return
    this.#names.add(endpoint)
    this.#sorted.add(endpoint)
  }

  /** At most `limit` names after one that begin with a prefix. */
  after(after: string, prefix: string, limit: number): string[] {
    const found: string[] = []
    const idle: string[] = []
    const isInside = compareBytes(after, prefix) >= 0
    for (const name of isInside ? this.#sorted.after(after) : this.#sorted.from(prefix)) {
      if (found.length === limit || !name.startsWith(prefix)) break
      if (this.#isWaitedFor(name)) found.push(name)
      else idle.push(name)
    }
    for (const name of idle) this.#remove(name)
    return found
  }

  #remove(endpoint: string): void {
    this.#names.delete(endpoint)
    this.#sorted.delete(endpoint)
  }
}
