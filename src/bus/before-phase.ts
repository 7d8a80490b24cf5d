import { EventCancelledError } from '../errors.ts'
import { isCancellable } from './built-in-events.ts'
import type { CallSink, Calls } from './calls.ts'
import type { Dispatch } from './dispatch.ts'
import { failureOf } from './failure.ts'
import type { Registration } from './registration.ts'

/** Calls the before handlers, priority by priority. @returns undefined: nothing has to be waited for */
export function runBefore(dispatch: Dispatch<unknown>): Promise<void> | undefined {
  const isOff = dispatch.request.plan.before.length === 0 || !dispatch.wants('before')
  return isOff ? undefined : new BeforePhase(dispatch).run(0)
}

class BeforePhase implements CallSink {
  readonly #dispatch: Dispatch<unknown>
  readonly #calls: Calls

  constructor(dispatch: Dispatch<unknown>) {
    this.#dispatch = dispatch
    this.#calls = dispatch.openCalls(this)
  }

  run(from: number): Promise<void> | undefined {
    const groups = this.#dispatch.request.plan.before
    for (let at = from; at < groups.length && !this.#calls.isAtEnd; at++) {
      this.#startGroup(groups[at] ?? [])
      const settling = this.#calls.settled()
      if (settling !== undefined) return settling.then(() => this.run(at + 1))
    }
    return undefined
  }

  #startGroup(group: readonly Registration[]): void {
    const { dryRun } = this.#dispatch
    for (const registration of group) {
      if (this.#calls.isAtEnd) return
      if (!this.#dispatch.applies(registration)) continue
      if (dryRun && registration.sideEffects) this.#dispatch.leaveOut(registration)
      else this.#calls.start(registration, 0)
    }
  }

  /** Who does not cancel allows, whatever it returns. */
  answered(): void {}

  failed(registration: Registration, error: unknown): void {
    const { connector, label } = registration
    if (!(error instanceof EventCancelledError)) {
      this.#dispatch.report(failureOf(error, connector, 'before'))
    } else if (isCancellable(this.#dispatch.request.declared.event)) {
      this.#dispatch.cancel(registration, error.reason, error.details)
    } else {
      const message = `\`${this.#dispatch.eventName}\` cannot be cancelled: ${error.reason}`
      this.#dispatch.warn(label, message)
    }
  }
}
