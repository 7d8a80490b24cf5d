/**
 * A binary heap whose items may die while they wait.
 *
 * The dead are dropped when they come up, and all at once when they are more than half.
 */
export class Heap<T> {
  readonly #before: (a: T, b: T) => boolean
  readonly #isLive: (item: T) => boolean
  #items: T[] = []
  #dead = 0

  constructor(before: (a: T, b: T) => boolean, isLive: (item: T) => boolean) {
    this.#before = before
    this.#isLive = isLive
  }

  /** The living and those of the dead that are not dropped yet. */
  get size(): number {
    return this.#items.length
  }

  push(item: T): void {
    this.#items.push(item)
    this.#rise(this.#items.length - 1)
  }

  /** The first living item. */
  peek(): T | undefined {
    for (;;) {
      const first = this.#items[0]
      if (first === undefined || this.#isLive(first)) return first
      this.#removeFirst()
      this.#dead -= 1
    }
  }

  pop(): T | undefined {
    const first = this.peek()
    if (first !== undefined) this.#removeFirst()
    return first
  }

  /** Tells that an item which waits here is not live any more. */
  buried(): void {
    this.#dead += 1
    if (this.#dead * 2 <= this.#items.length) return
    const living = this.#items.filter(this.#isLive)
    this.#items = []
    this.#dead = 0
    for (const item of living) this.push(item)
  }

  *living(): Iterable<T> {
    for (const item of this.#items) if (this.#isLive(item)) yield item
  }

  #removeFirst(): void {
    const last = this.#items.pop()
    if (last === undefined || this.#items.length === 0) return
    this.#items[0] = last
    this.#sink(0)
  }

  #rise(from: number): void {
    for (let at = from; at > 0; ) {
      const parent = (at - 1) >> 1
      if (!this.#swapUnlessOrdered(parent, at)) return
      at = parent
    }
  }

  #sink(from: number): void {
    for (let at = from; ; ) {
      const child = this.#firstChild(at)
      if (child === undefined || !this.#swapUnlessOrdered(at, child)) return
      at = child
    }
  }

  #firstChild(at: number): number | undefined {
    const left = this.#items[2 * at + 1]
    const right = this.#items[2 * at + 2]
    if (left === undefined) return undefined
    return right !== undefined && this.#before(right, left) ? 2 * at + 2 : 2 * at + 1
  }

  #swapUnlessOrdered(upper: number, lower: number): boolean {
    const above = this.#items[upper]
    const below = this.#items[lower]
    if (above === undefined || below === undefined || !this.#before(below, above)) return false
    this.#items[upper] = below
    this.#items[lower] = above
    return true
  }
}
