import type { Clock } from '../clock.ts'

export interface LookoutParts {
  readonly clock: Pick<Clock, 'after'>
  /** How long it waits before it looks again. */
  everyMs(): number
  /** Never rejects. */
  look(): Promise<void>
}

/** Looks every so often, and at once when it is woken; never twice at the same time. */
export class Lookout {
  readonly #parts: LookoutParts
  #timer: Disposable | undefined
  #looking: Promise<void> | undefined
  #isOpen = false
  #again = false

  constructor(parts: LookoutParts) {
    this.#parts = parts
  }

  start(): void {
    this.#isOpen = true
    this.wake()
  }

  /** There is something to see. */
  wake(): void {
    if (!this.#isOpen) return
    this.#again = true
    if (this.#looking !== undefined) return
    this.#timer?.[Symbol.dispose]()
    this.#looking = this.#look()
  }

  /** Resolves when the last look is over. */
  async stop(): Promise<void> {
    this.#isOpen = false
    this.#timer?.[Symbol.dispose]()
    await this.#looking
  }

  async #look(): Promise<void> {
    const { clock, everyMs, look } = this.#parts
    while (this.#again && this.#isOpen) {
      this.#again = false
      await look()
    }
    this.#looking = undefined
    if (this.#isOpen) this.#timer = clock.after(everyMs(), () => this.wake())
  }
}
