import type { Logger } from '../bus/handler.ts'
import type { Clock } from '../clock.ts'
import { messageOf } from '../errors.ts'
import type { AttemptRow, Settlement } from '../store/store.ts'
import { ageOf, attemptRow, circuitOpenAttempt } from './attempt.ts'
import { type AttemptOutcome, circuitSignalOf, outcomeOf } from './attempt-outcome.ts'
import type { DeliveryObserver } from './delivery-observer.ts'
import type { AttemptSpan, DeliveryTracer } from './delivery-tracer.ts'
import type { EndpointRegistry } from './endpoint-registry.ts'
import type { HeldDelivery } from './held-deliveries.ts'
import { expiredReason, type NextStep, nextStep } from './next-step.ts'
import type { Reply, Sender } from './sender.ts'

export interface RunnerParts {
  readonly clock: Clock
  readonly log: Logger
  readonly hostId: string
  readonly registry: EndpointRegistry
  readonly sender: () => Promise<Sender>
  /** At least 0, below 1. */
  readonly random: () => number
  /** Whether this host still counts as alive: its leases hold. */
  readonly isAlive: (now: number) => boolean
  readonly settle: (held: HeldDelivery, settlement: Settlement) => void
  /** Back to the store, due at once, without a try. */
  readonly giveBack: (held: HeldDelivery) => void
  /** The receiver answered 410. */
  readonly gone: (held: HeldDelivery, reason: string) => void
  readonly observe: DeliveryObserver | undefined
  readonly trace: DeliveryTracer | undefined
}

/** Sends the deliveries that this host holds, each through its endpoint's queue, and says what follows. */
export class DeliveryRunner {
  readonly #parts: RunnerParts
  #running = 0
  #idle: (() => void)[] = []

  constructor(parts: RunnerParts) {
    this.#parts = parts
  }

  /** Puts a delivery into its endpoint's queue. */
  start(held: HeldDelivery): void {
    held.endpoint.requests
      .add(() => this.#run(held))
      .catch((error: unknown) => this.#broken(held, error))
  }

  /** Resolves when no request is under way. */
  async idle(): Promise<void> {
    if (this.#running > 0) await new Promise<void>((resolve) => this.#idle.push(resolve))
  }

  async #run(held: HeldDelivery): Promise<void> {
    if (held.state !== 'waiting') return
    this.#running += 1
    try {
      await this.#sendIfAdmitted(held)
    } finally {
      this.#running -= 1
      if (this.#running === 0) for (const resolve of this.#idle.splice(0)) resolve()
    }
  }

  async #sendIfAdmitted(held: HeldDelivery): Promise<void> {
    const { endpoint, delivery } = held
    const now = this.#parts.clock.now()
    if (held.leasedUntil <= now || !this.#parts.isAlive(now)) return this.#parts.giveBack(held)

    const expired = expiredReason(
      endpoint.definition.retry,
      ageOf(delivery, now),
      delivery.lastError,
    )
    if (expired !== undefined) return this.#bury(held, expired)

    const admission = endpoint.admission(now)
    switch (admission.kind) {
      case 'go':
        return this.#send(held)
      case 'probe':
        return this.#sendAsProbe(held)
      case 'circuit-open':
        return this.#circuitOpen(held, admission.until)
      case 'paused':
        return this.#parts.giveBack(held)
      case 'disabled':
        return this.#bury(held, admission.reason)
    }
  }

  async #sendAsProbe(held: HeldDelivery): Promise<void> {
    const { endpoint } = held
    const isOurs = await this.#parts.registry.takeProbe(endpoint)
    // Another host's probe may have closed the circuit meanwhile.
    if (isOurs || endpoint.circuit.state === 'closed') return this.#send(held)
    return this.#circuitOpen(held, endpoint.circuit.probeAt ?? 0)
  }

  async #send(held: HeldDelivery): Promise<void> {
    const { clock, registry, observe } = this.#parts
    const { endpoint, delivery } = held
    held.state = 'sending'
    const facts = {
      number: delivery.attempts + 1,
      startedAt: clock.now(),
      queueMs: clock.monotonic() - held.since,
    }
    const span = this.#beginSpan(held, facts)
    const reply = await this.#request(held, facts.number, facts.startedAt, span?.traceparent)
    if (reply.kind === 'no-reply' && reply.error === 'aborted') {
      span?.end(reply, { kind: 'retryable', reason: reply.message, retryAfterMs: undefined })
      registry.record(endpoint, 'neutral', undefined)
      return this.#parts.giveBack(held)
    }

    const outcome = outcomeOf(reply, endpoint.definition.retry, clock.now())
    span?.end(reply, outcome)
    const { circuitBreaker } = endpoint.definition
    const count5xx = circuitBreaker !== false && circuitBreaker.count5xx
    registry.record(endpoint, circuitSignalOf(reply, count5xx), reasonOf(outcome))
    observe?.attempted({
      outcome: outcome.kind,
      endpoint: endpoint.id,
      number: facts.number,
      durationMs: reply.timings.totalMs,
      sinceAcceptedMs: ageOf(delivery, facts.startedAt),
    })
    this.#follow(held, outcome, attemptRow(facts, reply, outcome))
    if (outcome.kind === 'delivered') await this.#passOn(held, reply)
  }

  #beginSpan(
    held: HeldDelivery,
    facts: { readonly number: number; readonly startedAt: number },
  ): AttemptSpan | undefined {
    const { trace } = this.#parts
    if (trace === undefined) return undefined
    held.span ??= trace.begin(held.delivery)
    return held.span?.attempt({ ...facts, url: held.endpoint.url })
  }

