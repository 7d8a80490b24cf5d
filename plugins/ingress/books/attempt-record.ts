import type { MessageId, RecordBook, RecordPut, StoredRecord } from 'carabiner'
import { entryOf, prefixOf } from './event-entry.ts'
import { nameIdBeside } from './name-id.ts'
import type { PageOf } from './page.ts'

export const attemptStatuses = ['success', 'failed'] as const

export type AttemptStatus = (typeof attemptStatuses)[number]

/** One request to an integration, as it is listed. What was answered is read from the delivery's own attempts. */
export interface IngressAttempt {
  readonly id: string
  readonly deliveryId: string
  /** Within its delivery. */
  readonly number: number
  readonly eventId: MessageId
  readonly provider: string
  readonly status: AttemptStatus
  readonly httpStatus: number | null
  readonly errorMessage: string | null
  readonly durationMs: number
  /** When it was begun, UTC milliseconds. */
  readonly createdAt: number
  readonly expiresAt: number
}

export interface AttemptListQuery {
  readonly status?: AttemptStatus | undefined
  readonly offset: number
  /** 1 to 1,000. */
  readonly limit: number
}

/** Where attempts are kept. */
const attempts = 'attempts'

const byEvent = 'event'

type Kept = Omit<IngressAttempt, 'id'>
type Reading = Pick<RecordBook, 'findRecords' | 'listRecords'>

/** Where attempts are found. */
export class AttemptBook {
  readonly #records: Reading

  constructor(records: Reading) {
    this.#records = records
  }

  /** Everybody's, newest first. */
  async list({ status, offset, limit }: AttemptListQuery): Promise<PageOf<IngressAttempt>> {
    const { records, total } = await this.#records.listRecords({
      collection: attempts,
      ...(status !== undefined && { facets: { status } }),
      order: { by: 'createdAt', direction: 'descending' },
      offset,
      limit,
    })
    return { items: records.map(fromRecord), total }
  }

  /** Of one event, newest first, at most 1,000. */
  async of(eventId: string, limit: number): Promise<readonly IngressAttempt[]> {
    const found = await this.#records.findRecords({
      collection: attempts,
      index: byEvent,
      prefix: prefixOf(eventId),
      order: 'descending',
      limit,
    })
    return found.map(fromRecord)
  }
}

/** The id of an attempt: the same however often it is asked for. */
export function attemptIdOf(deliveryId: string, number: number): string {
  return nameIdBeside(deliveryId, `attempt/${deliveryId}/${number}`)
}

/** The write that keeps an attempt. */
export function toAttemptRecord({ id, ...kept }: IngressAttempt): RecordPut {
  const { status, createdAt, eventId, expiresAt } = kept
  return {
    kind: 'put',
    collection: attempts,
    id,
    value: kept satisfies Kept,
    entries: { [byEvent]: [entryOf(eventId, createdAt)] },
    listed: { facets: { status }, times: { createdAt } },
    expiresAt,
  }
}

/** Only this file says what the collection holds: a record has the shape it was given here. */
function fromRecord({ id, value }: StoredRecord): IngressAttempt {
  return { ...(value as Kept), id }
}
