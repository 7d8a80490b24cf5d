/** Has work on one thing done one after another in this process, so that it neither overtakes itself nor is in its own way. */
export class Turns {
  /** The end of what was begun last, by what it works on. */
  readonly #last = new Map<string, Promise<void>>()

  /** Resolves, or rejects, as the work does. */
  async take<T>(thing: string, work: () => Promise<T>): Promise<T> {
    const before = this.#last.get(thing)
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#last.set(thing, promise)
    try {
      if (before !== undefined) await before
      return await work()
    } finally {
      if (this.#last.get(thing) === promise) this.#last.delete(thing)
      resolve()
    }
  }
}
