import type { Clock } from '../clock.ts'
import type { EndpointState } from '../store/store.ts'
import type { CircuitSignal } from './attempt-outcome.ts'
import { type Circuit, circuitAfter, closedCircuit, probing } from './circuit-breaker.ts'
import { isAuthorized } from './egress/authorized-domains.ts'
import type { EndpointDefinition } from './endpoint.ts'
import type { Pace } from './pace.ts'
import { asksTheSame, QuestionRecord } from './questions.ts'
import { RequestHeaders } from './request-headers.ts'
import { RequestQueue } from './request-queue.ts'

/** Whether an endpoint may be sent to now. */
export type Admission =
  | { readonly kind: 'go' }
  /** The circuit is open and its probe is due: whoever takes it in the store may send one request. */
  | { readonly kind: 'probe' }
  | { readonly kind: 'circuit-open'; readonly until: number }
  | { readonly kind: 'paused'; readonly until: number }
  | { readonly kind: 'disabled'; readonly reason: string }

const go: Admission = { kind: 'go' }
const probe: Admission = { kind: 'probe' }

/** What is kept of an endpoint between two looks into the store. */
export type KnownState = Omit<
  EndpointState,
  'endpoint' | 'circuit' | 'consecutiveFailures' | 'probeAt'
>

const untroubled: KnownState = {
  pausedUntil: null,
  disabledReason: null,
  disabledUrl: null,
  missingSince: null,
  lastSuccessAt: null,
  lastErrorAt: null,
  lastError: null,
}

/** Of an endpoint that belongs to a family. */
export interface Membership {
  /** Under which its family is counted. */
  readonly label: string
  /** Whether something that was stored before is known to be due. */
  readonly mayHaveDue: boolean
  /** Told when something may be due, and when nothing is. */
  readonly expects: (mayHaveDue: boolean) => void
}

/** Deliveries of one endpoint in a host's hands, when they go out so fast that claims are a burden. */
const mostAhead = 512
const quickMs = 100

/** One endpoint while it is known: its queue of requests, its circuit, and what waits for it in the store. */
export class EndpointQueue {
  readonly definition: EndpointDefinition
  readonly url: URL
  /** Why nothing may be sent to it; `undefined` when it may. */
  readonly refusal: string | undefined
  readonly headers: RequestHeaders
  readonly requests: RequestQueue
  /** `undefined`: one of the assembly. */
  readonly membership: Membership | undefined
  readonly #pace: Pace | undefined
  /** Of the definition before, where the same is asked; this one need not ask anything. */
  readonly #earlierQuestions: QuestionRecord | undefined
  readonly #stop = new AbortController()
  #mayHaveDue: boolean
  #expected = 0
  #ahead = 0
  #claimedAt = Number.NEGATIVE_INFINITY

  /** How questions go; `undefined` when its connector does not tell. */
  questions: QuestionRecord | undefined
  circuit: Circuit = closedCircuit
  state: KnownState = untroubled
  /** Deliveries of it in this host's hands. */
  held = 0
  /** Of these, the ones that are sent: the store is being told what came of them. */
  settling = 0
  /** When the next retry that this host knows of is due, UTC milliseconds. */
  retryAt: number = Number.POSITIVE_INFINITY

  /**
   * @param pace - when its requests may start; `undefined`: at any time
   * @param membership - @defaultValue one of the assembly
   * @param before - the definition whose place it takes: at the same URL, the requests of both are counted together
   * @throws {CarabinerError} SECRET_INVALID
   */
  constructor(
    definition: EndpointDefinition,
    version: string,
    pace: Pace | undefined,
    membership?: Membership,
    before?: EndpointQueue,
  ) {
    this.definition = definition
    this.url = new URL(definition.url)
    this.refusal = isAuthorized(this.url, definition.authorizedDomains)
      ? undefined
      : 'Domain not authorized'
    this.headers = new RequestHeaders(definition, version)
    this.#pace = pace
    const { concurrency, url } = definition
    this.requests =
      before?.definition.url === url
        ? before.requests.changeTo(concurrency, pace)
        : new RequestQueue(concurrency, pace)
    this.#earlierQuestions =
      before?.questions !== undefined && asksTheSame(before.definition, definition)
        ? before.questions
        : undefined
    this.membership = membership
    this.#mayHaveDue = membership?.mayHaveDue ?? true
  }

  get id(): string {
    return this.definition.id
  }

  /** Under which it is counted. */
  get label(): string {
    return this.definition.metricsLabel ?? this.membership?.label ?? this.definition.id
  }

