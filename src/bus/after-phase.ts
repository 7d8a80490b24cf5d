import type { CallSink, Calls } from './calls.ts'
import type { Dispatch } from './dispatch.ts'
import { failureOf } from './failure.ts'
import { commitOwed } from './owed.ts'
import type { OweRegistration, Registration } from './registration.ts'

/**
 * Calls the after handlers, and stores what is owed meanwhile.
 *
 * @param owed - undefined when nothing is
 * @returns undefined: nothing has to be waited for
 */
export function runAfter<Owed>(
  dispatch: Dispatch<Owed>,
  owed: readonly OweRegistration<Owed>[] | undefined,
): Promise<void> | undefined {
  dispatch.enter('after')
  const isOff = dispatch.request.plan.after.length === 0 || !dispatch.wants('after')
  if (isOff && owed === undefined) return undefined

  const phase = new AfterPhase(dispatch)
  const committing = owed === undefined ? undefined : commitOwed(dispatch, owed)
  const settling = isOff ? undefined : phase.run()
  if (committing === undefined) return settling
  return Promise.all([committing, settling]).then(() => undefined)
}

class AfterPhase implements CallSink {
  readonly #dispatch: Dispatch<unknown>
  readonly #calls: Calls

  constructor(dispatch: Dispatch<unknown>) {
    this.#dispatch = dispatch
    this.#calls = dispatch.openCalls(this)
  }

  run(): Promise<void> | undefined {
    for (const each of this.#dispatch.request.plan.after) {
      if (this.#dispatch.applies(each)) this.#calls.start(each, 0)
    }
    return this.#calls.settled()
  }

  /** What an after handler returns is nobody's business. */
  answered(): void {}

  /** The event has happened: that is a warning. */
  failed({ connector, label }: Registration, error: unknown): void {
    const failure = failureOf(error, connector, 'after')
    const { eventName: event, dispatchId, traceId, log, parts } = this.#dispatch
    this.#dispatch.warn(label, failure.message)
    const fields = { event, dispatchId, traceId, handler: label, error }
    log.error(fields, `after handler failed: ${failure.message}`)
    parts.handlerFailed(failure)
  }
}
