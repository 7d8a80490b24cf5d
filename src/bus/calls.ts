import type { Clock } from '../clock.ts'
import { CarabinerError } from '../errors.ts'
import { printDuration } from '../quantity/duration.ts'
import { CallContext, type ContextSource } from './call-context.ts'
import { type Cause, enterFrame, Frame } from './current-event.ts'
import type { Deadline } from './deadline.ts'
import type { Registration } from './registration.ts'
import type { Holding } from './waits.ts'

/** Learns how the handlers of a phase ended: each call once, none after the phase stopped waiting for it. */
export interface CallSink<D> {
  answered(dispatch: D, registration: Registration, value: unknown, slot: number): void
  failed(dispatch: D, registration: Registration, error: unknown, slot: number): void
}

/** A dispatch, as far as the calls of its handlers have to know it. */
export interface CallingDispatch<D extends CallingDispatch<D>> extends Cause, ContextSource {
  readonly clock: Clock
  readonly deadline: Deadline
  /** The frame that is entered where calls are being started, if it is free; forgotten when that code ends. */
  frame: Frame | undefined
  /** Told of calls that end; undefined: none awaits the answer to a callback. */
  readonly hold: Pick<Holding, 'release' | 'consider'> | undefined
  /** Where calls are kept that are not answered at once. */
  openCalls(): OpenCalls<D>
  /** Aborts the signal of the phase. */
  abort(reason: unknown): void
}

/** A handler that has been called and has not answered yet. */
export interface OpenCall<D> {
  readonly registration: Registration
  readonly sink: CallSink<D>
  readonly context: CallContext
  readonly frame: Frame
  readonly slot: number
  isOpen: boolean
  timer: Disposable | undefined
  /** Starts the timer anew; undefined: it has no timeout of its own. */
  startTimer: (() => void) | undefined
  /** Called when it has ended, before anybody is woken: the next handler of its lane. */
  next: (() => void) | undefined
}

/**
 * Calls a handler. One that answers at once costs no promise, no timer and no signal.
 *
 * @returns the open call when it has not answered yet
 */
export function callHandler<D extends CallingDispatch<D>>(
  dispatch: D,
  registration: Registration,
  sink: CallSink<D>,
  slot: number,
): OpenCall<D> | undefined {
  const context = new CallContext(dispatch, registration)
  dispatch.frame ??= enterFrame(dispatch)
  const { frame } = dispatch
  frame.running = context
  dispatch.deadline.workBegins()
  let value: unknown
  try {
    value = registration.handler(context)
    if (isThenable(value)) {
      const call: OpenCall<D> = {
        registration,
        sink,
        context,
        frame,
        slot,
        isOpen: true,
        timer: undefined,
        startTimer: undefined,
        next: undefined,
      }
      return dispatch.openCalls().keep(call, value)
    }
  } catch (error) {
    frame.running = undefined
    sink.failed(dispatch, registration, error, slot)
    return undefined
  }
  frame.running = undefined
  sink.answered(dispatch, registration, value, slot)
  return undefined
}

/** Keeps a call open whose handler has left its answer to `answer`. Its own timeout is over. */
export function awaitInstead<D extends CallingDispatch<D>>(
  dispatch: D,
  registration: Registration,
  sink: CallSink<D>,
  slot: number,
  answer: Promise<unknown>,
): OpenCall<D> {
  const withoutTimeout = { ...registration, timeoutMs: undefined }
  const call: OpenCall<D> = {
    ...{ registration: withoutTimeout, sink, slot, isOpen: true },
    context: new CallContext(dispatch, withoutTimeout),
    frame: new Frame(dispatch),
    ...{ timer: undefined, startTimer: undefined, next: undefined },
  }
  return dispatch.openCalls().keep(call, answer)
}

/**
 * The handler calls of a dispatch that were not answered at once, and the wait for them.
 *
 * A call is kept until it settles, times out, the deadline comes, or nobody waits for it any more; whatever it does later
 * is ignored.
 */
export class OpenCalls<D extends CallingDispatch<D>> {
  readonly #dispatch: D
  #kept: OpenCall<D>[] = []
  #open = 0

  constructor(dispatch: D) {
    this.#dispatch = dispatch
  }

