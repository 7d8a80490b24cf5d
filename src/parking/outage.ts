import type { Logger } from '../bus/handler.ts'
import type { Clock } from '../clock.ts'
import { messageOf } from '../errors.ts'

/** A time in which the store is away: one line of the log at its beginning, one at its end. */
export class Outage {
  readonly #clock: Pick<Clock, 'monotonic'>
  readonly #log: Pick<Logger, 'info' | 'warn'>
  #since: number | undefined

  constructor(clock: Pick<Clock, 'monotonic'>, log: Pick<Logger, 'info' | 'warn'>) {
    this.#clock = clock
    this.#log = log
  }

  begin(error: unknown): void {
    if (this.#since !== undefined) return
    this.#since = this.#clock.monotonic()
    this.#log.warn({ error: messageOf(error) }, 'parked dispatches wait: the store cannot be used')
  }

  end(): void {
    if (this.#since === undefined) return
    const awayMs = Math.round(this.#clock.monotonic() - this.#since)
    this.#since = undefined
    this.#log.info({ awayMs }, 'parked dispatches go on: the store is back')
  }
}
