import { createHash } from 'node:crypto'
import type { Clock } from '../clock.ts'
import { RecordConflictError } from '../errors.ts'
import type { RecordPut, RecordStore, StoredRecord } from '../store/records.ts'
import { TurnoverMap } from '../turnover.ts'
import { waitAtMost } from '../wait-at-most.ts'

/** An answer as it is kept, to be given again. */
export interface StoredAnswer {
  readonly status: number
  /** JSON. */
  readonly body: unknown
  /** @defaultValue none */
  readonly headers?: Readonly<Record<string, string>>
}

/** What is to be done once. */
export interface OnceRequest {
  /** Within which a key is one key: who calls, and what. */
  readonly scope: string
  /** As the caller gave it. */
  readonly key: string
  /** The same for the same request: a digest of its bytes. */
  readonly fingerprint: string
}

/** What came of it. */
export type OnceResult =
  | { readonly kind: 'done'; readonly answer: StoredAnswer }
  | { readonly kind: 'replayed'; readonly answer: StoredAnswer }
  /** The key was used for another request. */
  | { readonly kind: 'conflict' }
  /** The first one is not over yet. */
  | { readonly kind: 'running'; readonly retryAfterMs: number }

/** How the work's answer is kept together with what it did. */
export interface OnceSlot {
  /** The write that keeps this answer: to be committed in one transaction with the effect. */
  record(answer: StoredAnswer): RecordPut
}

/** What answers are kept in. */
type OnceStore = Pick<RecordStore, 'records' | 'writeRecords'>

export interface OnceParts {
  readonly store: OnceStore
  readonly clock: Clock
  readonly collection: string
}

const keptMs = 24 * 3_600_000
const patienceMs = 2_000
const retryAfterMs = 1_000

/** One request under way on this host. */
interface Run {
  readonly fingerprint: string
  readonly over: Promise<void>
}

/**
 * Does what a caller asks for once per idempotency key, and answers the same again for 24 hours.
 *
 * One host does a key once at a time: whoever comes meanwhile waits a little and gets the answer. Between hosts the commit decides: the answer
 * is stored in one transaction with the effect, so of two that race one is undone, and its caller gets the other's answer. A process
 * that dies has done all of it or nothing.
 */
export class Once {
  readonly #store: OnceStore
  readonly #clock: Clock
  readonly #collection: string
  readonly #runs = new TurnoverMap<string, Run>()

  constructor({ store, clock, collection }: OnceParts) {
    this.#store = store
    this.#clock = clock
    this.#collection = collection
  }

  /**
   * @param work - does it and resolves to its answer. An answer that `slot.record` was given counts as stored by the work itself, others are
   * stored here: 2xx, 404 and 409 are; after any other, and after an error, the key is free
   * The store's RecordConflictError about that write has to come out of `work` as it is.
   * @throws {CarabinerError} STORE_UNAVAILABLE, and whatever `work` throws
   */
  async run(
    request: OnceRequest,
    work: (slot: OnceSlot) => Promise<StoredAnswer>,
  ): Promise<OnceResult> {
    const id = idOf(request)
    const until = this.#clock.monotonic() + patienceMs
    for (let run = this.#runs.get(id); run !== undefined; run = this.#runs.get(id)) {
      if (run.fingerprint !== request.fingerprint) return { kind: 'conflict' }
      const left = until - this.#clock.monotonic()
      if (left <= 0) return { kind: 'running', retryAfterMs }
      await waitAtMost(this.#clock, left, run.over)
    }
    return this.#first(id, request, work)
  }

  async #first(
    id: string,
    request: OnceRequest,
    work: (slot: OnceSlot) => Promise<StoredAnswer>,
  ): Promise<OnceResult> {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#runs.set(id, { fingerprint: request.fingerprint, over: promise })
    try {
      const stored = await this.#stored(id)
      const now = this.#clock.now()
      if (stored !== undefined && stored.until > now) return replay(stored, request)
      const slot = new Slot(this.#collection, id, request, now, stored?.version ?? 'absent')
      return await this.#do(slot, request, work)
    } finally {
      this.#runs.delete(id)
      resolve()
    }
  }

  async #do(
    slot: Slot,
    request: OnceRequest,
    work: (slot: OnceSlot) => Promise<StoredAnswer>,
  ): Promise<OnceResult> {
    try {
      const answer = await work(slot)
      const write = slot.after(answer)
      if (write !== undefined) await this.#store.writeRecords([write])
      return { kind: 'done', answer }
    } catch (error) {
      if (!isAbout(error, slot)) throw error
      // Another host was first: what was done here is undone.
      const stored = await this.#stored(slot.id)
      if (stored === undefined) throw error
      return replay(stored, request)
    }
  }

  async #stored(id: string): Promise<KeptAnswer | undefined> {
    const [record] = await this.#store.records(this.#collection, [id])
    return record === undefined ? undefined : keptAnswer(record)
  }
}

interface KeptAnswer {
  readonly version: number
  readonly fingerprint: string
  readonly answer: StoredAnswer
  /** UTC milliseconds. */
  readonly until: number
}

/** The place of one key in the store. */
class Slot implements OnceSlot {
  readonly collection: string
  readonly id: string
  readonly #fingerprint: string
  readonly #until: number
  readonly #expects: 'absent' | number
  #given: StoredAnswer | undefined

  constructor(
    collection: string,
    id: string,
    { fingerprint }: OnceRequest,
    now: number,
    expects: 'absent' | number,
  ) {
    this.collection = collection
    this.id = id
    this.#fingerprint = fingerprint
    this.#until = now + keptMs
    this.#expects = expects
  }

  record(answer: StoredAnswer): RecordPut {
    this.#given = answer
    return { ...this.#put(answer), expects: this.#expects }
  }

  /** What is left to be written when the work is done; `undefined`: nothing. */
  after(answer: StoredAnswer): RecordPut | undefined {
    if (answer === this.#given || !isKept(answer.status)) return undefined
    // What the work stored may be improved upon: by then the key is ours.
    return this.#given === undefined ? this.record(answer) : this.#put(answer)
  }

  #put(answer: StoredAnswer): RecordPut {
    const { collection, id } = this
    const until = this.#until
    const value = { fingerprint: this.#fingerprint, answer, until }
    return { kind: 'put', collection, id, value, expiresAt: until }
  }
}

function isKept(status: number): boolean {
  return (status >= 200 && status < 300) || status === 404 || status === 409
}

function replay({ fingerprint, answer }: KeptAnswer, request: OnceRequest): OnceResult {
  return fingerprint === request.fingerprint ? { kind: 'replayed', answer } : { kind: 'conflict' }
}

function isAbout(error: unknown, { collection, id }: Slot): error is RecordConflictError {
  return error instanceof RecordConflictError && error.collection === collection && error.id === id
}

function idOf({ scope, key }: OnceRequest): string {
  return createHash('sha256')
    .update(JSON.stringify([scope, key]))
    .digest('hex')
}

/** Only this file writes the collection: what is in it has the shape it was given here. */
function keptAnswer({ version, value }: StoredRecord): KeptAnswer {
  return { ...(value as Omit<KeptAnswer, 'version'>), version }
}
