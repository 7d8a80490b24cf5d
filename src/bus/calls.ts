import type { Clock } from '../clock.ts'
import { CarabinerError } from '../errors.ts'
import { printDuration } from '../quantity/duration.ts'
import { CallContext, type ContextSource } from './call-context.ts'
import { type Cause, enterFrame, type Frame } from './current-event.ts'
import type { Deadline } from './deadline.ts'
import type { Registration } from './registration.ts'

/** Learns how handlers ended: each call once, none after the phase stopped waiting for it. */
export interface CallSink {
  answered(registration: Registration, value: unknown, slot: number): void
  failed(registration: Registration, error: unknown, slot: number): void
}

/** A dispatch, as far as the calls of its handlers have to know it. */
export interface CallingDispatch extends Cause, ContextSource {
  readonly clock: Clock
  readonly deadline: Deadline
}

/** A handler that has been called and has not answered yet. */
export interface OpenCall {
  readonly registration: Registration
  readonly context: CallContext
  readonly frame: Frame
  readonly slot: number
  timer: Disposable | undefined
  /** Called when it has ended, before anybody is woken: the next handler of its lane. */
  next: (() => void) | undefined
}

/**
 * The handler calls of one phase, the wait for them, and the signal that ends them.
 *
 * A handler that answers at once costs no promise, no timer and no signal. One that does not is kept in a list until it
 * settles, times out, the deadline comes, or nobody waits for it any more; whatever it does later is ignored.
 */
export class Calls {
  readonly #dispatch: CallingDispatch
  readonly #sink: CallSink
  #isStopped = false
  /** The frame that is entered where the calls are being started, if it is free; forgotten when that code ends. */
  #frame: Frame | undefined
  #controller: AbortController | undefined
  #open: Set<OpenCall> | undefined

  constructor(dispatch: CallingDispatch, sink: CallSink) {
    this.#dispatch = dispatch
    this.#sink = sink
  }

  /** Stopped on purpose; not by the deadline. */
  get isStopped(): boolean {
    return this.#isStopped
  }

  /** Nothing more is to be started. */
  get isAtEnd(): boolean {
    return this.#isStopped || this.#dispatch.deadline.isReached
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController()
      if (this.isAtEnd) this.#controller.abort()
    }
    return this.#controller.signal
  }

  /** Calls a handler. @returns the open call when it has not answered yet */
  start(registration: Registration, slot: number): OpenCall | undefined {
    const context = new CallContext(this.#dispatch, registration)
    this.#frame ??= enterFrame(this.#dispatch)
    const frame = this.#frame
    frame.running = context
    this.#dispatch.deadline.workBegins()
    const { handler } = registration
    let value: unknown
    try {
      value = handler(context)
      if (isThenable(value)) return this.#keepOpen(registration, context, frame, slot, value)
    } catch (error) {
      frame.running = undefined
      this.#sink.failed(registration, error, slot)
      return undefined
    }
    frame.running = undefined
    this.#sink.answered(registration, value, slot)
    return undefined
  }

  /** Waits until all have ended; those that outlive the deadline have failed. @returns undefined: none is open */
  settled(): Promise<void> | undefined {
    return this.#areOpen() ? this.#settle() : undefined
  }

  /** Starts nothing more, tells those that are open, and waits for them no longer. */
  stop(reason: unknown): void {
    this.#isStopped = true
    this.#controller?.abort(reason)
    this.#abandon()
  }

  // No private getter: reading one is a call into the runtime, at every dispatch.
  #areOpen(): boolean {
    return this.#open !== undefined && this.#open.size > 0
  }

  async #settle(): Promise<void> {
    const { deadline } = this.#dispatch
    await deadline.wait()
    this.#frame = undefined
    for (const call of this.#abandon()) {
      this.#sink.failed(call.registration, deadline.error(), call.slot)
    }
    if (deadline.isReached) this.#controller?.abort(deadline.error())
  }

  /** @returns the calls that were open */
  #abandon(): readonly OpenCall[] {
    if (this.#open === undefined || this.#open.size === 0) return none
    const abandoned = [...this.#open]
    this.#open.clear()
    for (const call of abandoned) call.timer?.[Symbol.dispose]()
    this.#dispatch.deadline.wake()
    return abandoned
  }

  #keepOpen(
    registration: Registration,
    context: CallContext,
    frame: Frame,
    slot: number,
    value: PromiseLike<unknown>,
  ): OpenCall {
    const call: OpenCall = { registration, context, frame, slot, timer: undefined, next: undefined }
    this.#frame = undefined
    this.#open ??= new Set()
    this.#open.add(call)
    // A foreign thenable may throw, or answer twice or at once: a real promise does not.
    const promise = value instanceof Promise ? value : Promise.resolve(value)
    this.#inTime(call, promise).then(
      (result: unknown) => {
        frame.running = undefined
        this.#frame = undefined
        if (!this.#close(call)) return
        this.#sink.answered(registration, result, slot)
        this.#goOn(call)
      },
      (error: unknown) => {
        // One that timed out goes on running: its frame is not for others.
        if (!isTimeout(error)) frame.running = undefined
        this.#frame = undefined
        if (!this.#close(call)) return
        this.#sink.failed(registration, error, slot)
        this.#goOn(call)
      },
    )
    return call
  }

  #inTime(call: OpenCall, promise: Promise<unknown>): Promise<unknown> {
    const { timeoutMs } = call.registration
    if (timeoutMs === undefined) return promise
    const timeout = new Promise<never>((_, reject) => {
      call.timer = this.#dispatch.clock.after(timeoutMs, () => {
        const message = `did not answer within its timeout of ${printDuration(timeoutMs)}`
        const error = new CarabinerError('HANDLER_TIMEOUT', message)
        call.context.abort(error)
        reject(error)
      })
    })
    return Promise.race([promise, timeout])
  }

  /** @returns whether anybody still waited for the call */
  #close(call: OpenCall): boolean {
    if (this.#open?.delete(call) !== true) return false
    call.timer?.[Symbol.dispose]()
    return true
  }

  #goOn({ next }: OpenCall): void {
    const { deadline } = this.#dispatch
    if (next !== undefined) {
      deadline.check()
      next()
    }
    if (!this.#areOpen()) deadline.wake()
  }
}

const none: readonly OpenCall[] = []

function isTimeout(error: unknown): boolean {
  return error instanceof CarabinerError && error.code === 'HANDLER_TIMEOUT'
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (
    typeof value === 'object' &&
    value !== null &&
    'then' in value &&
    typeof value.then === 'function'
  )
}
