import { AsyncLocalStorage } from 'node:async_hooks'
import type { DispatchAtWork } from './dispatch-at-work.ts'
import type { Phase } from './phase.ts'

/** The handler that is running, as `currentEvent()` tells it. */
export interface CurrentEvent {
  readonly event: string
  readonly phase: Phase
  /** The id of the connector whose handler it is. */
  readonly connector: string
  readonly dispatchId: string
  readonly traceId: string
  /** UTC milliseconds at which the handler, and those started together with it, began. */
  readonly startedAt: number
}

/** One handler call, as far as its async context has to know it. */
export interface RunningCall {
  current(): CurrentEvent
  /** What opening a callback in it has to know. */
  atWork(): DispatchAtWork
}

/** A dispatch, as far as the dispatches made inside it have to know it. */
export interface Cause {
  readonly eventName: string
  readonly depth: number
  readonly cause: Cause | undefined
  readonly isOver: boolean
}

/** What the async context of a handler leads to. Shared by handlers of one dispatch that never run at the same time. */
export class Frame {
  readonly dispatch: Cause
  running: RunningCall | undefined = undefined

  constructor(dispatch: Cause) {
    this.dispatch = dispatch
  }
}

const frames = new AsyncLocalStorage<Frame>()

/**
 * The handler this code runs in, however many awaits ago it began; `undefined` outside of handlers.
 *
 * A handler that goes on when its dispatch is over is no longer running.
 */
export function currentEvent(): CurrentEvent | undefined {
  return currentCall()?.current()
}

/** The handler call this code runs in. */
export function currentCall(): RunningCall | undefined {
  const frame = frames.getStore()
  return frame === undefined || frame.dispatch.isOver ? undefined : frame.running
}

/** The dispatch whose handler (or `around`) this code runs in, as long as it is in flight. */
export function currentCause(): Cause | undefined {
  const dispatch = frames.getStore()?.dispatch
  return dispatch === undefined || dispatch.isOver ? undefined : dispatch
}

/**
 * A frame for the next call of `dispatch`, which the rest of the current function and what it starts will see.
 *
 * Only to be called where the async context is the dispatch's own: after its first await. Entering a context copies it,
 * so the frame that is already there is used again unless a call still runs in it.
 */
export function enterFrame(dispatch: Cause): Frame {
  const present = frames.getStore()
  if (present !== undefined && present.dispatch === dispatch && present.running === undefined) {
    return present
  }
  const frame = new Frame(dispatch)
  frames.enterWith(frame)
  return frame
}
