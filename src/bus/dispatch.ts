import type { Clock } from '../clock.ts'
import { EventCancelledError } from '../errors.ts'
import type { Teardown } from './around.ts'
import { isCancellable } from './built-in-events.ts'
import type { CallContext, OpenedCallback } from './call-context.ts'
import { type CallingDispatch, OpenCalls } from './calls.ts'
import type { Cancellation } from './cancellation.ts'
import type { Cause, Frame } from './current-event.ts'
import type { Deadline } from './deadline.ts'
import type { DispatchParts } from './dispatch-parts.ts'
import type { DispatchRequest } from './dispatch-request.ts'
import type { Logger } from './handler.ts'
import { Hold } from './hold.ts'
import { openingRefusal } from './opening-refusal.ts'
import type { EventResult, Failure, Outcome, Warning } from './outcome.ts'
import type { Params } from './params.ts'
import type { Phase } from './phase.ts'
import type { Callee, OweRegistration } from './registration.ts'
import { type Holding, Waits } from './waits.ts'

/** What is known of one dispatch while it runs: what was asked, how far it is, and what came of it until now. */
export class Dispatch<Owed> implements CallingDispatch<Dispatch<Owed>> {
  readonly request: DispatchRequest<Owed>
  readonly parts: DispatchParts<Owed>
  readonly warnings: Warning[] = []
  /** What on handlers answered, by their places in the plan; who did not answer leaves a hole until `gatherResults`. */
  results: EventResult[] = []
  cancellation: Cancellation | undefined = undefined
  /** What is owed if it happens; undefined: nothing. */
  owed: readonly OweRegistration<Owed>[] | undefined = undefined
  frame: Frame | undefined = undefined
  /** Its callbacks; undefined: none was opened. */
  waits: Waits | undefined = undefined
  /** Undoes the set-up of the event's `around`; defined while the on phase runs within it. */
  teardown: Teardown | undefined = undefined
  #phase: Phase = 'before'
  #isStopped = false
  #isOver = false
  #answers = 0
  #open: OpenCalls<Dispatch<Owed>> | undefined = undefined
  #controller: AbortController | undefined = undefined
  #failures: Failure[] | undefined = undefined
  #notAsked: string[] | undefined = undefined

  constructor(request: DispatchRequest<Owed>, parts: DispatchParts<Owed>) {
    this.request = request
    this.parts = parts
  }

  get eventName(): string {
    return this.request.declared.event.name
  }

  get dispatchId(): string {
    return this.request.dispatchId
  }

  get traceId(): string {
    return this.request.traceId
  }

  get source(): string | undefined {
    const { source } = this.request.choice
    return typeof source === 'function' ? source() : source
  }

  get actor(): string | undefined {
    return this.request.choice.actor
  }

  get dryRun(): boolean {
    return this.request.choice.dryRun
  }

  get depth(): number {
    return this.request.depth
  }

  get cause(): Cause | undefined {
    return this.request.cause
  }

  get params(): Params {
    return this.request.params
  }

  get deadline(): Deadline {
    return this.request.deadline
  }

  get deadlineAt(): number {
    return this.request.deadline.at
  }

  get seenAt(): number {
    return this.request.deadline.seenAt
  }

  get clock(): Clock {
    return this.parts.clock
  }

  get log(): Logger {
    return this.parts.log
  }

  /** How far it is. */
  get phase(): Phase {
    return this.#phase
  }

  get isOver(): boolean {
    return this.#isOver
  }

  enter(phase: Phase): void {
    this.#phase = phase
    this.#controller = undefined
    this.frame = undefined
  }

  /** Nothing more is to be started in this phase. */
  get isAtEnd(): boolean {
    return this.#isStopped || this.deadline.isReached
  }

  /** Starts nothing more, tells those that are called, and waits for them no longer. */
  stop(reason: unknown): void {
    this.#isStopped = true
    this.abort(reason)
    this.#open?.abandon()
  }

  /** Aborts the signal of the phase, if anybody asked for it. */
  abort(reason: unknown): void {
    this.#controller?.abort(reason)
  }

  openCalls(): OpenCalls<Dispatch<Owed>> {
    this.#open ??= new OpenCalls<Dispatch<Owed>>(this)
    return this.#open
  }

  /** Whether handlers have not answered yet. */
  get isUnsettled(): boolean {
    return this.#open?.hasOpen === true
  }

  /** Undefined: no on handler has awaited the answer to a callback. */
  get hold(): Holding | undefined {
    return this.waits?.hold
  }

