import type { CallbackResolution } from '../bus/callback-resolution.ts'
import { type Callback, callbackOf, collection, putOf } from '../callbacks/callback.ts'
import type { Clock } from '../clock.ts'
import type { RecordPlace, RecordPut, RecordStore } from '../store/records.ts'

/** A callback that was answered, or expired, and the version under which it can be taken. */
export interface AnsweredCallback {
  readonly callback: Callback
  readonly version: number
}

/** Some of those that are answered and not taken, the oldest first. */
export interface AnsweredPage {
  readonly answered: readonly AnsweredCallback[]
  /** Where the next page begins; `undefined`: there is none. */
  readonly next: RecordPlace | undefined
}

/** Reads answers with their versions, so that they are taken in one write with what they change. */
export class AnsweredCallbacks {
  readonly #store: Pick<RecordStore, 'records' | 'findRecords'>
  readonly #clock: Pick<Clock, 'now'>

  constructor(store: Pick<RecordStore, 'records' | 'findRecords'>, clock: Pick<Clock, 'now'>) {
    this.#store = store
    this.#clock = clock
  }

  /** @param limit - 1 to 1,000 */
  async page(waiter: string, after: RecordPlace | undefined, limit: number): Promise<AnsweredPage> {
    const walk = { collection, index: 'answered', prefix: `${waiter}\n`, limit }
    const found = await this.#store.findRecords({ ...walk, ...(after && { after }) })
    const next = found.length < limit ? undefined : found.at(-1)
    const answered = found.map((record) => ({
      callback: callbackOf(record),
      version: record.version,
    }))
    return { answered, next }
  }

  /** In the order of the ids, at most 1,000: whether or not they are answered, or taken. */
  async find(ids: readonly string[]): Promise<readonly (AnsweredCallback | undefined)[]> {
    if (ids.length === 0) return []
    const found = await this.#store.records(collection, ids)
    return found.map(
      (record) => record && { callback: callbackOf(record), version: record.version },
    )
  }

  /** The write that takes it. */
  taking({ callback, version }: AnsweredCallback): RecordPut {
    return putOf({ ...callback, takenAt: this.#clock.now() }, version)
  }
}

/** What it comes to. @param verdict - why it counts as failed all the same */
export function resolutionOf(callback: Callback, verdict: string | undefined): CallbackResolution {
  const { id: callbackId, resolvedBy, error } = callback
  if (verdict !== undefined) return { kind: 'failed', callbackId, error: verdict }
  switch (resolvedBy) {
    case 'complete':
      return completion(callback)
    case 'fail':
      return { kind: 'failed', callbackId, error: error ?? 'its error was erased' }
    case 'expiry':
    case null:
      return { kind: 'expired', callbackId }
  }
}

function completion({ id: callbackId, payload: bytes }: Callback): CallbackResolution {
  if (bytes === null) return { kind: 'completed', callbackId, payload: null, payloadText: null }
  const payloadText = Buffer.from(bytes).toString('utf8')
  try {
    return { kind: 'completed', callbackId, payload: JSON.parse(payloadText), payloadText }
  } catch {
    // Whoever completes a callback by hand may give anything: it has no result that could be handed on.
    return { kind: 'failed', callbackId, error: 'its payload is no JSON' }
  }
}
