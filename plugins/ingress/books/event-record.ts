import type { ListedRecord, RecordPut, StoredRecord } from 'carabiner'
import { asMessageId, type IngressEvent } from './event.ts'
import { splitFront, withFront } from './front.ts'

/** Where events are kept. */
export const events = 'events'

/** What goes with an event's payload when that is erased. */
type Front = Pick<IngressEvent, 'subject'>

/** An event as it is stored: its payload and subject stand beside it, its id outside. */
interface Kept extends Omit<IngressEvent, 'id' | 'version' | 'payload' | 'erasedAt' | 'subject'> {
  /** None in a record of an older host: its subject stands here. */
  readonly frontBytes?: number
}

/** The write that keeps an event. Its `version` is the one it was read with, 0 for a new one. */
export function toRecord(event: IngressEvent): RecordPut {
  const { id, version, payload, erasedAt, subject, ...kept } = event
  const { content, frontBytes } = withFront({ subject } satisfies Front, payload)
  return {
    kind: 'put',
    collection: events,
    id,
    expects: version === 0 ? 'absent' : version,
    value: { ...kept, frontBytes } satisfies Kept,
    content,
    listed: listedAs(event),
    messageId: id,
    expiresAt: event.expiresAt,
  }
}

/** Only this file says what the collection holds: a record has the shape it was given here. */
export function fromRecord({ id, version, value, content, erasedAt }: StoredRecord): IngressEvent {
  const { frontBytes = 0, ...kept } = value as Kept
  const { front, bytes } = splitFront({ content, frontBytes })
  const own = { id: asMessageId(id), version, payload: bytes, erasedAt }
  return { ...withoutFront, ...kept, ...(front as Front | undefined), ...own }
}

/** Erased, or not asked for. */
const withoutFront: Front = { subject: null }

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