  keep(call: OpenCall<D>, value: PromiseLike<unknown>): OpenCall<D> {
    this.#dispatch.frame = undefined
    this.#kept.push(call)
    this.#open++
    // A foreign thenable may throw, or answer twice or at once: a real promise does not.
    const promise = value instanceof Promise ? value : Promise.resolve(value)
    this.#inTime(call, promise).then(
      (result: unknown) => {
        if (!this.#close(call)) return
        call.sink.answered(this.#dispatch, call.registration, result, call.slot)
        this.#goOn(call)
      },
      (error: unknown) => {
        if (!this.#close(call, error)) return
        call.sink.failed(this.#dispatch, call.registration, error, call.slot)
        this.#goOn(call)
      },
    )
    return call
  }

  /** Waits until all have ended; those that outlive the deadline have failed. @returns undefined: none is open */
  settled(): Promise<void> | undefined {
    if (this.#open === 0) return undefined
    return this.#dispatch.deadline.wait().then(() => this.#conclude())
  }

  /** Waits for them no longer. @returns the calls that were open */
  abandon(): readonly OpenCall<D>[] {
    if (this.#open === 0) return []
    const abandoned = this.#kept.filter(({ isOpen }) => isOpen)
    for (const call of abandoned) {
      call.isOpen = false
      call.timer?.[Symbol.dispose]()
    }
    this.#open = 0
    this.#dispatch.deadline.wake()
    return abandoned
  }

  get hasOpen(): boolean {
    return this.#open > 0
  }

  /** Whether there are open calls, and each of them awaits the answer to a callback. */
  get allAwait(): boolean {
    return this.#open > 0 && this.awaiting.length === this.#open
  }

  /** The open calls that await answers. */
  get awaiting(): readonly OpenCall<D>[] {
    return this.#kept.filter(({ isOpen, context }) => isOpen && context.awaited.size > 0)
  }

  /** The time of a call stands still. */
  pause(context: CallContext): void {
    const call = this.#openCall(context)
    call?.timer?.[Symbol.dispose]()
  }

  /** A call has all of its time again, unless it awaits something else. */
  unpause(context: CallContext): void {
    if (context.awaited.size === 0) this.#openCall(context)?.startTimer?.()
  }

  #openCall(context: CallContext): OpenCall<D> | undefined {
    return this.#kept.find((call) => call.isOpen && call.context === context)
  }

  #conclude(): void {
    const { deadline } = this.#dispatch
    this.#dispatch.frame = undefined
    if (this.#open > 0 && !deadline.isReached) return // woken because it is held
    for (const { sink, registration, slot } of this.abandon()) {
      sink.failed(this.#dispatch, registration, deadline.error(), slot)
    }
    this.#kept = []
    if (deadline.isReached) this.#dispatch.abort(deadline.error())
  }

  #inTime(call: OpenCall<D>, promise: Promise<unknown>): Promise<unknown> {
    const { timeoutMs } = call.registration
    if (timeoutMs === undefined) return promise
    const timeout = new Promise<never>((_, reject) => {
      const ring = (): void => {
        const message = `did not answer within its timeout of ${printDuration(timeoutMs)}`
        const error = new CarabinerError('HANDLER_TIMEOUT', message)
        call.context.abort(error)
        reject(error)
      }
      call.startTimer = () => {
        call.timer = this.#dispatch.clock.after(timeoutMs, ring)
      }
    })
    if (call.context.awaited.size === 0) call.startTimer?.()
    return Promise.race([promise, timeout])
  }

  /** A call has ended. @returns whether anybody still waited for it */
  #close(call: OpenCall<D>, error?: unknown): boolean {
    // One that timed out goes on running: its frame is not for others.
    if (!isTimeout(error)) call.frame.running = undefined
    this.#dispatch.frame = undefined
    if (!call.isOpen) return false
    call.isOpen = false
    call.timer?.[Symbol.dispose]()
    this.#open--
    this.#dispatch.hold?.release()
    return true
  }

  #goOn({ next }: OpenCall<D>): void {
    const { deadline } = this.#dispatch
    if (next !== undefined) {
      deadline.check()
      next()
    }
    if (this.#open === 0) deadline.wake()
    else this.#dispatch.hold?.consider()
  }
}

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
