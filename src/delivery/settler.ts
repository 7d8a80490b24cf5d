import type { Logger } from '../bus/handler.ts'
import type { Clock } from '../clock.ts'
import { CarabinerError, RecordConflictError } from '../errors.ts'
import type { Settlement, Store } from '../store/store.ts'
import type { DeliveryObserver } from './delivery-observer.ts'
import type { HeldDeliveries, HeldDelivery } from './held-deliveries.ts'

export interface SettlerParts {
  readonly store: Store
  readonly clock: Clock
  readonly log: Logger
  readonly held: HeldDeliveries
  /** Told when the store is about to be asked: what else is to be asked of it now may share the commit. */
  readonly settling: () => void
  /** Told once for each settlement: whether it was this host's to make. */
  readonly settled: (held: HeldDelivery, settlement: Settlement, ours: boolean) => void
  /** Told when a settlement could not be made for a reason that will not go away. */
  readonly failed: (held: HeldDelivery) => void
  readonly observe: DeliveryObserver | undefined
}

/** What the store is about to be told. A class for the reason that `HeldDelivery` is one. */
class Pending {
  readonly held: HeldDelivery
  readonly settlement: Settlement

  constructor(held: HeldDelivery, settlement: Settlement) {
    this.held = held
    this.settlement = settlement
  }
}

/** Settlements in one call of the store at most. */
const batchSize = 1_000
/** So many are worth a commit, unless a turn of the event loop brings a burst of them: what is still to be sent to others goes first. */
const fullBatch = 200
const burst = 100
/** So many turns are waited for more. */
const mostTurns = 12
const firstWaitMs = 100
const longestWaitMs = 2_000

/**
 * Writes settlements in batches, one under way at a time.
 *
 * While the store is away they are kept and tried again. They are bounded by what the host holds: nothing is claimed meanwhile.
 */
export class Settler {
  readonly #parts: SettlerParts
  #pending: Pending[] = []
  #draining: Promise<void> | undefined
  #isUrgent = false
  #trouble: unknown
  readonly #abandoned = new AbortController()

  constructor(parts: SettlerParts) {
    this.#parts = parts
  }

  /** Why settlements wait for the store; `undefined` when they do not. */
  get trouble(): unknown {
    return this.#trouble
  }

  add(held: HeldDelivery, settlement: Settlement): void {
    this.#parts.held.settling(held)
    this.#pending.push(new Pending(held, settlement))
    // The next of its key waits for it.
    if (held.delivery.orderKey !== null) this.#isUrgent = true
    this.#draining ??= this.#drain()
  }

  /** Resolves when nothing is left to settle. */
  async idle(): Promise<void> {
    await this.#draining
  }

  /** Gives up what the store has not taken: the leases end by themselves, and another host decides. */
  abandon(): void {
    this.#abandoned.abort()
  }

  async #drain(): Promise<void> {
    do {
      await this.#gather()
      this.#isUrgent = false
      await this.#settle(this.#pending.splice(0, batchSize))
    } while (this.#pending.length > 0 && !this.#abandoned.signal.aborted)
    this.#draining = undefined
  }

  /** Under load every turn of the event loop brings more, and one commit for many costs little more than one for a few. */
  async #gather(): Promise<void> {
    for (let turns = 0; turns < mostTurns; turns += 1) {
      const before = this.#pending.length
      await nextTurn()
      const came = this.#pending.length - before
      if (came === 0 || this.#isUrgent || this.#pending.length >= batchSize) return
      if (before >= fullBatch && came < burst) return
    }
  }

  async #settle(batch: readonly Pending[]): Promise<void> {
    let waitMs = firstWaitMs
    const { clock, observe } = this.#parts
    for (;;) {
      const startedAt = clock.monotonic()
      try {
        this.#parts.settling()
        const ours = await this.#parts.store.settle(batch.map(({ settlement }) => settlement))
        observe?.stored('settle', clock.monotonic() - startedAt, batch.length)
        this.#trouble = undefined
        batch.forEach(({ held, settlement }, index) => {
          this.#parts.settled(held, settlement, ours[index] === true)
        })
        return
      } catch (error) {
        if (!isAway(error)) return this.#settleApart(batch, error)
        this.#trouble = error
        // Only our own signal ends the sleep early.
        await this.#parts.clock.sleep(waitMs, this.#abandoned.signal).catch(() => undefined)
        if (this.#abandoned.signal.aborted) return
        waitMs = Math.min(waitMs * 2, longestWaitMs)
      }
    }
  }

  /** One settlement that the store cannot take must not keep back the others. */
  async #settleApart(batch: readonly Pending[], error: unknown): Promise<void> {
    const [only, ...others] = batch
    if (only === undefined) return
    if (others.length > 0) {
      for (const part of partsOf(batch, error)) await this.#settle(part)
      return
    }
    const { log, failed } = this.#parts
    const { beside, ...settlement } = only.settlement
    const fields = { err: error, delivery: settlement.id }
    if (beside === undefined) {
      log.error(fields, 'a delivery could not be settled')
      failed(only.held)
      return
    }
    log.error(fields, 'what stands beside a settlement could not be written: it is settled without')
    await this.#settle([new Pending(only.held, settlement)])
  }
}

/** Those that have a conflicting record beside them, each alone, and the others together; when it is not known which are at fault, each alone. */
function partsOf(batch: readonly Pending[], error: unknown): readonly (readonly Pending[])[] {
  const faulty = error instanceof RecordConflictError ? batch.filter(writes(error)) : []
  const alone = faulty.length === 0 ? batch : faulty
  const others = batch.filter((each) => !alone.includes(each))
  return [...(others.length === 0 ? [] : [others]), ...alone.map((each) => [each])]
}

function writes({ collection, id }: RecordConflictError): (pending: Pending) => boolean {
  return ({ settlement }) =>
    settlement.beside?.records?.some(
      (write) => write.collection === collection && write.id === id,
    ) === true
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}

function isAway(error: unknown): boolean {
  return error instanceof CarabinerError && error.code === 'STORE_UNAVAILABLE'
}
