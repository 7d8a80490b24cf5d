/** Endpoints that are looked up at once. */
const atOnce = 1_000

interface Batch {
  readonly ids: Set<string>
  readonly done: PromiseWithResolvers<void>
}

/** Looks things up together: what is asked for while one look is under way is part of the next. */
export class LookUps {
  readonly #look: (ids: readonly string[]) => Promise<void>
  #next: Batch | undefined
  #isRunning = false

  constructor(look: (ids: readonly string[]) => Promise<void>) {
    this.#look = look
  }

  /** Resolves after a look that began after this call; rejects as the look does. */
  ask(ids: Iterable<string>): Promise<void> {
    this.#next ??= { ids: new Set(), done: Promise.withResolvers() }
    const { promise } = this.#next.done
    for (const id of ids) this.#next.ids.add(id)
    if (!this.#isRunning) void this.#run()
    return promise
  }

  async #run(): Promise<void> {
    this.#isRunning = true
    for (let batch = await this.#gather(); batch !== undefined; batch = await this.#gather()) {
      try {
        const ids = [...batch.ids]
        while (ids.length > 0) await this.#look(ids.splice(0, atOnce))
        batch.done.resolve()
      } catch (error) {
        batch.done.reject(error)
      }
    }
    this.#isRunning = false
  }

  /** Whoever else asks in this turn of the event loop is part of it. */
  async #gather(): Promise<Batch | undefined> {
    if (this.#next !== undefined) await new Promise((resolve) => setImmediate(resolve))
    const batch = this.#next
    this.#next = undefined
    return batch
  }
}
