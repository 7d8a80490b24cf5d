import type { MessageId, RecordBook, RecordListQuery, RecordPut, StoredRecord } from 'carabiner'
import { entryOf, prefixOf } from './event-entry.ts'
import type { PageOf } from './page.ts'

export const replayStatuses = ['queued', 'dispatched', 'completed', 'failed'] as const

export type ReplayStatus = (typeof replayStatuses)[number]

/** Somebody wants an event to be delivered once more. Times are UTC milliseconds. */
export interface Replay {
  /** Also the id of the delivery it makes. */
  readonly id: string
  readonly version: number
  readonly eventId: MessageId
  readonly provider: string
  readonly requestedBy: string
  readonly reason: string
  readonly status: ReplayStatus
  readonly createdAt: number
  readonly updatedAt: number
  readonly expiresAt: number
}

export interface ReplayListQuery {
  readonly status?: ReplayStatus | undefined
  readonly offset: number
  /** 1 to 1,000. */
  readonly limit: number
}

/** Where replays are kept. */
export const replays = 'replays'

/** Of replays that are not over yet. */
export const openReplayStatuses = [
  'queued',
  'dispatched',
] as const satisfies readonly ReplayStatus[]

const byEvent = 'event'

type Kept = Omit<Replay, 'id' | 'version'>
type Reading = Pick<RecordBook, 'records' | 'findRecords' | 'listRecords'>

/** Where replays are found. */
export class ReplayBook {
  readonly #records: Reading

  constructor(records: Reading) {
    this.#records = records
  }

  async find(id: string): Promise<Replay | undefined> {
    const [record] = await this.#records.records(replays, [id])
    return record && fromRecord(record)
  }

  /** Newest first. */
  async list({ status, offset, limit }: ReplayListQuery): Promise<PageOf<Replay>> {
    const { records, total } = await this.#records.listRecords({
      ...newestFirst,
      ...(status !== undefined && { facets: { status } }),
      offset,
      limit,
    })
    return { items: records.map(fromRecord), total }
  }

  /** Of one event, newest first, at most 1,000. */
  async of(eventId: string, limit: number): Promise<readonly Replay[]> {
    const found = await this.#records.findRecords({
      collection: replays,
      index: byEvent,
      prefix: prefixOf(eventId),
      order: 'descending',
      limit,
    })
    return found.map(fromRecord)
  }

  /** Replays of a status that were asked for at `from` or after, the first first. */
  async requested(status: ReplayStatus, from: number, limit: number): Promise<readonly Replay[]> {
    const { records } = await this.#records.listRecords({
      collection: replays,
      facets: { status },
      range: { time: 'createdAt', from },
      order: { by: 'createdAt', direction: 'ascending' },
      offset: 0,
      limit,
    })
    return records.map(fromRecord)
  }
}

/** The write that keeps a replay. Its `version` is the one it was read with, 0 for a new one. */
export function toReplayRecord({ id, version, ...kept }: Replay): RecordPut {
  const { status, createdAt, eventId, expiresAt } = kept
  return {
    kind: 'put',
    collection: replays,
    id,
    expects: version === 0 ? 'absent' : version,
    value: kept satisfies Kept,
    entries: { [byEvent]: [entryOf(eventId, createdAt)] },
    listed: { facets: { status }, times: { createdAt } },
    expiresAt,
  }
}

const newestFirst = {
  collection: replays,
  order: { by: 'createdAt', direction: 'descending' },
} as const satisfies Partial<RecordListQuery>

/** Only this file says what the collection holds: a record has the shape it was given here. */
function fromRecord({ id, version, value }: StoredRecord): Replay {
  return { ...(value as Kept), id, version }
}
