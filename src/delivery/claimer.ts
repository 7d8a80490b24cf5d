import type { Logger } from '../bus/handler.ts'
import type { Clock } from '../clock.ts'
import { CarabinerError } from '../errors.ts'
import type { ClaimedDelivery, Lease, Store } from '../store/store.ts'
import type { DeliveryObserver } from './delivery-observer.ts'
import type { EndpointQueue } from './endpoint-queue.ts'
import type { EndpointRegistry } from './endpoint-registry.ts'
import type { DueMembers } from './family/due-members.ts'
import type { HeldDeliveries } from './held-deliveries.ts'

export interface ClaimerParts {
  readonly store: Store
  readonly clock: Clock
  readonly log: Logger
  readonly registry: EndpointRegistry
  readonly held: HeldDeliveries
  /** What is to be claimed for endpoints of families. */
  readonly dueMembers: DueMembers
  readonly lease: (now: number) => Lease
  /** Whether claims make sense now: not while the store is away. */
  readonly mayClaim: (now: number) => boolean
  readonly claimed: (delivery: ClaimedDelivery, lease: Lease) => void
  readonly observe: DeliveryObserver | undefined
}

interface Candidate {
  readonly queue: EndpointQueue
  readonly limit: number
  readonly expected: number
}

const pollMs = 500
/** Sweeps over all endpoints are no more frequent than this. */
const sweepMs = 250
/** Retries that are due one right after the other are claimed together. */
const soonMs = 10
/** However much other processes have to say: a host looks after it for a tenth of its time at most. */
const restPerSweep = 9
/** Nothing that somebody forgot to tell stays unseen for longer. */
const longestSweepMs = 30_000

/**
 * Claims what the store holds: after a start, when retries are due, when there is room again, when other hosts left something.
 *
 * One claim is under way at a time, for the endpoints that may have something due; a sweep asks for all of them.
 */
export class Claimer {
  readonly #parts: ClaimerParts
  #running = false
  #sweeps = true
  #timer: Disposable | undefined
  #timerAt = Number.POSITIVE_INFINITY
  #pass: Promise<void> | undefined
  #again = false
  #version: number | undefined
  #pollAt = Number.NEGATIVE_INFINITY
  #sweepAt = Number.NEGATIVE_INFINITY
  /** Word of other processes is not followed before. */
  #restsUntil = Number.NEGATIVE_INFINITY
  #listening: Disposable | undefined

  constructor(parts: ClaimerParts) {
    this.#parts = parts
  }

  /** @param sweeps - whether to look for what others have left, too */
  start({ sweeps }: { readonly sweeps: boolean }): void {
    this.#running = true
    this.#sweeps = sweeps
    this.#parts.dueMembers.start({ walks: sweeps })
    if (sweeps) this.#listening = this.#parts.store.onChange(() => this.#pollSoon())
    this.sweep()
  }

  /** Resolves when no claim is under way any more. */
  async stop(): Promise<void> {
    this.#running = false
    this.#parts.dueMembers.stop()
    this.#listening?.[Symbol.dispose]()
    this.#timer?.[Symbol.dispose]()
    await this.#pass
  }

  /** Looks for work of the endpoints that may have some. */
  wake(): void {
    if (!this.#running) return
    this.#again = true
    this.#pass ??= this.#passes()
  }

  /** Looks for work of every endpoint. */
  sweep(): void {
    this.#sweepAt = Number.NEGATIVE_INFINITY
    this.wake()
  }

  /** A retry has been stored: looks for it when it is due. */
  retryAt(queue: EndpointQueue, dueAt: number): void {
    if (queue.membership !== undefined) {
      this.#parts.dueMembers.wantAt(queue.id, dueAt)
      return
    }
    queue.retryAt = Math.min(queue.retryAt, dueAt)
    if (!this.#running || this.#pass !== undefined || dueAt >= this.#timerAt) return
    this.#wakeAt(dueAt, this.#parts.clock.now())
  }

  /** Another process has changed the store. */
  #pollSoon(): void {
    const now = this.#parts.clock.now()
    this.#pollAt = Math.min(this.#pollAt, Math.max(now, this.#restsUntil))
    if (this.#pollAt <= now) this.wake()
    else if (this.#pass === undefined) this.#schedule()
  }

  async #passes(): Promise<void> {
    // Whoever else has something to wake for in this turn is part of the pass.
    await Promise.resolve()
    while (this.#again && this.#running) {
      this.#again = false
      try {
        await this.#onePass()
      } catch (error) {
        this.#failed(error)
        break
      }
    }
    this.#pass = undefined
    this.#schedule()
  }

  async #onePass(): Promise<void> {
    const now = this.#parts.clock.now()
    if (!this.#parts.mayClaim(now)) return
    const startedAt = this.#parts.clock.monotonic()
    if (now >= this.#pollAt) await this.#poll(now)
    await this.#parts.registry.readNew()

    const isSweep = this.#sweeps && now >= this.#sweepAt
    const candidates = [...this.#candidates(now, isSweep), ...this.#members(now)]
    await this.#claim(candidates, now)
    if (!isSweep) return
    await this.#planSweep(now)
    const tookMs = this.#parts.clock.monotonic() - startedAt
    this.#restsUntil = now + tookMs + Math.max(soonMs, tookMs * restPerSweep)
  }

  /** Has another process changed the store? Then its rows and its word on the endpoints are news. */
  async #poll(now: number): Promise<void> {
    this.#pollAt = now + pollMs
    const version = this.#parts.store.version()
    if (version !== undefined && version === this.#version) return
    await this.#parts.registry.refresh()
    this.#version = version
    this.#sweepAt = now
  }

  #candidates(now: number, isSweep: boolean): Candidate[] {
    const candidates: Candidate[] = []
    for (const queue of this.#parts.registry.all()) {
      if (isSweep || queue.retryAt <= now) queue.expectDue()
      if (!queue.mayHaveDue) continue

      const limit = this.#parts.held.room(queue, queue.claimable(now))
      // A few at a time would cost a query each.
      if (limit === 0 || (queue.held > 0 && limit * 4 < queue.capacity)) continue
      candidates.push({ queue, limit, expected: queue.expected })
    }
    return candidates
  }

  #members(now: number): Candidate[] {
    return this.#parts.dueMembers
      .claimable(now)
      .map(({ queue, limit }) => ({ queue, limit, expected: queue.expected }))
  }

  async #claim(candidates: readonly Candidate[], now: number): Promise<void> {
    if (candidates.length === 0) return
    const lease = this.#parts.lease(now)
    const startedAt = this.#parts.clock.monotonic()
    const claimed = await this.#parts.store.claim({
      lease,
      now,
      endpoints: candidates.map(({ queue, limit }) => ({ endpoint: queue.id, limit })),
    })

