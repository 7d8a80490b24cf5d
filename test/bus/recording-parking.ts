import assert from 'node:assert/strict'
import type { Bus } from '../../src/bus/bus.ts'
import { callbackError } from '../../src/bus/callback-error.ts'
import type { CallbackResolution } from '../../src/bus/callback-resolution.ts'
import { currentDispatch } from '../../src/bus/current-dispatch.ts'
import { OpenCallback } from '../../src/bus/open-callback.ts'
import type { Outcome } from '../../src/bus/outcome.ts'
import type { DispatchStand, Parking } from '../../src/bus/parking.ts'
import { CarabinerError } from '../../src/errors.ts'

type Resuming = Pick<Bus<never>, 'resume'>

/** How a callback is answered: its payload, its error, or not at all. */
export type Answer = { payload: unknown } | { error: string } | 'expired'

interface Opened {
  state: 'open' | 'answered' | 'withdrawn'
  readonly settled: PromiseWithResolvers<unknown>
  isAwaited: boolean
  /** What came of it, until somebody took that. */
  known: CallbackResolution | undefined
}

/** Parks in memory, as JSON, and answers callbacks; writes down what the bus asks of it. */
export class RecordingParking implements Parking {
  readonly calls: string[] = []
  readonly stands = new Map<string, string>()
  readonly outcomes = new Map<string, PromiseWithResolvers<Outcome>>()
  readonly callbacks = new Map<string, Opened>()
  /** What goes on with parked dispatches. */
  bus: Resuming | undefined
  /** What cannot be stored now. */
  refuses: readonly string[] = []
  /** Waited for before anything is stored, or a callback is opened. */
  gate: Promise<unknown> = Promise.resolve()
  #opened = 0

  /** As `scope.callbacks.open` does. @param name - its id; counted on when it is taken */
  async open(name: string = `c${++this.#opened}`): Promise<OpenCallback> {
    const at = currentDispatch()
    assert.ok(at !== undefined, 'opened outside of handlers')
    if (at.refusal !== undefined) throw new CarabinerError('CALLBACKS_OFF', at.refusal)
    const settled = Promise.withResolvers<unknown>()
    settled.promise.catch(() => undefined)
    const opened: Opened = { state: 'open', settled, isAwaited: false, known: undefined }
    this.callbacks.set(name, opened)
    await this.gate
    const expiresAt = Date.UTC(2030, 0, 1)
    if (!at.opened({ id: name, expiresAt })) opened.state = 'withdrawn'
    const ticket = { id: name, url: `https://example.com/${name}`, signature: null, expiresAt }
    return new OpenCallback(ticket, {
      // biome-ignore lint/suspicious/noThenProperty: the result of a callback is a thenable that learns when it is awaited
      then: (onAnswer, onError) => {
        opened.isAwaited = true
        at.awaits(name, settled.promise)
        if (opened.known !== undefined) settle(opened, opened.known)
        return settled.promise.then(onAnswer, onError)
      },
    })
  }

  /** Somebody answers. @returns what the bus made of it, if it went on with a parked dispatch */
  async answer(id: string, answer: Answer): Promise<Outcome | undefined> {
    const opened = this.callbacks.get(id)
    if (opened?.state !== 'open') return undefined
    opened.state = 'answered'
    opened.known = resolutionOf(id, answer)
    if (opened.isAwaited) {
      settle(opened, opened.known)
      return undefined
    }
    return this.goOnWith(id)
  }

  /** Goes on with the dispatch that is parked and waits for this callback. */
  async goOnWith(...ids: readonly string[]): Promise<Outcome | undefined> {
    for (const [dispatchId, text] of this.stands) {
      // Proof of the cast: it was made of a stand.
      const stand = JSON.parse(text) as DispatchStand
      const isWaited = stand.waits.some(({ callbackId }) => ids.includes(callbackId))
      if (!isWaited || stand.isHeld) continue
      this.stands.delete(dispatchId)
      this.calls.push('resume')
      return this.bus?.resume(stand, this.#take(ids))
    }
    return undefined
  }

  stateOf(id: string): string | undefined {
    return this.callbacks.get(id)?.state
  }

  /** The one dispatch that is parked. */
  stand(): DispatchStand {
    const [text] = this.stands.values()
    assert.equal(this.stands.size, 1)
    return JSON.parse(text ?? '')
  }

  async park(stand: DispatchStand): Promise<readonly CallbackResolution[]> {
    this.#write(`park ${stand.phase}${stand.isHeld ? ' held' : ''}`)
    await this.gate
    this.#refuse('park')
    const ids = stand.waits.map(({ callbackId }) => callbackId)
    const known = stand.isHeld ? [] : this.#take(ids)
    if (known.length > 0) return known
    this.stands.set(stand.dispatchId, JSON.stringify(stand))
    return []
  }

  async begin(stand: DispatchStand): Promise<void> {
    this.#write(`begin ${stand.phase}`)
    this.#refuse(`begin ${stand.phase}`)
    this.stands.delete(stand.dispatchId)
  }

  async end(outcome: Outcome): Promise<void> {
    this.#write(`end ${outcome.kind}`)
    this.stands.delete(outcome.dispatchId)
    this.#outcome(outcome.dispatchId).resolve(outcome)
  }

  async withdraw(ids: readonly string[]): Promise<void> {
    this.#write(`withdraw ${ids.join(' ')}`)
    for (const id of ids) {
      const opened = this.callbacks.get(id)
      if (opened?.state === 'open') opened.state = 'withdrawn'
    }
  }

  outcomeOf(parked: Outcome): Promise<Outcome> {
    return this.#outcome(parked.dispatchId).promise
  }

  #outcome(dispatchId: string): PromiseWithResolvers<Outcome> {
    const present = this.outcomes.get(dispatchId) ?? Promise.withResolvers<Outcome>()
    this.outcomes.set(dispatchId, present)
    return present
  }

  #take(ids: readonly string[]): readonly CallbackResolution[] {
    return ids.flatMap((id) => {
      const opened = this.callbacks.get(id)
      if (opened?.known === undefined || opened.isAwaited) return []
      const { known } = opened
      opened.known = undefined
      return [known]
    })
  }

  #write(call: string): void {
    this.calls.push(call)
  }

  #refuse(what: string): void {
    if (!this.refuses.includes(what)) return
    throw new CarabinerError('STORE_UNAVAILABLE', 'the store is away')
  }
}

function resolutionOf(callbackId: string, answer: Answer): CallbackResolution {
  if (answer === 'expired') return { kind: 'expired', callbackId }
  if ('error' in answer) return { kind: 'failed', callbackId, error: answer.error }
  const { payload } = answer
  return { kind: 'completed', callbackId, payload, payloadText: JSON.stringify(payload) }
}

function settle({ settled }: Opened, known: CallbackResolution): void {
  if (known.kind === 'completed') settled.resolve(known.payload)
  else settled.reject(callbackError(known))
}
