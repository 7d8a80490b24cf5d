import type { ListedRecord, RecordPut, StoredRecord } from 'carabiner'
import { asMessageId, type IngressEvent } from './event.ts'

/** Where events are kept. */
export const events = 'events'

/** An event as it is stored: its payload stands beside it, its id outside. */
type Kept = Omit<IngressEvent, 'id' | 'version' | 'payload' | 'erasedAt'>

/** The write that keeps an event. Its `version` is the one it was read with, 0 for a new one. */
export function toRecord(event: IngressEvent): RecordPut {
  const { id, version, payload, erasedAt, ...kept } = event
  return {
    kind: 'put',
    collection: events,
    id,
    expects: version === 0 ? 'absent' : version,
    value: kept satisfies Kept,
    content: payload,
    listed: listedAs(event),
    messageId: id,
    expiresAt: event.expiresAt,
  }
}

/** Only this file says what the collection holds: a record has the shape it was given here. */
export function fromRecord({ id, version, value, content, erasedAt }: StoredRecord): IngressEvent {
  return { ...(value as Kept), id: asMessageId(id), version, payload: content, erasedAt }
}

function listedAs({
  provider,
  status,
  eventType,
  receivedAt,
  occurredAt,
  subject,
}: IngressEvent): ListedRecord {
  return {
    facets: { provider, status, eventType },
    times: { receivedAt, occurredAt },
    text: subject,
  }
}