  /** Waits for the handlers that have not answered. @returns undefined: all have */
  settled(): Promise<void> | undefined {
    return this.#open?.settled()
  }

  /** @param slot - the handler's place in the plan */
  addResult(slot: number, result: EventResult): void {
    this.results[slot] = result
    this.#answers++
  }

  /** No more results will come: closes the gaps between them. */
  gatherResults(): void {
    if (this.#answers < this.results.length) this.results = this.results.filter(() => true)
  }

  /** Whether the caller wants the phase. */
  wants(phase: Phase): boolean {
    const { phases } = this.request.choice
    return phases === undefined || phases.includes(phase)
  }

  /** Whether a registration takes part: still there, wanted by the caller, its condition met. */
  applies(each: Applicable): boolean {
    if (each.isGone) return false
    const { takesPart } = this.request.choice
    if (takesPart !== undefined && !takesPart(each.connector)) return false
    return each.when === undefined || each.when(this.params).length === 0
  }

  signalOf(phase: Phase): AbortSignal {
    if (this.#isOver || phase !== this.#phase) return AbortSignal.abort()
    if (this.#controller === undefined) {
      this.#controller = new AbortController()
      if (this.isAtEnd) this.#controller.abort()
    }
    return this.#controller.signal
  }

  cancel({ label }: Callee, reason: string, details: unknown): void {
    const isDeciding = this.#phase === 'before' && !this.#isOver
    if (!isDeciding || this.#isStopped) return
    if (!isCancellable(this.request.declared.event)) return
    this.cancellation = { by: label, reason, details }
    this.stop(new EventCancelledError(reason, details))
  }

  warn(source: string, message: string): void {
    if (!this.#isOver) this.warnings.push({ source, message })
  }

  refusalOf(phase: Phase): string | undefined {
    return openingRefusal(this, phase)
  }

  /** Whether it may wait for callbacks, stored. */
  get canPark(): boolean {
    return this.parts.parking !== undefined && this.request.declared.event.parks
  }

  opened(phase: Phase, callback: OpenedCallback): boolean {
    if (this.#isOver || this.#isStopped || phase !== this.#phase) return false
    this.waits ??= new Waits(this.parts.parking)
    return this.waits.open(callback)
  }

  awaits(context: CallContext, callbackId: string, settled: Promise<unknown>): void {
    if (this.#isOver || context.phase !== this.#phase) return
    this.waits?.awaited(callbackId)
    this.holds(context, callbackId, settled)
  }

  /** The time that an on handler awaits an answer does not count, where the event may park. */
  holds(context: CallContext, callbackId: string, settled: Promise<unknown>): void {
    if (this.#phase !== 'on' || !this.canPark || this.waits === undefined) return
    this.waits.hold ??= new Hold(this, this.waits)
    this.waits.hold.awaits(context, callbackId, settled)
  }

  /** What keeps the event from completing. */
  get failures(): readonly Failure[] {
    return this.#failures ?? none
  }

  fail(failure: Failure): void {
    this.#failures ??= []
    this.#failures.push(failure)
  }

  /** A handler failed, and the event with it. */
  report(failure: Failure): void {
    this.fail(failure)
    this.parts.handlerFailed(failure)
  }

  /** Labels of the handlers that a dry run did not call. */
  get notAsked(): readonly string[] {
    return this.#notAsked ?? none
  }

  leaveOut({ label }: Callee): void {
    this.#notAsked ??= []
    this.#notAsked.push(label)
  }

  /** Nothing runs any more; what handlers left behind learns it. */
  end(outcome: Outcome): Outcome | Promise<Outcome> {
    this.#close()
    if (this.waits !== undefined) return this.#endStored(outcome, this.waits)
    this.parts.over(outcome)
    return outcome
  }

  async #endStored(outcome: Outcome, waits: Waits): Promise<Outcome> {
    await waits.withdrawAll()
    await waits.end(outcome)
    this.parts.over(outcome)
    return outcome
  }

  /** It is parked: it goes on elsewhere, as another of its kind. */
  leave(): void {
    this.#close()
    this.parts.rests()
  }

  /** It broke, without an outcome. */
  abandon(): void {
    if (this.#isOver) return
    this.#close()
    void this.waits?.withdrawAll()
    this.parts.over(undefined)
  }

  #close(): void {
    this.#isOver = true
    this.deadline.disarm()
  }
}

interface Applicable {
  readonly isGone: boolean
  readonly connector: string
  readonly when: ((params: Params) => readonly unknown[]) | undefined
}

const none: readonly never[] = []
