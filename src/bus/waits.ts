import type { CallContext, OpenedCallback } from './call-context.ts'
import type { CallbackResolution } from './callback-resolution.ts'
import type { Outcome } from './outcome.ts'
import type { DispatchStand, Parking, Wait } from './parking.ts'
import type { Registration } from './registration.ts'

/** What keeps a dispatch while its on handlers await answers. */
export interface Holding {
  /** Where it stands, while it is held and stored so. */
  readonly stand: DispatchStand | undefined
  /** A handler awaits an answer until `settled` settles. */
  awaits(context: CallContext, callbackId: string, settled: Promise<unknown>): void
  /** Looks whether all that is open awaits an answer. */
  consider(): void
  /** Somebody works again. */
  release(): void
}

/** A callback that its handler has returned: the dispatch waits for the answer. */
export interface ReturnedCallback {
  readonly wait: Wait
  readonly registration: Registration
  /** The on handler's place in the plan; 0 for a before handler. */
  readonly slot: number
}

/**
 * The callbacks of one dispatch: those that are open, and those of them that handlers have returned. And where it stands, as far as it is stored.
 *
 * Made when the first is opened, or when a parked dispatch goes on.
 */
export class Waits {
  /** Undefined: no on handler has awaited an answer. */
  hold: Holding | undefined = undefined
  readonly #parking: Parking | undefined
  /** Nobody has answered them, as far as is known; and until when they wait. */
  readonly #open = new Map<string, number>()
  readonly #awaited = new Set<string>()
  #returned: ReturnedCallback[] = []
  /** Places of on handlers whose callbacks are awaited in their stead. */
  readonly #inLine = new Set<number>()
  #isClosed = false
  #hasParked = false
  /** As of what has been written. */
  #isKept = false
  #isCallerTold = false
  #writing: Promise<unknown> = Promise.resolve()

  constructor(parking: Parking | undefined) {
    this.#parking = parking
  }

  /** @returns `false`: nothing is opened any more */
  open({ id, expiresAt }: OpenedCallback): boolean {
    if (this.#isClosed) return false
    this.#open.set(id, expiresAt)
    return true
  }

  /** Somebody awaits the answer: it cannot be returned any more. */
  awaited(id: string): void {
    this.#awaited.add(id)
  }

  /** Whether a handler may return the callback: opened in this dispatch, unanswered, neither returned nor awaited. */
  canBeReturned(id: string): boolean {
    const isTaken =
      this.#awaited.has(id) || this.#returned.some((each) => each.wait.callbackId === id)
    return this.#open.has(id) && !isTaken
  }

  expiresAt(id: string): number | undefined {
    return this.#open.get(id)
  }

  /** The callback was answered: there is nothing to withdraw. */
  answered(id: string): void {
    this.#open.delete(id)
  }

  add(returned: ReturnedCallback): void {
    this.#open.set(returned.wait.callbackId, returned.wait.expiresAt)
    this.#returned.push(returned)
  }

  /** Takes out the returned callback that was answered. @returns undefined: nobody waits for it */
  take(id: string): ReturnedCallback | undefined {
    const returned = this.#returned.find(({ wait }) => wait.callbackId === id)
    if (returned === undefined) return undefined
    this.#returned = this.#returned.filter((each) => each !== returned)
    this.#open.delete(id)
    return returned
  }

  /** What handlers have returned and nobody has answered. */
  get returned(): readonly ReturnedCallback[] {
    return this.#returned
  }

  /** Whether the on handler at this place has returned a callback that waits for its answer. */
  isOpenAt(slot: number): boolean {
    return this.#inLine.has(slot) || this.#returned.some((each) => each.slot === slot)
  }

  beginInLine(slot: number): void {
    this.#inLine.add(slot)
  }

  endInLine(slot: number): void {
    this.#inLine.delete(slot)
  }

  /** Whether it is stored, or about to be: then what follows has to be stored, too. */
  get hasParked(): boolean {
    return this.#hasParked
  }

  /** It was stored before, perhaps by another process. */
  wasKept(): void {
    this.#hasParked = true
    this.#isKept = true
  }

  /** Whether whoever dispatched it, or went on with it, has been told that it is parked. */
  get isCallerTold(): boolean {
    return this.#isCallerTold
  }

  callerIsTold(): void {
    this.#isCallerTold = true
  }

  /** From now on nothing is opened, until `reopen`. What nobody has returned is withdrawn. */
  async close(): Promise<void> {
    this.#isClosed = true
    const waited = new Set(this.#returned.map(({ wait }) => wait.callbackId))
    await this.#withdraw([...this.#open.keys()].filter((id) => !waited.has(id)))
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  reopen(): void {
    this.#isClosed = false
  }

  /** It is over: what is still open is withdrawn. */
  async withdrawAll(): Promise<void> {
    this.#isClosed = true
    this.#returned = []
    await this.#withdraw([...this.#open.keys()])
  }

  park(stand: DispatchStand): Promise<readonly CallbackResolution[]> {
    this.#hasParked = true
    return this.#inTurn(async (parking) => {
      const known = await parking.park(stand)
      this.#isKept = true
      return known
    }, none)
  }

  /** Does nothing for a dispatch that is not stored. */
  begin(stand: DispatchStand): Promise<void> {
    return this.#ifKept((parking) => parking.begin(stand))
  }

  /** Does nothing for a dispatch that is not stored. */
  end(outcome: Outcome): Promise<void> {
    return this.#ifKept((parking) => parking.end(outcome))
  }

  async #withdraw(ids: readonly string[]): Promise<void> {
    for (const id of ids) this.#open.delete(id)
    if (ids.length > 0) await this.#parking?.withdraw(ids)
  }

  #ifKept(write: (parking: Parking) => Promise<void>): Promise<void> {
    return this.#inTurn(async (parking) => {
      if (this.#isKept) await write(parking)
    }, undefined)
  }

  /** What is stored of one dispatch is stored one after the other. */
  #inTurn<T>(write: (parking: Parking) => Promise<T>, otherwise: T): Promise<T> {
    const parking = this.#parking
    if (parking === undefined) return Promise.resolve(otherwise)
    const writing = this.#writing.then(() => write(parking))
    this.#writing = writing.catch(() => undefined) // whoever asked for it learns of it
    return writing
  }
}

const none: readonly never[] = []
