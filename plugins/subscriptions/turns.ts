/** Has work about one thing done one after another on this host, so that it does not overtake itself. */
export class Turns {
  readonly #last = new Map<string, Promise<void>>()

  async take<T>(thing: string, work: () => Promise<T>): Promise<T> {
    const before = this.#last.get(thing)
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#last.set(thing, promise)
    try {
      await before
      return await work()
    } finally {
      if (this.#last.get(thing) === promise) this.#last.delete(thing)
      resolve()
    }
  }
}
