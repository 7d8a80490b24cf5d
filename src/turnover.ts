/**
 * A `Map` whose entries come and go all the time.
 *
 * V8 gives a `Map` a new table every so many deletions, and has the old table point to the new one. As soon as one of them has grown old, which a
 * full collection of garbage makes it, it keeps alive all tables that follow and whatever they ever held, until the next full
 * collection: each small one then copies megabytes of what is long over. This one begins a new `Map` every so many deletions, to which no
 * old table points.
 *
 * @see {@link https://github.com/v8/v8/blob/main/src/objects/ordered-hash-table.h}: the "next table" of one that is obsolete
 *
 * @example
 * ```ts
 * import { TurnoverMap } from 'carabiner'
 *
 * const underWay = new TurnoverMap<string, Request>()
 * underWay.set(order.id, request)
 * underWay.delete(order.id) // true
 * ```
 */
export class TurnoverMap<K, V> {
  #entries = new Map<K, V>()
  #deleted = 0

  get size(): number {
    return this.#entries.size
  }

  get(key: K): V | undefined {
    return this.#entries.get(key)
  }

  has(key: K): boolean {
    return this.#entries.has(key)
  }

  set(key: K, value: V): void {
    this.#entries.set(key, value)
  }

  delete(key: K): boolean {
    if (!this.#entries.delete(key)) return false
    this.#deleted += 1
    // Copying costs no more than was deleted.
    if (this.#deleted > fewest && this.#deleted > this.#entries.size) this.#startAnew()
    return true
  }

  clear(): void {
    this.#entries = new Map()
    this.#deleted = 0
  }

  /** As they are now: what is set or deleted meanwhile does not change it. */
  keys(): readonly K[] {
    return [...this.#entries.keys()]
  }

  /** As they are now: what is set or deleted meanwhile does not change it. */
  values(): readonly V[] {
    return [...this.#entries.values()]
  }

  #startAnew(): void {
    const entries = new Map<K, V>()
    // `new Map(entries)` would make a pair of each.
    for (const [key, value] of this.#entries) entries.set(key, value)
    this.#entries = entries
    this.#deleted = 0
  }
}

/** A `Set` whose members come and go all the time: see {@link TurnoverMap}. */
export class TurnoverSet<T> {
  readonly #members = new TurnoverMap<T, T>()

  get size(): number {
    return this.#members.size
  }

  has(member: T): boolean {
    return this.#members.has(member)
  }

  add(member: T): void {
    this.#members.set(member, member)
  }

  delete(member: T): boolean {
    return this.#members.delete(member)
  }

  /** As they are now: what is added or deleted meanwhile does not change it. */
  values(): readonly T[] {
    return this.#members.values()
  }
}

const fewest = 32
