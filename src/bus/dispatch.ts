import type { Clock } from '../clock.ts'
import { CarabinerError, EventCancelledError } from '../errors.ts'
import type { Check } from '../schema/validator.ts'
import { setUp, tearDown } from './around.ts'
import { isCancellable } from './built-in-events.ts'
import { CallContext, type ContextSource } from './call-context.ts'
import { type CallSink, Calls } from './calls.ts'
import { type Cause, enterFrame } from './current-event.ts'
import type { Deadline } from './deadline.ts'
import type { AnyEvent } from './event.ts'
import { failedResult, failureOf, hostItself } from './failure.ts'
import type { Logger } from './handler.ts'
import type { Outbox } from './outbox.ts'
import type { EventResult, Failure, Outcome, Warning } from './outcome.ts'
import { commitOwed, storeRefusal } from './owed.ts'
import type { Params } from './params.ts'
import type { Phase } from './phase.ts'
import type { Plan } from './plan.ts'
import type { Callee, OweRegistration, Registration } from './registration.ts'

/** What a dispatch needs of its bus. */
export interface DispatchParts<Owed> {
  readonly clock: Clock
  readonly log: Logger
  readonly outbox: Outbox<Owed> | undefined
  handlerFailed(failure: Failure): void
  /** Called once when the dispatch is over; without an outcome only if the bus itself is broken. */
  over(outcome: Outcome | undefined): void
}

/** One event on its way, everything checked. */
export interface DispatchRequest<Owed> {
  readonly event: AnyEvent
  /** The connector that declared the event. */
  readonly declaredBy: string
  readonly plan: Plan<Owed>
  readonly checkResult: Check
  readonly params: Params
  readonly dispatchId: string
  readonly traceId: string
  readonly actor: string | undefined
  readonly dryRun: boolean
  readonly depth: number
  /** The dispatch whose handler makes this one. */
  readonly cause: Cause | undefined
  readonly deadline: Deadline
  /** Only the first connector that has an on handler answers. */
  readonly first: boolean
  /** What a failing on handler means for the others. */
  readonly onError: 'fail' | 'continue'
  /** Undefined: all of them. */
  readonly phases: readonly Phase[] | undefined
  /** Whether a connector takes part. Undefined: all of them. */
  readonly takesPart: ((connector: string) => boolean) | undefined
}

interface Cancellation {
  readonly by: string
  readonly reason: string
  readonly details: unknown
}

/**
 * One dispatch: before handlers by priority, on handlers by connector, after handlers and what is owed.
 *
 * What can be had at once is not awaited: handlers that answer at once cost no promise.
 */
export class Dispatch<Owed> implements Cause, ContextSource, CallSink {
  readonly #parts: DispatchParts<Owed>
  readonly #request: DispatchRequest<Owed>
  readonly #calls: Calls
  readonly #deadline: Deadline
  #phase: Phase = 'before'
  #isOver = false
  /** Whether the clock was looked at since the last handler was called. */
  #isClockFresh = true
  /** Nothing more is started in this phase: cancelled, or failed under `onError: 'fail'`. */
  #isStopped = false
  #controller: AbortController | undefined
  #cancellation: Cancellation | undefined
  #failures: Failure[] = []
  #warnings: Warning[] = []
  /** One for each on handler, in the order results are given in; filled as they answer. */
  #slots: (EventResult | undefined)[] = []
  #filled = 0
  #results: readonly EventResult[] = []
  #notAsked: string[] = []

  constructor(request: DispatchRequest<Owed>, parts: DispatchParts<Owed>) {
    this.#request = request
    this.#parts = parts
    this.#deadline = request.deadline
    this.#calls = new Calls(this, parts.clock, request.deadline)
  }

  /** Runs the phases. Does not reject, whatever handlers do. */
  async run(): Promise<Outcome> {
    // From here on the async context is our own: entering frames in it changes nobody else's.
    await undefined
    let outcome: Outcome | undefined
    try {
      const deciding = this.#before()
      if (deciding !== undefined) await deciding
      outcome = this.#outcomeOfBefore()
      if (outcome !== undefined) return outcome

      const owed = this.#owed()
      if (owed !== undefined) await this.#askStore()
      const doing = this.#failures.length > 0 ? undefined : this.#on()
      if (doing !== undefined) await doing
      this.#gatherResults()
      if (this.#failures.length === 0 && !this.#isLate()) {
        const telling = this.#after(owed)
        if (telling !== undefined) await telling
      }
      outcome = this.#isGood() ? this.#completed() : this.#failed()
      return outcome
    } finally {
      this.#isOver = true
      this.#deadline.disarm()
      this.#parts.over(outcome)
    }
  }

