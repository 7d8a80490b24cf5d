import type { Logger } from '../bus/handler.ts'

/** Work that nobody waits for but a stop. Its failures are logged. */
export class SideWork {
  readonly #log: Logger
  readonly #running = new Set<Promise<void>>()

  constructor(log: Logger) {
    this.#log = log
  }

  /**
   * Resolves when it is over, whatever came of it.
   *
   * @param failure - what the log says when it fails
   */
  add(work: Promise<unknown>, failure: string): Promise<void> {
    const done = work
      .then(() => undefined)
      .catch((error: unknown) => this.#log.warn({ err: error }, failure))
      .finally(() => this.#running.delete(done))
    this.#running.add(done)
    return done
  }

  /** Resolves when all of it is done, what it has led to as well. */
  async idle(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running)
  }
}
