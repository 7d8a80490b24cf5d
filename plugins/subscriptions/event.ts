import type { MessageId, RecordPut, StoredRecord } from 'carabiner'
import { entryOf, timeEntryOf } from './cursor.ts'
import { rfc3339 } from './subscription.ts'

/** Something that was published, as it is kept. */
export interface PublishedEvent {
  /** Also the id of the message that was published. */
  readonly id: MessageId
  /** Of its record: what changed meanwhile is not overwritten. */
  readonly version: number
  readonly owner: string
  readonly type: string
  readonly source: string
  readonly traceId: string
  /** UTC milliseconds. */
  readonly acceptedAt: number
  /** Messages that repeat it, the newest last: those that deliveries are told of. */
  readonly replays: readonly Replay[]
  /** The JSON text of its payload, as it came; `null` once it was erased. */
  readonly payload: string | null
  /** When its payload was erased, UTC milliseconds. */
  readonly erasedAt: number | null
  /** When it is forgotten, UTC milliseconds. */
  readonly expiresAt: number
}

interface Replay {
  readonly messageId: MessageId
  /** UTC milliseconds. */
  readonly at: number
}

/** Where events are kept. */
export const events = 'event'

/** The indexes of the collection. */
export const indexes = {
  /** All of an owner, by the time they were accepted. */
  owner: 'owner',
  /** Everybody's, by the same time. */
  time: 'time',
  /** By the messages of their replays. */
  message: 'message',
} as const

/** Replays whose deliveries are listed and counted with the event: the last ones. */
export const mostReplays = 99

/** The write that keeps an event. Its `version` is the one it was read with, 0 for a new one. */
export function toRecord(event: PublishedEvent): RecordPut {
  const { id, version, payload, erasedAt, ...value } = event
  return {
    kind: 'put',
    collection: events,
    id,
    expects: version === 0 ? 'absent' : version,
    value,
    content: payload === null ? null : Buffer.from(payload),
    entries: {
      [indexes.owner]: [entryOf(event.owner, event.acceptedAt)],
      [indexes.time]: [timeEntryOf(event.acceptedAt)],
      ...(event.replays.length > 0 && {
        [indexes.message]: event.replays.map(({ messageId }) => messageId),
      }),
    },
    tenant: event.owner,
    messageId: id,
    expiresAt: event.expiresAt,
  }
}

/** Only this file says what the collection holds: a record has the shape it was given here. */
export function fromRecord({
  id,
  version,
  value,
  content,
  erasedAt,
}: StoredRecord): PublishedEvent {
  const kept = value as Omit<PublishedEvent, 'id' | 'version' | 'payload' | 'erasedAt'>
  const payload = content === null ? null : new TextDecoder().decode(content)
  return { ...kept, id: asMessageId(id), version, payload, erasedAt }
}

/** Whether a record is an event of this owner: known before its payload is read. */
export function isOf({ value }: StoredRecord, owner: string): boolean {
  return (value as Pick<PublishedEvent, 'owner'>).owner === owner
}

/** The messages of an event: what was published, then its last replays. */
export function messagesOf({ id, replays }: PublishedEvent): readonly MessageId[] {
  return [id, ...replays.map(({ messageId }) => messageId)]
}

/** An id that is given to a message: of an event, of a replay. */
export function asMessageId(id: string): MessageId {
  return id as MessageId // it becomes one by being given
}

/** What subscribers get: the payload's text goes in as it came, so that its numbers stay as they were written. */
export function bodyOf(
  event: Pick<PublishedEvent, 'id' | 'owner' | 'type' | 'source' | 'acceptedAt'>,
  payload: string,
  replay: boolean,
): Uint8Array {
  const head = JSON.stringify({
    event_id: event.id,
    event_type: event.type,
    source: event.source,
    owner_agent: event.owner,
    occurred_at: rfc3339(event.acceptedAt),
  })
  return Buffer.from(`${head.slice(0, -1)},"payload":${payload},"replay":${replay}}`)
}
