import type { Logger } from '../bus/handler.ts'
import type { Clock } from '../clock.ts'
import type { DeliveryId } from '../ids.ts'
import type { NewMessage, Settlement, Store } from '../store/store.ts'
import { TurnoverMap } from '../turnover.ts'
import { waitAtMost } from '../wait-at-most.ts'
import type { SendWait, SentDelivery } from './deliveries.ts'
import type { HeldDeliveries, HeldDelivery } from './held-deliveries.ts'

export interface SentDeliveriesParts {
  readonly store: Pick<Store, 'delivery'>
  readonly clock: Clock
  readonly log: Logger
  readonly held: HeldDeliveries
}

/** Watched at once, over all that wait; what is beyond is looked for in the store. */
const mostWatched = 100_000
/** What another host has in its hands is looked for as often. */
const lookMs = 1_000
const looksAtOnce = 100

/** Tells what came of deliveries to those who sent them and wait. */
export class SentDeliveries {
  readonly #parts: SentDeliveriesParts
  readonly #watched = new TurnoverMap<DeliveryId, Watch>()
  readonly #ended = new AbortController()

  constructor(parts: SentDeliveriesParts) {
    this.#parts = parts
  }

  /** How they stand now, at once. */
  now(messages: readonly NewMessage[]): readonly SentDelivery[] {
    return this.#receipts(messages)
  }

  /** How they stand when the wait is over. Never rejects: they are stored, whatever can be seen of them. */
  async after(messages: readonly NewMessage[], wait: SendWait): Promise<readonly SentDelivery[]> {
    const watch = new Watch(this.#receipts(messages), wait.until)
    const isRoom = this.#watched.size + watch.open.size <= mostWatched
    const ids = isRoom ? [...watch.open.keys()] : []
    for (const id of ids) this.#watched.set(id, watch)
    try {
      await this.#wait(watch, wait.ms)
      this.#noteHeld(watch)
    } finally {
      for (const id of ids) this.#watched.delete(id)
    }
    return watch.receipts()
  }

  /** A delivery has been settled in the store, or waits for its next try. */
  settled({ delivery }: HeldDelivery, { next, attempt, at }: Settlement): void {
    this.#watched.get(delivery.id)?.note(delivery.id, {
      state: next.kind,
      attempts: attempt?.number ?? delivery.attempts,
      settledAt: next.kind === 'pending' ? null : at,
      ...(attempt !== null && { status: attempt.status }),
      lastError: next.kind === 'delivered' ? (attempt?.error ?? null) : next.reason,
    })
  }

  /** Nobody waits any longer. */
  end(): void {
    this.#ended.abort()
  }

  #receipts(messages: readonly NewMessage[]): SentDelivery[] {
    return messages.flatMap((message) =>
      message.deliveries.map(({ id, endpoint }) => ({
        id,
        messageId: message.id,
        endpoint,
        state: this.#parts.held.get(id) === undefined ? 'pending' : 'sending',
        attempts: 0,
        settledAt: null,
        status: null,
        lastError: null,
      })),
    )
  }

  async #wait(watch: Watch, ms: number): Promise<void> {
    const { clock } = this.#parts
    const { signal } = this.#ended
    const endsAt = clock.monotonic() + ms
    for (let leftMs = ms; leftMs > 0 && !watch.isOver; leftMs = endsAt - clock.monotonic()) {
      await waitAtMost(clock, Math.min(leftMs, lookMs), watch.over, signal)
      if (signal.aborted) return
      if (!watch.isOver) await this.#look(watch)
    }
  }

  /** What is in this host's hands when the wait is over. */
  #noteHeld(watch: Watch): void {
    for (const id of [...watch.open.keys()]) {
      const delivery = this.#parts.held.get(id)?.delivery
      if (delivery !== undefined) watch.note(id, { state: 'sending', attempts: delivery.attempts })
    }
  }

  /** What this host has in its hands it will hear of; the store knows of the rest. */
  async #look(watch: Watch): Promise<void> {
    const { store, held, log } = this.#parts
    const ids = [...watch.open.keys()].filter((id) => held.get(id) === undefined)
    try {
      while (ids.length > 0) {
        const found = await Promise.all(ids.splice(0, looksAtOnce).map((id) => store.delivery(id)))
        for (const each of found) {
          if (each === undefined) continue
          const { id, state, attempts, settledAt, lastError } = each.delivery
          const status = each.attempts.at(-1)?.status ?? null
          watch.note(id, { state, attempts, settledAt, status, lastError })
        }
      }
    } catch (error) {
      log.warn({ err: error }, 'what came of deliveries that somebody waits for cannot be seen')
    }
  }
}

/** Deliveries of one send, and what has come of them. */
class Watch {
  readonly #until: SendWait['until']
  readonly #receipts = new Map<string, SentDelivery>()
  readonly #over = Promise.withResolvers<void>()
  /** Those that are waited for. */
  readonly open = new Map<DeliveryId, SentDelivery>()

  constructor(receipts: readonly SentDelivery[], until: SendWait['until']) {
    this.#until = until
    for (const receipt of receipts) {
      this.#receipts.set(receipt.id, receipt)
      // Made as a delivery's where it was stored.
      this.open.set(receipt.id as DeliveryId, receipt)
    }
    if (this.isOver) this.#over.resolve()
  }

  get over(): Promise<void> {
    return this.#over.promise
  }

  get isOver(): boolean {
    return this.open.size === 0
  }

  note(id: DeliveryId, news: Partial<Omit<SentDelivery, 'id' | 'messageId' | 'endpoint'>>): void {
    const before = this.open.get(id)
    if (before === undefined) return
    const receipt = { ...before, ...news }
    this.#receipts.set(id, receipt)
    const isSettled = receipt.state !== 'pending' && receipt.state !== 'sending'
    if (isSettled || (this.#until === 'attempted' && receipt.attempts > 0)) this.open.delete(id)
    else this.open.set(id, receipt)
    if (this.isOver) this.#over.resolve()
  }

  /** In the order they were sent. */
  receipts(): readonly SentDelivery[] {
    return [...this.#receipts.values()]
  }
}
