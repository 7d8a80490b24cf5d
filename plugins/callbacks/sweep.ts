import { messageOf, type Scope } from 'carabiner'
import type { CallbacksConfig } from './config.ts'

/** Callbacks that expire in one write. */
const mostAtOnce = 200

type SweptScope = Pick<Scope<CallbacksConfig>, 'callbacks' | 'clock' | 'log'> & {
  readonly config: Pick<CallbacksConfig, 'sweep'>
}

/** Lets callbacks fail whose deadline has come, again and again. Any number of hosts may do so on one store. */
export class Sweep implements AsyncDisposable {
  readonly #scope: SweptScope
  #next: Disposable
  #running: Promise<void> | undefined
  #isOver = false
  #isInTrouble = false

  constructor(scope: SweptScope) {
    this.#scope = scope
    this.#next = this.#later()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isOver = true
    this.#next[Symbol.dispose]()
    await this.#running
  }

  #later(): Disposable {
    const { clock, config } = this.#scope
    return clock.after(config.sweep, () => {
      this.#running = this.#turn()
    })
  }

  async #turn(): Promise<void> {
    try {
      await this.#run()
      this.#isInTrouble = false
    } catch (error) {
      this.#noteTrouble(error)
    }
    if (!this.#isOver) this.#next = this.#later()
  }

  /** Once, however many sweeps come to nothing. */
  #noteTrouble(error: unknown): void {
    if (this.#isInTrouble) return
    this.#isInTrouble = true
    this.#scope.log.warn({ error: messageOf(error) }, 'callbacks expire at a later sweep')
  }

  /** Until nothing is due. */
  async #run(): Promise<void> {
    const { book } = this.#scope.callbacks
    let expired = 0
    for (;;) {
      const page = await book.expireDue(mostAtOnce, 'host')
      expired += page.length
      if (page.length === 0 || this.#isOver) break
    }
    if (expired > 0) this.#scope.log.info({ expired }, 'callbacks have expired')
  }
}
