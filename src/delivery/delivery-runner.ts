import { admittance } from './admittance.ts'
import { type AttemptFacts, ageOf, attemptRow, unsentAttempt } from './attempt.ts'
import { type AttemptOutcome, circuitSignalOf, outcomeOf } from './attempt-outcome.ts'
import { type ConclusionParts, Conclusions } from './conclusions.ts'
import type { DeliveryObserver } from './delivery-observer.ts'
import type { AttemptSpan, DeliveryTracer } from './delivery-tracer.ts'
import type { EndpointDefinition } from './endpoint.ts'
import type { Admission, EndpointQueue } from './endpoint-queue.ts'
import type { EndpointRegistry } from './endpoint-registry.ts'
import type { HeldDelivery } from './held-deliveries.ts'
import { expiredReason } from './next-step.ts'
import { OutboundRequests } from './outbound-requests.ts'
import { passReplyOn } from './reply-relay.ts'
import type { QueuedRequest } from './request-queue.ts'
import type { Reply, Sender } from './sender.ts'

type Admit = NonNullable<EndpointDefinition['admit']>

export interface RunnerParts extends ConclusionParts {
  readonly registry: EndpointRegistry
  /** Asked for when the first request is made. */
  readonly sender: () => Promise<Sender>
  /** Bytes of each reply that are kept. */
  readonly keptReplyBytes: number
  /** Looks up what an endpoint of a family is now, if that is not known for sure; rejects when it cannot be said. */
  readonly confirm: (endpoint: EndpointQueue) => Promise<void> | undefined
  /** Whether this host still counts as alive: its leases hold. */
  readonly isAlive: (now: number) => boolean
  /** Back to the store, due at once, without a try. */
  readonly giveBack: (held: HeldDelivery) => void
  readonly observe: DeliveryObserver | undefined
  readonly trace: DeliveryTracer | undefined
}

/** Whether a delivery's turn is over; else somebody says so later. */
type Progress = 'over' | 'under way'

/** Sends the deliveries that this host holds, each through its endpoint's queue, and says what follows. */
export class DeliveryRunner {
  readonly #parts: RunnerParts
  readonly #requests: OutboundRequests
  readonly #conclusions: Conclusions
  #running = 0
  #idle: (() => void)[] = []

  constructor(parts: RunnerParts) {
    this.#parts = parts
    this.#requests = new OutboundRequests(parts)
    this.#conclusions = new Conclusions(parts)
  }

  /** Puts a delivery into its endpoint's queue. */
  start(held: HeldDelivery): void {
    held.endpoint.requests.enter(new Turn(held, this.#run))
  }

  /** Resolves when no request is under way. */
  async idle(): Promise<void> {
    if (this.#running > 0) await new Promise<void>((resolve) => this.#idle.push(resolve))
  }

  readonly #run = (held: HeldDelivery): void => {
    this.#running += 1
    this.#goOn(held, () => this.#sendIfAdmitted(held))
  }

  // What needs no waiting is done at once, and a request has no promise: at ten thousand a second each counts.
  #goOn(held: HeldDelivery, work: () => Progress): void {
    try {
      if (work() === 'over') this.#over(held)
    } catch (error) {
      this.#broken(held, error)
    }
  }

  #goOnAfter(held: HeldDelivery, work: Promise<Progress>): 'under way' {
    work.then(
      (progress) => this.#goOn(held, () => progress),
      (error: unknown) => this.#broken(held, error),
    )
    return 'under way'
  }

  #over({ endpoint }: HeldDelivery): void {
    this.#running -= 1
    if (this.#running === 0) for (const resolve of this.#idle.splice(0)) resolve()
    endpoint.requests.leave()
  }

