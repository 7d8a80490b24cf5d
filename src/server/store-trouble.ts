import type { Logger } from '../bus/handler.ts'
import type { Clock } from '../clock.ts'

/** Milliseconds in which one line about a route is enough, however many of its requests fail. */
const pauseMs = 10_000

/** Logs why requests are answered that the store is away: callers are not told, and a single kind of request may be all that fails. */
export class StoreTrouble {
  readonly #clock: Pick<Clock, 'monotonic'>
  readonly #log: Pick<Logger, 'warn'>
  /** By route. */
  readonly #quietUntil = new Map<string, number>()

  constructor(clock: Pick<Clock, 'monotonic'>, log: Pick<Logger, 'warn'>) {
    this.#clock = clock
    this.#log = log
  }

  met(error: unknown, request: { readonly traceId: string; readonly route: string }): void {
    const { traceId, route } = request
    const now = this.#clock.monotonic()
    if (now < (this.#quietUntil.get(route) ?? -Infinity)) return
    this.#quietUntil.set(route, now + pauseMs)
    this.#log.warn({ err: error, traceId, route }, 'request refused: the store is away')
  }
}