  /** What a sender or signer throws, against its contract, is an answer too: the delivery waits and is tried again. */
  async #request(
    held: HeldDelivery,
    attempt: number,
    now: number,
    traceparent: string | undefined,
  ): Promise<Reply> {
    const { endpoint, delivery } = held
    const startedAt = this.#parts.clock.monotonic()
    try {
      const sender = await this.#parts.sender()
      return await sender.send({
        url: endpoint.url,
        tls: endpoint.definition.tls,
        headers: endpoint.headers.of({
          message: delivery.message,
          attempt,
          redeliveryOf: delivery.redeliveryOf,
          now,
          traceparent,
        }),
        body: delivery.message.body,
        timeoutMs: endpoint.definition.timeoutMs,
        signal: endpoint.signal,
        replyLimit: endpoint.definition.replyLimit,
      })
    } catch (error) {
      this.#parts.log.error({ err: error, delivery: delivery.id }, 'the request could not be made')
      return {
        kind: 'no-reply',
        error: 'protocol',
        message: `the request could not be made: ${messageOf(error)}`,
        timings: { totalMs: this.#parts.clock.monotonic() - startedAt },
      }
    }
  }

  #follow(held: HeldDelivery, outcome: AttemptOutcome, attempt: AttemptRow): void {
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

  #circuitOpen(held: HeldDelivery, until: number): void {
    const now = this.#parts.clock.now()
    const { retry, circuitBreaker } = held.endpoint.definition
    if (retry.openCircuit === 'count') {
      const outcome = {
        kind: 'retryable',
        reason: 'circuit open',
        retryAfterMs: undefined,
      } as const
      this.#follow(held, outcome, circuitOpenAttempt(held.delivery.attempts + 1, now))
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

  #bury(held: HeldDelivery, reason: string): void {
    this.#settle(held, { kind: 'dead', reason, disablesEndpoint: false }, null)
  }

  #settle(held: HeldDelivery, step: NextStep, attempt: AttemptRow | null): void {
    const now = this.#parts.clock.now()
    this.#parts.settle(held, {
      ...this.#settlement(held, attempt, now),
      next: settlementNext(step, now),
    })
  }

  #settlement(
    held: HeldDelivery,
    attempt: AttemptRow | null,
    at: number,
  ): Omit<Settlement, 'next'> {
    return { id: held.delivery.id, owner: this.#parts.hostId, attempt, at }
  }

  /** The reply of a receiver is a message too, for whoever asked for it. */
  async #passOn(held: HeldDelivery, reply: Reply): Promise<void> {
    const { onReply } = held.endpoint.definition
    if (onReply === undefined || reply.kind !== 'reply' || reply.body.byteLength === 0) return
    const contentType = reply.headers.find(([name]) => name === 'content-type')?.[1]
    try {
      await onReply({
        contentType: contentType ?? 'application/octet-stream',
        body: reply.body,
        traceId: held.delivery.message.traceId,
        depth: held.delivery.message.depth,
      })
    } catch (error) {
      this.#parts.log.warn(
        { err: error, delivery: held.delivery.id, endpoint: held.endpoint.id },
        'the reply could not be passed on',
      )
    }
  }

  /** The queue was cleared, or something here threw that never should: the delivery goes back. */
  #broken(held: HeldDelivery, error: unknown): void {
    if (held.state === 'given-up' || held.state === 'settling') return
    this.#parts.log.error({ err: error, delivery: held.delivery.id }, 'a delivery was not sent')
    this.#parts.giveBack(held)
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

function reasonOf(outcome: AttemptOutcome): string | undefined {
  return outcome.kind === 'delivered' ? undefined : outcome.reason
}