  get eventName(): string {
    return this.#request.event.name
  }

  get dispatchId(): string {
    return this.#request.dispatchId
  }

  get traceId(): string {
    return this.#request.traceId
  }

  get actor(): string | undefined {
    return this.#request.actor
  }

  get dryRun(): boolean {
    return this.#request.dryRun
  }

  get depth(): number {
    return this.#request.depth
  }

  get cause(): Cause | undefined {
    return this.#request.cause
  }

  get params(): Params {
    return this.#request.params
  }

  get results(): readonly EventResult[] {
    return this.#results
  }

  get deadlineAt(): number {
    return this.#deadline.at
  }

  get seenAt(): number {
    return this.#deadline.seenAt
  }

  get log(): Logger {
    return this.#parts.log
  }

  get isOver(): boolean {
    return this.#isOver
  }

  signalOf(phase: Phase): AbortSignal {
    if (this.#isOver || phase !== this.#phase) return AbortSignal.abort()
    if (this.#controller === undefined) {
      this.#controller = new AbortController()
      if (this.#isStopped || this.#deadline.isReached) this.#controller.abort()
    }
    return this.#controller.signal
  }

  cancel(registration: Callee, reason: string, details: unknown): void {
    const isDeciding = this.#phase === 'before' && !this.#isOver && !this.#isStopped
    if (!isDeciding || !isCancellable(this.#request.event)) return
    this.#cancellation = { by: registration.label, reason, details }
    this.#stop(new EventCancelledError(reason, details))
  }

  warn(source: string, message: string): void {
    if (!this.#isOver) this.#warnings.push({ source, message })
  }

  answered(registration: Registration, value: unknown, slot: number): void {
    if (registration.phase !== 'on') return
    const result = value === undefined ? null : value
    const [mismatch] = this.#request.checkResult(result)
    if (mismatch === undefined) {
      this.#fill(slot, { connector: registration.connector, value: result })
      return
    }
    const where = mismatch.pointer === '' ? 'the result' : `the result's ${mismatch.pointer}`
    const error = new CarabinerError('RESULT_INVALID', `${where} ${mismatch.message}`)
    this.#failedOn(registration, error, slot)
  }

  failed(registration: Registration, error: unknown, slot: number): void {
    switch (registration.phase) {
      case 'before':
        this.#failedBefore(registration, error)
        break
      case 'on':
        this.#failedOn(registration, error, slot)
        break
      case 'after':
        this.#failedAfter(registration, error)
    }
  }

  #before(): Promise<void> | undefined {
    this.#phase = 'before'
    const isOff = this.#request.plan.before.length === 0 || !this.#runs('before')
    return isOff ? undefined : this.#startGroups(0)
  }

  #startGroups(from: number): Promise<void> | undefined {
    const groups = this.#request.plan.before
    for (let at = from; at < groups.length && !this.#isAtEnd(); at++) {
      this.#startGroup(groups[at] ?? [])
      if (this.#calls.areOpen) return this.#settled().then(() => this.#startGroups(at + 1))
    }
    return undefined
  }

  #startGroup(group: readonly Registration[]): void {
    for (const registration of group) {
      if (this.#isAtEnd()) return
      if (!this.#applies(registration)) continue
      if (this.dryRun && registration.sideEffects) this.#notAsked.push(registration.label)
      else this.#start(registration, 0)
    }
  }

  #failedBefore(registration: Registration, error: unknown): void {
    if (!(error instanceof EventCancelledError)) {
      this.#report(failureOf(error, registration.connector, 'before'))
    } else if (isCancellable(this.#request.event)) {
      this.cancel(registration, error.reason, error.details)
    } else {
      const message = `\`${this.eventName}\` cannot be cancelled: ${error.reason}`
      this.warn(registration.label, message)
    }
  }

  #outcomeOfBefore(): Outcome | undefined {
    if (this.#cancellation !== undefined) return this.#cancelled(this.#cancellation)
    if (this.#failures.length > 0 || this.#isLate()) return this.#failed()
    return this.dryRun ? this.#completed() : undefined
  }

  async #askStore(): Promise<void> {
    const { outbox } = this.#parts
    if (outbox === undefined) return
    enterFrame(this)
    const refusal = await storeRefusal(outbox, this.#deadline)
    if (refusal !== undefined) this.#failures.push(refusal)
  }

  #on(): Promise<void> | undefined {
    this.#enter('on')
    const { plan, event } = this.#request
    if (plan.on.length === 0 || !this.#runs('on')) return undefined
    if (event.around !== undefined) return this.#onWithinAround()
    return this.#startLanes()
  }

  async #onWithinAround(): Promise<void> {
    const { event, plan, declaredBy } = this.#request
    if (!plan.on.some((lane) => lane.some((each) => this.#applies(each)))) return
    enterFrame(this)
    try {
      const context = { params: this.params, signal: this.signalOf('on') }
      const teardown = await setUp(event, context, this.#deadline, this.log)
      try {
        await this.#startLanes()
      } finally {
        await tearDown(teardown, this.#deadline)
      }
    } catch (error) {
      this.#report(failureOf(error, declaredBy, 'on'))
      this.#stop(error)
    }
  }

  #startLanes(): Promise<void> | undefined {
    for (const lane of this.#request.plan.on) {
      if (this.#isAtEnd()) break
      const base = this.#slots.length
      for (let at = 0; at < lane.length; at++) this.#slots.push(undefined)
      const hasAnswered = this.#goDownLane(lane, 0, base)
      if (hasAnswered && this.#request.first) break
    }
    return this.#calls.areOpen ? this.#settled() : undefined
  }

  /** Calls a connector's handlers one after the other. @returns whether there was any to call */
  #goDownLane(lane: readonly Registration[], from: number, base: number): boolean {
    let hasAny = false
    for (let at = from; at < lane.length && !this.#isAtEnd(); at++) {
      const registration = lane[at]
      if (registration === undefined || !this.#applies(registration)) continue
      hasAny = true
      const call = this.#start(registration, base + at)
      if (call === undefined) continue
      call.next = () => this.#goDownLane(lane, at + 1, base)
      break
    }
    return hasAny
  }

  #failedOn(registration: Registration, error: unknown, slot: number): void {
    const { connector } = registration
    const failure = failureOf(error, connector, 'on')
    if (this.#request.onError === 'continue' && !this.#deadline.isReached) {
      this.#fill(slot, failedResult(error, connector))
      this.#parts.handlerFailed(failure)
      return
    }
    this.#report(failure)
    if (!this.#deadline.isReached) this.#stop(error)
  }

  #fill(slot: number, result: EventResult): void {
    this.#slots[slot] = result
    this.#filled++
  }

  #gatherResults(): void {
    // Every slot is filled when as many were filled as there are: the cast says no more.
    const isFull = this.#filled === this.#slots.length
    this.#results = isFull
      ? (this.#slots as EventResult[])
      : this.#slots.filter((slot) => slot !== undefined)
  }

  #after(owed: readonly OweRegistration<Owed>[] | undefined): Promise<void> | undefined {
    this.#enter('after')
    const { plan } = this.#request
    const committing = owed === undefined ? undefined : this.#commit(owed)
    if (plan.after.length > 0 && this.#runs('after')) {
      for (const each of plan.after) {
        if (this.#applies(each)) this.#start(each, 0)
      }
    }
    const settling = this.#calls.areOpen ? this.#settled() : undefined
    if (committing === undefined) return settling
    return Promise.all([committing, settling]).then(() => undefined)
  }

  async #commit(owed: readonly OweRegistration<Owed>[]): Promise<void> {
    const { outbox } = this.#parts
    if (outbox === undefined) return
    const contextOf = (each: OweRegistration<Owed>): CallContext => new CallContext(this, each)
    const failures = await commitOwed(owed, contextOf, outbox)
    this.#failures.push(...failures)
  }

  #failedAfter(registration: Registration, error: unknown): void {
    const failure = failureOf(error, registration.connector, 'after')
    this.warn(registration.label, failure.message)
    const { eventName: event, dispatchId, traceId } = this
    const fields = { event, dispatchId, traceId, handler: registration.label, error }
    this.log.error(fields, `after handler failed: ${failure.message}`)
    this.#parts.handlerFailed(failure)
  }

  /** @returns undefined when nothing is owed */
  #owed(): readonly OweRegistration<Owed>[] | undefined {
    const { owed } = this.#request.plan
    if (owed.length === 0 || !this.#runs('after')) return undefined
    const applying = owed.filter((each) => this.#applies(each))
    return applying.length === 0 ? undefined : applying
  }

  #runs(phase: Phase): boolean {
    const { phases } = this.#request
    return phases === undefined || phases.includes(phase)
  }

  #applies(each: Pick<Registration, 'isGone' | 'connector' | 'when'>): boolean {
    if (each.isGone) return false
    const { takesPart } = this.#request
    if (takesPart !== undefined && !takesPart(each.connector)) return false
    return each.when === undefined || each.when(this.params).length === 0
  }

  #isAtEnd(): boolean {
    return this.#isStopped || this.#deadline.isReached
  }

  #enter(phase: Phase): void {
    this.#phase = phase
    this.#controller = undefined
    this.#isStopped = false
  }

  #start(registration: Registration, slot: number): ReturnType<Calls['start']> {
    this.#isClockFresh = false
    return this.#calls.start(registration, new CallContext(this, registration), slot)
  }

  async #settled(): Promise<void> {
    if (this.#calls.areOpen) await this.#deadline.wait()
    this.#calls.expire()
    this.#isClockFresh = true
    if (this.#deadline.isReached) this.#controller?.abort(this.#deadline.error())
  }

  #stop(reason: unknown): void {
    this.#isStopped = true
    this.#controller?.abort(reason)
    this.#calls.abandon()
  }

  #report(failure: Failure): void {
    this.#failures.push(failure)
    this.#parts.handlerFailed(failure)
  }

  #isLate(): boolean {
    if (this.#isClockFresh) return this.#deadline.isReached
    this.#isClockFresh = true
    return this.#deadline.check()
  }

  /** After the after phase began only a failure counts: the deadline no longer undoes what has happened. */
  #isGood(): boolean {
    if (this.#failures.length > 0) return false
    return this.#phase === 'after' || !this.#deadline.isReached
  }

  // The fields of the outcomes are written out: spreading a common part would cost a third of a dispatch.

  #completed(): Outcome {
    const { dispatchId, traceId, event, dryRun } = this.#request
    const warnings = this.#warnings
    const durationMs = this.#durationMs()
    const results = this.#results
    const kind = 'completed'
    const name = event.name
    if (!dryRun)
      return { dispatchId, traceId, event: name, dryRun, durationMs, warnings, kind, results }
    const unknown = this.#notAsked
    return {
      dispatchId,
      traceId,
      event: name,
      dryRun,
      durationMs,
      warnings,
      kind,
      results,
      unknown,
    }
  }

  #cancelled({ by, reason, details }: Cancellation): Outcome {
    const { dispatchId, traceId, event, dryRun } = this.#request
    return {
      dispatchId,
      traceId,
      event: event.name,
      dryRun,
      durationMs: this.#durationMs(),
      warnings: this.#warnings,
      kind: 'cancelled',
      by,
      reason,
      ...(details === undefined ? {} : { details }),
      also: this.#failures,
    }
  }

  #failed(): Outcome {
    const { dispatchId, traceId, event, dryRun } = this.#request
    const phase = this.#phase
    if (this.#failures.length === 0) {
      this.#failures.push(failureOf(this.#deadline.error(), hostItself, phase))
    }
    return {
      dispatchId,
      traceId,
      event: event.name,
      dryRun,
      durationMs: this.#durationMs(),
      warnings: this.#warnings,
      kind: 'failed',
      phase,
      failures: this.#failures,
      results: this.#results,
    }
  }

  #durationMs(): number {
    if (!this.#isClockFresh) this.#isLate()
    return Math.round(this.#deadline.elapsedMs * 1_000) / 1_000
  }
}