    const tookMs = this.#parts.clock.monotonic() - startedAt
    this.#parts.observe?.stored('claim', tookMs, claimed.length)
    const counts = new Map<string, number>()
    for (const delivery of claimed) {
      counts.set(delivery.endpoint, (counts.get(delivery.endpoint) ?? 0) + 1)
      this.#parts.claimed(delivery, lease)
    }
    const isExhausted = ({ queue, limit }: Candidate): boolean =>
      (counts.get(queue.id) ?? 0) < limit
    for (const each of candidates) if (!isExhausted(each)) each.queue.gotAll(now)
    const exhausted = candidates.filter(isExhausted)
    for (const { queue, expected } of exhausted) queue.foundAll(expected)
    const isMore = ({ queue }: Candidate): boolean =>
      queue.mayHaveDue || queue.membership !== undefined
    if (candidates.some(isMore)) this.#again = true
    await this.#planRetries(exhausted, now)
  }

  /** The retry that was looked for has been claimed: when is the one behind it due? The store knows, whoever put it there. */
  async #planRetries(exhausted: readonly Candidate[], now: number): Promise<void> {
    const over = exhausted.map(({ queue }) => queue).filter(({ retryAt }) => retryAt <= now)
    // What is stored while the store is asked counts from now on.
    for (const queue of over) queue.retryAt = Number.POSITIVE_INFINITY
    try {
      await Promise.all(over.map((queue) => this.#planRetry(queue, now)))
    } catch (error) {
      for (const queue of over) queue.retryAt = Math.min(queue.retryAt, now)
      throw error
    }
  }

  async #planRetry(queue: EndpointQueue, now: number): Promise<void> {
    const dueAt = await this.#parts.store.nextDueAt([queue.id])
    // Due by now and not claimed: another host is at it, or it came this moment.
    if (dueAt !== null) queue.retryAt = Math.min(queue.retryAt, Math.max(dueAt, now + soonMs))
  }

  async #planSweep(now: number): Promise<void> {
    const waiting = [...this.#parts.registry.all()].filter((queue) => !queue.mayHaveDue)
    const dueAt =
      waiting.length === 0
        ? null
        : await this.#parts.store.nextDueAt(waiting.map((queue) => queue.id))
    const latest = now + longestSweepMs
    this.#sweepAt = dueAt === null ? latest : Math.min(Math.max(dueAt, now + sweepMs), latest)
  }

  #failed(error: unknown): void {
    const isAway = error instanceof CarabinerError && error.code === 'STORE_UNAVAILABLE'
    if (!isAway) this.#parts.log.error({ err: error }, 'deliveries could not be claimed')
    this.#sweepAt = Number.NEGATIVE_INFINITY
  }

  #schedule(): void {
    if (!this.#running) return
    const now = this.#parts.clock.now()
    // A sweep that is overdue was held up: it waits for the next poll.
    let at = Math.min(
      this.#sweepAt > now ? this.#sweepAt : Number.POSITIVE_INFINITY,
      this.#pollAt > now ? this.#pollAt : now + pollMs,
    )
    for (const queue of this.#parts.registry.all()) at = Math.min(at, queue.changesAt(now))
    this.#wakeAt(at, now)
  }

  #wakeAt(at: number, now: number): void {
    if (at === this.#timerAt) return
    this.#timer?.[Symbol.dispose]()
    this.#timerAt = at
    this.#timer = this.#parts.clock.after(Math.max(1, at - now), () => {
      this.#timerAt = Number.POSITIVE_INFINITY
      this.wake()
    })
  }
}
