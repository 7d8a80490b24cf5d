import { waitAtMost } from '../wait-at-most.ts'
import type { DeliveryEngineOptions } from './engine-options.ts'
import type { EngineParts } from './engine-parts.ts'

/** How an engine begins, and how it ends: in which order its parts do. */
export class EngineLife {
  readonly #options: DeliveryEngineOptions
  readonly #parts: EngineParts
  #starting: Promise<void> | undefined

  constructor(options: DeliveryEngineOptions, parts: EngineParts) {
    this.#options = options
    this.#parts = parts
  }

  /** Until the store has said what it knows of the endpoints; `undefined`: it has. */
  get starting(): Promise<void> | undefined {
    return this.#starting
  }

  start(mode: 'delivering' | 'holding'): void {
    this.#parts.mode.current = mode
    this.#starting = this.#start().finally(() => {
      this.#starting = undefined
    })
  }

  async drainOwn(ms: number, signal?: AbortSignal): Promise<number> {
    const { store, clock, log } = this.#options
    const { own, mode, custody, claimer } = this.#parts
    if (own.size === 0) return 0
    if (ms > 0) {
      mode.current = 'own'
      custody.sendWaiting()
      claimer.start({ sweeps: false })
      await waitAtMost(clock, ms, own.allSettled(), signal)
    }
    await this.#cease(0)
    await own.recount(store).catch((error: unknown) => {
      log.warn({ err: error }, 'the deliveries that are left could not be counted')
    })
    return own.size
  }

  async stop(timeoutMs: number): Promise<void> {
    await this.#cease(timeoutMs)
    const { mode, heartbeat, registry, sent } = this.#parts
    mode.current = 'stopped'
    sent.end()
    const { store, hostId, log, clock } = this.#options
    const farewell = heartbeat
      .stop()
      .then(() => registry.flush())
      .then(() => store.leave(hostId))
      .catch((error: unknown) => log.warn({ err: error }, 'the store was not told of the stop'))
    await waitAtMost(clock, this.#settleTimeoutMs, farewell)
  }

  get #settleTimeoutMs(): number {
    return this.#options.settleTimeoutMs ?? 5_000
  }

  async #start(): Promise<void> {
    const { heartbeat, registry, mode, claimer, redeliveries } = this.#parts
    await heartbeat.start()
    await registry.refresh().catch((error: unknown) => {
      this.#options.log.warn({ err: error }, 'the state of the endpoints could not be read')
    })
    if (mode.current === 'delivering') {
      claimer.start({ sweeps: true })
      redeliveries.start()
    }
    // Nothing of ours is in the store yet: what is committed first may be sent from memory.
    if (mode.current === 'holding')
      for (const queue of registry.all()) queue.foundAll(queue.expected)
  }

  /** No claims; what waits goes back; what is being sent has `timeoutMs`; then all is told to the store. */
  async #cease(timeoutMs: number): Promise<void> {
    const { mode, claimer, custody, runner, registry, held, settler, redeliveries } = this.#parts
    if (mode.current !== 'stopped') mode.current = 'idle'
    const { clock } = this.#options
    const claims = Promise.all([claimer.stop(), redeliveries.end()])
    void custody.giveBackWaiting()
    await waitAtMost(clock, timeoutMs, runner.idle())
    for (const queue of registry.all()) queue.abort()
    for (const queue of registry.members()) queue.abort()
    for (const { endpoint, asking } of held.all()) {
      endpoint.abort()
      asking?.abort()
    }
    await waitAtMost(clock, this.#settleTimeoutMs, this.#finish(claims))
    settler.abandon()
  }

  async #finish(claims: Promise<unknown>): Promise<void> {
    const { runner, settler, side } = this.#parts
    await claims
    await runner.idle()
    await settler.idle()
    await side.idle()
  }
}