  #sendIfAdmitted(held: HeldDelivery): Progress {
    const { endpoint } = held
    const now = this.#parts.clock.now()
    if (held.leasedUntil <= now || !this.#parts.isAlive(now)) {
      this.#parts.giveBack(held)
      return 'over'
    }
    const looking = endpoint.membership === undefined ? undefined : this.#parts.confirm(endpoint)
    return looking === undefined
      ? this.#sendAsKnown(held, now)
      : this.#goOnAfter(held, this.#sendConfirmed(held, looking))
  }

  /** What it was a second ago is not sure enough. */
  async #sendConfirmed(held: HeldDelivery, looking: Promise<void>): Promise<Progress> {
    const isKnown = await looking.then(
      () => true,
      // Said in the log already.
      () => false,
    )
    // Its endpoint is another one now, or gone: it has been given back.
    if (held.state !== 'waiting') return 'over'
    if (isKnown) return this.#sendAsKnown(held, this.#parts.clock.now())
    this.#parts.giveBack(held)
    return 'over'
  }

  #sendAsKnown(held: HeldDelivery, now: number): Progress {
    const { endpoint, delivery } = held
    const expired = expiredReason(
      endpoint.definition.retry,
      ageOf(delivery, now),
      delivery.lastError,
    )
    if (expired !== undefined) {
      this.#conclusions.bury(held, expired)
      return 'over'
    }
    return this.#sendAs(endpoint.admission(now), held)
  }

  #sendAs(admission: Admission, held: HeldDelivery): Progress {
    switch (admission.kind) {
      case 'go':
        return this.#send(held)
      case 'probe':
        return this.#goOnAfter(held, this.#sendAsProbe(held))
      case 'circuit-open':
        this.#conclusions.circuitOpen(held, admission.until)
        return 'over'
      case 'paused':
        this.#parts.giveBack(held)
        return 'over'
      case 'disabled':
        this.#conclusions.bury(held, admission.reason)
        return 'over'
    }
  }

  async #sendAsProbe(held: HeldDelivery): Promise<Progress> {
    const { endpoint } = held
    const isOurs = await this.#parts.registry.takeProbe(endpoint)
    // It has been given back meanwhile.
    if (held.state !== 'waiting') return 'over'
    // Another host's probe may have closed the circuit meanwhile.
    if (isOurs || endpoint.circuit.state === 'closed') return this.#send(held)
    this.#conclusions.circuitOpen(held, endpoint.circuit.probeAt ?? 0)
    return 'over'
  }

  #send(held: HeldDelivery): Progress {
    held.state = 'sending'
    const { admit } = held.endpoint.definition
    return admit === undefined ? this.#request(held) : this.#goOnAfter(held, this.#ask(held, admit))
  }

  /** The endpoint is asked whether it is sent. It may take long. */
  async #ask(held: HeldDelivery, admit: Admit): Promise<Progress> {
    const { clock, log, registry, trace } = this.#parts
    const facts = this.#facts(held)
    held.span ??= trace?.begin(held.delivery, held.endpoint)
    const verdict = await admittance(held, admit, log)
    const now = clock.now()
    if (verdict.kind === 'go' && this.#isOurs(held, now)) return this.#request(held)

    // No probe is under way any more.
    registry.record(held.endpoint, 'neutral', undefined)
    if (held.state === 'given-up') return 'over'
    switch (verdict.kind) {
      case 'go':
      case 'withdrawn':
        this.#parts.giveBack(held)
        return 'over'
      case 'cancel':
        this.#conclusions.cancel(held, verdict)
        return 'over'
      case 'dead':
        this.#conclusions.bury(held, verdict.reason)
        return 'over'
      case 'again': {
        const { reason } = verdict
        const outcome = { kind: 'retryable', reason, retryAfterMs: undefined } as const
        const tookMs = Math.max(0, now - facts.startedAt)
        this.#conclusions.follow(held, outcome, unsentAttempt(facts, reason, tookMs))
        return 'over'
      }
    }
  }

  #isOurs(held: HeldDelivery, now: number): boolean {
    return held.state !== 'given-up' && held.leasedUntil > now && this.#parts.isAlive(now)
  }

  #facts({ delivery, since }: HeldDelivery): AttemptFacts {
    const { clock } = this.#parts
    return {
      number: delivery.attempts + 1,
      startedAt: clock.now(),
      queueMs: clock.monotonic() - since,
    }
  }

  #request(held: HeldDelivery): 'under way' {
    const facts = this.#facts(held)
    const span = this.#beginSpan(held, facts)
    this.#requests.make(held, facts, span?.traceparent, (reply) =>
      this.#goOn(held, () => this.#replied(held, facts, reply, span)),
    )
    return 'under way'
  }

  #replied(
    held: HeldDelivery,
    facts: AttemptFacts,
    reply: Reply,
    span: AttemptSpan | undefined,
  ): Progress {
    const { clock, log, registry, observe } = this.#parts
    const { endpoint, delivery } = held
    if (reply.kind === 'no-reply' && reply.error === 'aborted') {
      span?.end(reply, { kind: 'retryable', reason: reply.message, retryAfterMs: undefined })
      registry.record(endpoint, 'neutral', undefined)
      this.#parts.giveBack(held)
      return 'over'
    }

    const outcome = outcomeOf(reply, endpoint.definition.retry, clock.now())
    span?.end(reply, outcome)
    const { circuitBreaker } = endpoint.definition
    const count5xx = circuitBreaker !== false && circuitBreaker.count5xx
    registry.record(endpoint, circuitSignalOf(reply, count5xx), reasonOf(outcome))
    observe?.attempted({
      outcome: outcome.kind,
      endpoint: endpoint.label,
      number: facts.number,
      durationMs: reply.timings.totalMs,
      sinceAcceptedMs: ageOf(delivery, facts.startedAt),
    })
    this.#conclusions.follow(
      held,
      outcome,
      attemptRow(facts, reply, outcome, this.#parts.keptReplyBytes),
    )
    const passed = outcome.kind === 'delivered' ? passReplyOn(log, held, reply) : undefined
    return passed === undefined ? 'over' : this.#goOnAfter(held, passed.then(over))
  }

  #beginSpan(held: HeldDelivery, facts: AttemptFacts): AttemptSpan | undefined {
    const { trace } = this.#parts
    if (trace === undefined) return undefined
    held.span ??= trace.begin(held.delivery, held.endpoint)
    return held.span?.attempt({ ...facts, url: held.endpoint.url })
  }

  /** Something here threw that never should: the delivery goes back. */
  #broken(held: HeldDelivery, error: unknown): void {
    if (held.state !== 'given-up' && held.state !== 'settling') {
      this.#parts.log.error({ err: error, delivery: held.delivery.id }, 'a delivery was not sent')
      this.#parts.giveBack(held)
    }
    this.#over(held)
  }
}

/** Of a delivery in its endpoint's queue. A class for the reason that `HeldDelivery` is one. */
class Turn implements QueuedRequest {
  readonly #held: HeldDelivery
  readonly #run: (held: HeldDelivery) => void

  constructor(held: HeldDelivery, run: (held: HeldDelivery) => void) {
    this.#held = held
    this.#run = run
  }

  isWanted(): boolean {
    return this.#held.state === 'waiting'
  }

  start(): void {
    this.#run(this.#held)
  }
}

function over(): 'over' {
  return 'over'
}

function reasonOf(outcome: AttemptOutcome): string | undefined {
  return outcome.kind === 'delivered' ? undefined : outcome.reason
}
