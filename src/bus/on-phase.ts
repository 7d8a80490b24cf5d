import { CarabinerError, type Mismatch } from '../errors.ts'
import { setUp, tearDown } from './around.ts'
import type { CallSink, Calls } from './calls.ts'
import { enterFrame } from './current-event.ts'
import type { Dispatch } from './dispatch.ts'
import { failedResult, failureOf } from './failure.ts'
import type { EventResult } from './outcome.ts'
import type { Registration } from './registration.ts'

/** Calls the on handlers, within the event's `around`. @returns undefined: nothing has to be waited for */
export function runOn(dispatch: Dispatch<unknown>): Promise<void> | undefined {
  dispatch.enter('on')
  const { plan, declared } = dispatch.request
  if (plan.on.length === 0 || !dispatch.wants('on')) return undefined
  const phase = new OnPhase(dispatch)
  if (declared.event.around !== undefined) return phase.runWithinAround()
  const running = phase.run()
  if (running !== undefined) return running.then(() => phase.gatherResults())
  phase.gatherResults()
  return undefined
}

class OnPhase implements CallSink {
  readonly #dispatch: Dispatch<unknown>
  readonly #calls: Calls
  /** Results by the places of their handlers in the plan, filled as they answer; who did not answer leaves a hole. */
  readonly #slots: EventResult[] = []
  #filled = 0

  constructor(dispatch: Dispatch<unknown>) {
    this.#dispatch = dispatch
    this.#calls = dispatch.openCalls(this)
  }

  async runWithinAround(): Promise<void> {
    const { request, params, deadline, log } = this.#dispatch
    const { event, declaredBy } = request.declared
    const isAsked = request.plan.on.some((lane) =>
      lane.some((each) => this.#dispatch.applies(each)),
    )
    if (!isAsked) return
    enterFrame(this.#dispatch)
    try {
      const teardown = await setUp(event, { params, signal: this.#calls.signal }, deadline, log)
      try {
        await this.run()
      } finally {
        await tearDown(teardown, deadline)
      }
    } catch (error) {
      this.#dispatch.report(failureOf(error, declaredBy, 'on'))
      this.#calls.stop(error)
    }
    this.gatherResults()
  }

  run(): Promise<void> | undefined {
    const { plan, choice } = this.#dispatch.request
    let base = 0
    for (const lane of plan.on) {
      if (this.#calls.isAtEnd) break
      const hasAnswered = this.#goDown(lane, 0, base)
      if (hasAnswered && choice.first) break
      base += lane.length
    }
    return this.#calls.settled()
  }

  /** Calls a connector's handlers one after the other. @returns whether there was any to call */
  #goDown(lane: readonly Registration[], from: number, base: number): boolean {
    let hasAny = false
    for (let at = from; at < lane.length && !this.#calls.isAtEnd; at++) {
      const registration = lane[at]
      if (registration === undefined || !this.#dispatch.applies(registration)) continue
      hasAny = true
      const call = this.#calls.start(registration, base + at)
      if (call === undefined) continue
      call.next = () => this.#goDown(lane, at + 1, base)
      break
    }
    return hasAny
  }

  answered(registration: Registration, value: unknown, slot: number): void {
    const result = value === undefined ? null : value
    const mismatches = this.#dispatch.request.declared.checkResult(result)
    if (mismatches.length > 0) this.failed(registration, resultInvalid(mismatches), slot)
    else this.#fill(slot, { connector: registration.connector, value: result })
  }

  failed({ connector }: Registration, error: unknown, slot: number): void {
    const { request, parts, deadline } = this.#dispatch
    const failure = failureOf(error, connector, 'on')
    if (request.choice.onError === 'continue' && !deadline.isReached) {
      this.#fill(slot, failedResult(error, connector))
      parts.handlerFailed(failure)
      return
    }
    this.#dispatch.report(failure)
    if (!deadline.isReached) this.#calls.stop(error)
  }

  gatherResults(): void {
    const hasHoles = this.#filled < this.#slots.length
    this.#dispatch.results = hasHoles ? this.#slots.filter(() => true) : this.#slots
  }

  #fill(slot: number, result: EventResult): void {
    this.#slots[slot] = result
    this.#filled++
  }
}

function resultInvalid(mismatches: readonly Mismatch[]): CarabinerError {
  const said = mismatches
    .slice(0, 1)
    .map(({ pointer, message }) =>
      pointer === '' ? `the result ${message}` : `the result's ${pointer} ${message}`,
    )
  return new CarabinerError('RESULT_INVALID', said.join())
}
