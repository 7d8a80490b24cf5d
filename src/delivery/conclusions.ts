import type { Logger } from '../bus/handler.ts'
import type { Clock } from '../clock.ts'
import type { AttemptRow, Settlement } from '../store/store.ts'
import { ageOf, unsentAttempt } from './attempt.ts'
import type { AttemptOutcome } from './attempt-outcome.ts'
import type { HeldDelivery } from './held-deliveries.ts'
import { type NextStep, nextStep } from './next-step.ts'
import { withBeside } from './step-records.ts'

export interface ConclusionParts {
  readonly clock: Clock
  readonly log: Logger
  readonly hostId: string
  /** At least 0, below 1. */
  readonly random: () => number
  readonly settle: (held: HeldDelivery, settlement: Settlement) => void
  /** The receiver answered 410. */
  readonly gone: (held: HeldDelivery, reason: string) => void
}

/** Says what follows for a delivery that this host holds, and has it written. */
export class Conclusions {
  readonly #parts: ConclusionParts

  constructor(parts: ConclusionParts) {
    this.#parts = parts
  }

  /** An attempt is over. */
  follow(held: HeldDelivery, outcome: AttemptOutcome, attempt: AttemptRow): void {
    if (held.state === 'given-up') {
      this.#parts.log.warn(
        { delivery: held.delivery.id, endpoint: held.endpoint.id },
        'the lease ended while it was being sent: what came of it does not count',
      )
      return
    }
    const now = this.#parts.clock.now()
    const step = nextStep({
      outcome,
      tries: attempt.number,
      ageMs: ageOf(held.delivery, now),
      policy: held.endpoint.definition.retry,
      random: this.#parts.random(),
    })
    this.#settle(held, step, outcome.kind === 'refused' ? null : attempt)
    if (step.kind === 'dead' && step.disablesEndpoint) this.#parts.gone(held, step.reason)
  }

  /** The circuit lets nothing through until then. */
  circuitOpen(held: HeldDelivery, until: number): void {
    const now = this.#parts.clock.now()
    const { retry, circuitBreaker } = held.endpoint.definition
    if (retry.openCircuit === 'count') {
      const outcome = {
        kind: 'retryable',
        reason: 'circuit open',
        retryAfterMs: undefined,
      } as const
      const facts = { number: held.delivery.attempts + 1, startedAt: now }
      this.follow(held, outcome, unsentAttempt(facts, outcome.reason))
      return
    }
    // Another host's probe is under way: its end shows in the store, at the latest when the next one is due.
    const recoveryMs = circuitBreaker === false ? 0 : circuitBreaker.recoveryTimeoutMs
    const dueAt = until > now ? until : now + recoveryMs
    this.#parts.settle(held, {
      ...this.#settlement(held, null, now),
      next: { kind: 'pending', dueAt, reason: 'circuit open' },
    })
  }

  bury(held: HeldDelivery, reason: string): void {
    this.#settle(held, { kind: 'dead', reason, disablesEndpoint: false }, null)
  }

  /** @param by - who said so */
  cancel(
    held: HeldDelivery,
    { reason, by }: { readonly reason: string; readonly by?: string },
  ): void {
    this.#conclude(held, null, { kind: 'cancelled', reason }, by)
  }

  #settle(held: HeldDelivery, step: NextStep, attempt: AttemptRow | null): void {
    this.#conclude(held, attempt, settlementNext(step, this.#parts.clock.now()))
  }

  /** With what its endpoint has written beside it. */
  #conclude(
    held: HeldDelivery,
    attempt: AttemptRow | null,
    next: Settlement['next'],
    by?: string,
  ): void {
    const settlement = { ...this.#settlement(held, attempt, this.#parts.clock.now()), next }
    const { beside } = held.endpoint.definition
    this.#parts.settle(
      held,
      beside === undefined ? settlement : withBeside(settlement, by, held, this.#parts.log),
    )
  }

  #settlement(
    held: HeldDelivery,
    attempt: AttemptRow | null,
    at: number,
  ): Omit<Settlement, 'next'> {
    return { id: held.delivery.id, owner: this.#parts.hostId, attempt, at }
  }
}

function settlementNext(step: NextStep, now: number): Settlement['next'] {
  switch (step.kind) {
    case 'delivered':
      return { kind: 'delivered' }
    case 'dead':
      return { kind: 'dead', reason: step.reason }
    case 'again':
      return { kind: 'pending', dueAt: now + Math.ceil(step.waitMs), reason: step.reason }
  }
}
