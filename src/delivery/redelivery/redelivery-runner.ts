import type { Logger } from '../../bus/handler.ts'
import type { Clock } from '../../clock.ts'
import { CarabinerError } from '../../errors.ts'
import type { Redelivery, RedeliveryStep, RedeliveryStore } from '../../store/redelivery.ts'
import type { Store } from '../../store/store.ts'
import { redeliveryAudit, redeliveryCounts } from './redelivery-request.ts'
import { Throttle } from './throttle.ts'

export interface RedeliveryRunnerParts {
  readonly store: RedeliveryStore & Pick<Store, 'audit'>
  readonly clock: Clock
  readonly log: Logger
  readonly hostId: string
  /** How many deliveries to these endpoints a redelivery may have due or under way. */
  readonly allowance: (endpoints: readonly string[]) => number
  /** New deliveries are due: for these endpoints, so many; others were left out. */
  readonly made: (endpoints: readonly string[], redelivered: number, skipped: number) => void
}

/** Looks for what others have asked for are no less frequent than this. */
const idleMs = 2_000
/** Short: whoever takes over from a dead host waits for its end. */
const leaseMs = 6_000
/** Between two steps, however much room there is: live traffic has this host's time. */
const restMs = 20
/** Deliveries looked at in one step: a claim never waits long for its transaction. */
const rowsOfStep = 100

/**
 * Carries out redeliveries of many, one at a time, a step at a time, for as long as this host holds the lease on it.
 *
 * Where it stands is in the store, so that whichever host comes next goes on there.
 */
export class RedeliveryRunner {
  readonly #parts: RedeliveryRunnerParts
  #running = false
  #work: Promise<void> | undefined
  #wake: (() => void) | undefined
  #isAwake = false
  #current: { readonly redelivery: Redelivery; readonly heldUntil: number } | undefined
  #throttle: Throttle | undefined

  constructor(parts: RedeliveryRunnerParts) {
    this.#parts = parts
  }

  start(): void {
    if (this.#running) return
    this.#running = true
    this.#work = this.#goOn()
  }

  /** Resolves when no step is under way any more. What is not done stays where it is. */
  async stop(): Promise<void> {
    this.#running = false
    this.look()
    await this.#work
  }

  /** Something was asked for. */
  look(): void {
    this.#isAwake = true
    this.#wake?.()
  }

  /** A delivery that a redelivery made is settled, or waits for a retry: there may be room for the next. */
  hasRoom(): void {
    if (this.#throttle?.freed() === true) this.look()
  }

  async #goOn(): Promise<void> {
    while (this.#running) {
      this.#isAwake = false
      const waitMs = await this.#turn().catch((error: unknown) => this.#failed(error))
      const rest = Math.min(waitMs, restMs)
      await this.#sleep(rest, () => !this.#running)
      await this.#sleep(waitMs - rest, () => this.#isAwake || !this.#running)
    }
  }

  /** One step, if there is anything to do. Resolves to the milliseconds until the next. */
  async #turn(): Promise<number> {
    const now = this.#parts.clock.now()
    const redelivery = await this.#hold(now)
    if (redelivery === undefined) return idleMs
    const throttle = this.#throttleOf(redelivery)
    const { store, hostId } = this.#parts
    const step = await store.advanceRedelivery(redelivery.id, {
      owner: hostId,
      now,
      limit: rowsOfStep,
      outstanding: throttle.outstanding,
    })
    // Somebody stopped it, or another host has it.
    if (step === undefined) {
      this.#letGo()
      return 1
    }
    return this.#follow(redelivery, step, throttle)
  }

  /** What this host is at, or the next that nobody is at. */
  async #hold(now: number): Promise<Redelivery | undefined> {
    if (this.#current !== undefined && now < this.#current.heldUntil - leaseMs / 2) {
      return this.#current.redelivery
    }
    const { store, hostId } = this.#parts
    const isAnyRunning = (await store.redeliveries({ state: 'running', limit: 1 })).rows.length > 0
    const heldUntil = now + leaseMs
    const redelivery = isAnyRunning
      ? await store.holdRedelivery({ owner: hostId, until: heldUntil }, now)
      : undefined
    if (redelivery?.id !== this.#current?.redelivery.id) this.#letGo()
    if (redelivery !== undefined) this.#current = { redelivery, heldUntil }
    return redelivery
  }

  #throttleOf({ id, filter }: Redelivery): Throttle {
    if (this.#throttle === undefined) {
      this.#parts.log.info({ redelivery: id, filter }, 'redelivery taken up')
      this.#throttle = new Throttle({
        clock: this.#parts.clock,
        isOfOneEndpoint: filter.endpoint !== undefined,
        rows: rowsOfStep,
        allowance: this.#parts.allowance(filter.endpoint === undefined ? [] : [filter.endpoint]),
      })
    }
    return this.#throttle
  }

  async #follow(
    before: Redelivery,
    { redelivery, endpoints }: RedeliveryStep,
    throttle: Throttle,
  ): Promise<number> {
    const redelivered = redelivery.redelivered - before.redelivered
    const skipped = redelivery.skipped - before.skipped
    if (redelivered + skipped > 0) this.#parts.made(endpoints, redelivered, skipped)
    if (redelivery.state !== 'running') {
      this.#letGo()
      if (redelivery.state === 'done') await this.#tellDone(redelivery)
      return 1
    }
    if (this.#current !== undefined) this.#current = { ...this.#current, redelivery }
    if (endpoints.length > 0) throttle.allow(this.#parts.allowance(endpoints))
    return throttle.after({ redelivered, skipped })
  }

  async #tellDone(redelivery: Redelivery): Promise<void> {
    const { store, clock, log } = this.#parts
    const counts = redeliveryCounts(redelivery)
    log.info({ redelivery: redelivery.id, ...counts }, 'redelivery done')
    const { id, actor, finishedAt } = redelivery
    await store.audit([
      redeliveryAudit(id, 'redelivery.done', actor, counts, finishedAt ?? clock.now()),
    ])
  }

  #letGo(): void {
    this.#current = undefined
    this.#throttle = undefined
  }

  #failed(error: unknown): number {
    const isAway = error instanceof CarabinerError && error.code === 'STORE_UNAVAILABLE'
    if (!isAway) this.#parts.log.error({ err: error }, 'a redelivery could not go on')
    this.#letGo()
    return idleMs
  }

  /** Waits until it is over; whether it is may change whenever somebody looks. */
  async #sleep(ms: number, isOver: () => boolean): Promise<void> {
    if (ms <= 0 || isOver()) return
    await new Promise<void>((resolve) => {
      const timer = this.#parts.clock.after(ms, resolve)
      this.#wake = () => {
        if (!isOver()) return
        timer[Symbol.dispose]()
        resolve()
      }
    })
    this.#wake = undefined
  }
}
