/** What waits in a row, and may lose interest meanwhile. */
export interface Waiting {
  isWanted(): boolean
}

/** First in, first out. */
export class Row<T extends Waiting> {
  readonly #waiting: (T | undefined)[] = []
  /** Where the first one stands: the front is cut off only now and then. */
  #at = 0

  get size(): number {
    return this.#waiting.length - this.#at
  }

  push(each: T): void {
    this.#waiting.push(each)
  }

  /** The first that is still wanted; those before it are gone. */
  first(): T | undefined {
    for (;;) {
      const each = this.#waiting[this.#at]
      if (each === undefined || each.isWanted()) return each
      this.shift()
    }
  }

  shift(): void {
    // What is over is not kept alive until the front is cut off.
    this.#waiting[this.#at] = undefined
    this.#at += 1
    if (this.#at === this.#waiting.length) this.#waiting.length = 0
    else if (this.#at === cutAt) this.#waiting.splice(0, cutAt)
    else return
    this.#at = 0
  }
}

const cutAt = 256