  /** How many deliveries of it a host keeps in its hands: enough to keep all connections busy while the store is asked for more. */
  get capacity(): number {
    const wanted = Math.max(this.definition.concurrency * 4, this.#ahead)
    return this.#pace === undefined ? wanted : Math.min(wanted, this.#pace.nearby)
  }

  /** Whether the store may hold deliveries that are due and that nobody has claimed. */
  get mayHaveDue(): boolean {
    return this.#mayHaveDue
  }

  /** How often something may have come to be due in the store: tells a claim whether it has seen everything. */
  get expected(): number {
    return this.#expected
  }

  /** Something may be due in the store. */
  expectDue(): void {
    this.#mayHaveDue = true
    this.#expected += 1
    this.membership?.expects(true)
  }

  /** A claim found nothing more. @param expected - as it was before that claim */
  foundAll(expected: number): void {
    if (expected !== this.#expected) return
    this.#mayHaveDue = false
    this.membership?.expects(false)
  }

  /** A claim brought as many as were asked for: one that goes through them quickly is given more at once. */
  gotAll(now: number): void {
    const isQuick = now - this.#claimedAt < quickMs
    this.#ahead = isQuick ? Math.min(this.capacity * 2, mostAhead) : 0
    this.#claimedAt = now
  }

  /** Keeps how questions go from now on: what was known of the same ones is not forgotten. */
  keepQuestions(clock: Clock): QuestionRecord {
    this.questions ??= this.#earlierQuestions ?? new QuestionRecord(clock)
    return this.questions
  }

  /** Aborts what is under way. */
  get signal(): AbortSignal {
    return this.#stop.signal
  }

  admission(now: number): Admission {
    const { disabledReason, pausedUntil } = this.state
    if (disabledReason !== null) return { kind: 'disabled', reason: disabledReason }
    if (pausedUntil !== null && pausedUntil > now) return { kind: 'paused', until: pausedUntil }
    return this.circuitAdmission(now)
  }

  /** As `admission`, for requests that somebody waits for: neither a pause nor a 410 holds them back. */
  circuitAdmission(now: number): Admission {
    const { state, probeAt } = this.circuit
    // Without a breaker, what an earlier assembly left in the store does not count.
    if (state === 'closed' || this.definition.circuitBreaker === false) return go
    return probeAt === null || probeAt <= now ? probe : { kind: 'circuit-open', until: probeAt }
  }

  /** How many more deliveries it may have in this host's hands. */
  room(now: number): number {
    if (this.#pace !== undefined && this.#pace.opensAt > now) return 0
    return Math.max(0, this.capacity - (this.held - this.settling))
  }

  /** How many more deliveries may be claimed for it, by its own state alone. */
  claimable(now: number): number {
    const room = this.room(now)
    const admission = this.admission(now)
    switch (admission.kind) {
      case 'go':
        return room
      case 'probe':
        return this.held === 0 ? 1 : 0
      case 'circuit-open':
        return this.definition.retry.openCircuit === 'count' ? room : 0
      case 'paused':
        return 0
      case 'disabled':
        return room
    }
  }

  /** Whether nothing can be claimed for it before a certain time, however much room there is. */
  isHeldBack(now: number): boolean {
    if (this.#pace !== undefined && this.#pace.opensAt > now) return true
    const { kind } = this.admission(now)
    return kind === 'paused' || kind === 'circuit-open'
  }

  /** Whether nothing of it is in this host's hands or on its way. */
  get isIdle(): boolean {
    return this.held === 0 && this.requests.isIdle
  }

  /** When something changes for it by time alone, UTC milliseconds; what is past has changed already. */
  changesAt(now: number): number {
    const { pausedUntil } = this.state
    if (pausedUntil !== null && pausedUntil > now) return pausedUntil
    const opensAt = this.#pace?.opensAt ?? null
    return Math.min(later(this.circuit.probeAt, now), later(this.retryAt, now), later(opensAt, now))
  }

  /** Notes how a request went. Gives the circuit's new state when it changed. */
  record(signal: CircuitSignal, now: number): Circuit | undefined {
    if (this.definition.circuitBreaker === false) return undefined
    const after = circuitAfter(this.circuit, signal, this.definition.circuitBreaker, now)
    if (after === this.circuit) return undefined
    this.circuit = after
    return after
  }

  /** Holds again, in place of a definition that took its place. */
  resume({ circuit, state }: EndpointQueue): void {
    this.circuit = circuit
    this.state = state
    this.requests.changeTo(this.definition.concurrency, this.#pace)
    this.expectDue()
  }

  startProbe(nextProbeAt: number): void {
    this.circuit = probing(this.circuit, nextProbeAt)
  }

  abort(): void {
    this.#pace?.stop()
    this.#stop.abort()
  }
}

function later(at: number | null, now: number): number {
  return at === null || at <= now ? Number.POSITIVE_INFINITY : at
}
