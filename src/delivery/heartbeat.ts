import type { Logger } from '../bus/handler.ts'
import type { Clock } from '../clock.ts'
import type { Lease, Store } from '../store/store.ts'
import type { HeldDeliveries, HeldDelivery } from './held-deliveries.ts'

export interface HeartbeatParts {
  readonly store: Store
  readonly clock: Clock
  readonly log: Logger
  readonly hostId: string
  readonly held: HeldDeliveries
  /** Whether deliveries of dead hosts may be taken over now. */
  readonly mayRecover: () => boolean
  readonly recovered: (deliveries: number) => void
  /** The lease has gone to another host. */
  readonly lost: (held: HeldDelivery) => void
  /** What else is written now and then. */
  readonly flush: () => Promise<void>
}

const beatMs = 2_000
const recoverMs = 5_000
const leaseMs = 30_000
/** Leases that end within this are renewed: once 10 s of their 30 s are over. */
const renewWithinMs = 20_000
/** A host that has not been heard of for so long is dead for the others, who take over what it holds. */
const silenceMs = 10_000

/** Shows the other hosts that this one lives, keeps its leases, and takes over from those that died. */
export class Heartbeat {
  readonly #parts: HeartbeatParts
  #timer: Disposable | undefined
  #beating: Promise<void> | undefined
  #stopped = false
  #lastBeatAt = Number.NEGATIVE_INFINITY
  #recoverAt = Number.NEGATIVE_INFINITY
  #trouble: unknown
  /** When the store was first found away, by the monotonic clock. */
  #awayAt = 0

  constructor(parts: HeartbeatParts) {
    this.#parts = parts
  }

  /** Why the store could not be told; `undefined` when it could. */
  get trouble(): unknown {
    return this.#trouble
  }

  /** Resolves after the first beat, whether or not the store took it. */
  start(): Promise<void> {
    return this.#beat()
  }

  async stop(): Promise<void> {
    this.#stopped = true
    this.#timer?.[Symbol.dispose]()
    await this.#beating
  }

  /** A lease for what is claimed now. */
  lease(now: number): Lease {
    return { owner: this.#parts.hostId, until: now + leaseMs }
  }

  /** Whether the others take this host for alive: else they may hold by now what it believes to hold. */
  isAlive(now: number): boolean {
    return now - this.#lastBeatAt < silenceMs
  }

  /** Asks the store now which deliveries are still this host's. @throws {CarabinerError} STORE_UNAVAILABLE */
  async renewAll(): Promise<void> {
    await this.#renew(this.#parts.clock.now(), [...this.#parts.held.all()])
  }

  #beat(): Promise<void> {
    this.#beating = this.#tick().finally(() => {
      if (this.#stopped) return
      this.#timer = this.#parts.clock.after(beatMs, () => void this.#beat())
    })
    return this.#beating
  }

  async #tick(): Promise<void> {
    const { clock, store, hostId } = this.#parts
    try {
      const now = clock.now()
      await store.beat(hostId, now)
      this.#waitForOthers(now)
      this.#lastBeatAt = now
      // Leases first: what is recovered below are those that ended, ours too.
      await this.#renewDue(now)
      await this.#recover(now)
      await this.#parts.flush()
      this.#noteReturn()
    } catch (error) {
      this.#noteTrouble(error)
    }
  }

  #noteTrouble(error: unknown): void {
    const { clock, log } = this.#parts
    if (this.#trouble === undefined) {
      this.#awayAt = clock.monotonic()
      log.warn({ err: error }, 'the store did not take the heartbeat')
    }
    this.#trouble = error
  }

  #noteReturn(): void {
    if (this.#trouble === undefined) return
    const { clock, log } = this.#parts
    this.#trouble = undefined
    log.info({ awayMs: Math.round(clock.monotonic() - this.#awayAt) }, 'the store is back')
  }

  async #renewDue(now: number): Promise<void> {
    const isDue = (held: HeldDelivery): boolean => held.leasedUntil < now + renewWithinMs
    await this.#renew(now, [...this.#parts.held.all()].filter(isDue))
  }

  async #renew(now: number, due: readonly HeldDelivery[]): Promise<void> {
    if (due.length === 0) return

    const lease = this.lease(now)
    const kept = await this.#parts.store.renew(
      due.map(({ delivery }) => delivery.id),
      lease,
    )
    for (const held of due) {
      if (kept.has(held.delivery.id)) held.leasedUntil = lease.until
      else if (held.state === 'waiting' || held.state === 'sending') this.#parts.lost(held)
    }
  }

  /** A store that was away was so for others, too, who may be alive and hold what is under way: they have time to say so. */
  #waitForOthers(now: number): void {
    const wasSilent = Number.isFinite(this.#lastBeatAt) && !this.isAlive(now)
    if (this.#trouble !== undefined || wasSilent) this.#recoverAt = now + silenceMs
  }

  async #recover(now: number): Promise<void> {
    if (now < this.#recoverAt || !this.#parts.mayRecover()) return
    const deliveries = await this.#parts.store.recover(now)
    this.#recoverAt = now + recoverMs
    if (deliveries > 0) this.#parts.recovered(deliveries)
  }
}
