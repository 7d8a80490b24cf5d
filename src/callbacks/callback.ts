import type { MessageId } from '../ids.ts'
import type { RecordPut, StoredRecord } from '../store/records.ts'

/** Where a callback stands, in the words of the wire. */
export type CallbackState = 'WaitingExternal' | 'Completed' | 'Failed'

/** What an outside system can do to a callback. */
export type CallbackAction = 'complete' | 'fail' | 'heartbeat'

/** Something that waits until an outside system answers. */
export interface Callback {
  /** UUIDv4: it cannot be guessed, and tells no time. */
  readonly id: string
  readonly state: CallbackState
  /** Who waits for the answer, as whoever made it calls them. */
  readonly waiter: string
  /** What whoever made it wanted to know again. JSON. */
  readonly meta: unknown
  /** UTC milliseconds. */
  readonly createdAt: number
  /** The first sweep from here on lets it fail, UTC milliseconds. */
  readonly deadline: number
  /** UTC milliseconds; `null` while it waits. */
  readonly resolvedAt: number | null
  /** What ended it; `null` while it waits. */
  readonly resolvedBy: 'complete' | 'fail' | 'expiry' | null
  /** When the one who waits took the answer, UTC milliseconds. */
  readonly takenAt: number | null
  /** The JSON text of the payload, byte for byte as it came; `null` without one, and after an erasure. */
  readonly payload: Uint8Array | null
  /** Why it failed; `null` unless it did, and after an erasure. */
  readonly error: string | null
  /** How long it is kept once it is resolved, in milliseconds. */
  readonly retentionMs: number
  /** Whose it is: an erasure of the tenant removes what was answered. */
  readonly tenant: string | null
  /** An erasure of this message removes what was answered. */
  readonly messageId: MessageId | null
}

/** The host's own collection: that of a connector has the connector's id before a slash. */
export const collection = 'callbacks'

/** The callback as a record. Only what is asked for has an entry, so that none costs a write that nobody reads. */
export function putOf(callback: Callback, expects: 'absent' | number): RecordPut {
  const { id, state, waiter, deadline, createdAt, resolvedAt, takenAt } = callback
  const { payload: _, error: __, ...value } = callback
  const isAnswered = resolvedAt !== null && takenAt === null
  return {
    kind: 'put',
    collection,
    id,
    expects,
    value,
    content: contentOf(callback),
    entries: {
      state: [`${state}\n${sortable(createdAt)}`],
      ...(resolvedAt === null && { due: [sortable(deadline)] }),
      ...(isAnswered && { answered: [`${waiter}\n${sortable(resolvedAt)}`] }),
    },
    tenant: callback.tenant,
    messageId: callback.messageId,
    expiresAt: resolvedAt === null ? null : resolvedAt + callback.retentionMs,
  }
}

export function callbackOf({ value, content }: StoredRecord): Callback {
  // Only `putOf` writes the collection: what is in it has the shape it was given there.
  const stored = value as Omit<Callback, 'payload' | 'error'>
  return {
    ...stored,
    payload: stored.state === 'Completed' ? content : null,
    error: stored.state === 'Failed' && content !== null ? errorIn(content) : null,
  }
}

/** So padded, times sort as texts. */
export function sortable(time: number): string {
  return String(time).padStart(15, '0')
}

/** What the outside system said is the record's content: an erasure finds it there. */
function contentOf({ payload, error }: Callback): Uint8Array | null {
  return error === null ? payload : Buffer.from(JSON.stringify(error), 'utf8')
}

function errorIn(content: Uint8Array): string {
  return JSON.parse(Buffer.from(content).toString('utf8'))
}
