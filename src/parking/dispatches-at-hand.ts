import type { Clock } from '../clock.ts'
import { CarabinerError } from '../errors.ts'
import { TurnoverMap } from '../turnover.ts'
import type { DispatchBook } from './dispatch-book.ts'
import type { DispatchRecord, VersionedDispatch } from './dispatch-record.ts'

export interface AtHandParts {
  readonly hostId: string
  readonly book: DispatchBook
  readonly clock: Pick<Clock, 'now'>
}

/** The stored dispatches that this process works on or holds, as they were written last: none of those that are parked and held by nobody. */
export class DispatchesAtHand {
  readonly #parts: AtHandParts
  readonly #known = new TurnoverMap<string, VersionedDispatch>()
  #running = 0
  readonly #partings = new Map<string, PromiseWithResolvers<void>>()

  constructor(parts: AtHandParts) {
    this.#parts = parts
  }

  /** Those that are worked on; not those that are held, whose handlers await answers. */
  get running(): number {
    return this.#running
  }

  has(id: string): boolean {
    return this.#known.has(id)
  }

  record(id: string): DispatchRecord | undefined {
    return this.#known.get(id)?.record
  }

  /** It was taken up by a write of this process. */
  add(dispatch: VersionedDispatch): void {
    this.#set(dispatch)
  }

  drop(id: string): void {
    this.#delete(id)
    this.#left(id)
  }

  /** Resolves when none of those that are at hand now is any more. `undefined`: there are none. */
  get parted(): Promise<void> | undefined {
    if (this.#known.size === 0) return undefined
    const each = this.#known.keys().map((id) => this.#partingOf(id).promise)
    return Promise.all(each).then(() => undefined)
  }

  /** The process ends: nobody waits for them any more. */
  abandon(): void {
    for (const id of [...this.#partings.keys()]) this.#left(id)
  }

  #set(dispatch: VersionedDispatch): void {
    const id = dispatch.record.stand.dispatchId
    this.#delete(id)
    this.#known.set(id, dispatch)
    if (dispatch.record.state === 'running') this.#running++
  }

  #delete(id: string): void {
    if (this.#known.get(id)?.record.state === 'running') this.#running--
    this.#known.delete(id)
  }

  #partingOf(id: string): PromiseWithResolvers<void> {
    const parting = this.#partings.get(id) ?? Promise.withResolvers<void>()
    this.#partings.set(id, parting)
    return parting
  }

  #left(id: string): void {
    this.#partings.get(id)?.resolve()
    this.#partings.delete(id)
  }

  /** Writes what becomes of it, and keeps it at hand. @throws {CarabinerError} HOST_LOST, STORE_UNAVAILABLE */
  async keep(next: DispatchRecord): Promise<void> {
    const { dispatchId } = next.stand
    const before = this.#known.get(dispatchId)
    // At hand before it is there: to a sweep it would else be one that this process has lost.
    if (before === undefined) this.#set({ record: next, version: 0 })
    try {
      this.#set(await this.#write(next, before))
    } catch (error) {
      if (before === undefined) this.#delete(dispatchId)
      throw error
    }
  }

  /** Writes what becomes of it, and leaves it to whoever goes on with it. @throws {CarabinerError} HOST_LOST, STORE_UNAVAILABLE */
  async part(next: DispatchRecord): Promise<void> {
    const { dispatchId } = next.stand
    const before = this.#known.get(dispatchId)
    // Not at hand before it is there: this very process may take it up before it hears that it is written.
    this.#delete(dispatchId)
    try {
      await this.#write(next, before)
    } catch (error) {
      if (before !== undefined) this.#set(before)
      throw error
    }
    if (!this.#known.has(dispatchId)) this.#left(dispatchId)
  }

  async #write(
    next: DispatchRecord,
    before: VersionedDispatch | undefined,
  ): Promise<VersionedDispatch> {
    const { book, hostId } = this.#parts
    const { dispatchId } = next.stand
    let known = before
    for (;;) {
      if (await book.write([book.draft(next, known?.version ?? 'absent')])) {
        return { record: next, version: (known?.version ?? 0) + 1 }
      }
      // Only the holder writes: what is there is then a write of this process whose success it was not told.
      known = await book.find(dispatchId)
      if (known?.record.holder !== hostId) throw lost(dispatchId)
    }
  }
}

function lost(dispatchId: string): CarabinerError {
  const message = `another host has taken dispatch ${dispatchId} over: this one was silent for too long`
  return new CarabinerError('HOST_LOST', message)
}
