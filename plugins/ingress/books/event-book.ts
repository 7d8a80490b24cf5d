import type { RecordBook, RecordListOrder, RecordListQuery } from 'carabiner'
import type { EventStatus, IngressEvent } from './event.ts'
import { events as collection, fromRecord } from './event-record.ts'
import type { PageOf } from './page.ts'

/** Which events are listed, and how. Times are UTC milliseconds, inclusive, on `occurredAt`. */
export interface EventListQuery {
  readonly provider?: string | undefined
  readonly status?: EventStatus | undefined
  readonly eventType?: string | undefined
  /** A part of the subject, ignoring case. */
  readonly subject?: string | undefined
  readonly from?: number | undefined
  readonly to?: number | undefined
  /** An event is created when it is received. @defaultValue `receivedAt` */
  readonly sortBy?: 'createdAt' | 'occurredAt' | 'status' | 'receivedAt' | undefined
  /** @defaultValue `desc` */
  readonly sortOrder?: 'asc' | 'desc' | undefined
  /** Whether all that have the `subject` are counted, however many they are. @defaultValue `bounded`: up to {@link mostCounted} */
  readonly total?: 'exact' | 'bounded' | undefined
  readonly offset: number
  /** 1 to 1,000. */
  readonly limit: number
}

/** Events with a subject searched for that are counted: nobody reads on to the last of more, and to count them would cost more than to find them. */
export const mostCounted = 1_000

type Reading = Pick<RecordBook, 'records' | 'listRecords'>

/** Where events are found. */
export class EventBook {
  readonly #records: Reading

  constructor(records: Reading) {
    this.#records = records
  }

  async find(id: string): Promise<IngressEvent | undefined> {
    const [event] = await this.byId([id])
    return event
  }

  /** In the order of the ids, at most 1,000; `undefined` for those there are not. */
  async byId(ids: readonly string[]): Promise<readonly (IngressEvent | undefined)[]> {
    const records = await this.#records.records(collection, ids)
    return records.map((record) => record && fromRecord(record))
  }

  async list(query: EventListQuery): Promise<PageOf<IngressEvent>> {
    const { records, ...counted } = await this.#records.listRecords(toListQuery(query))
    return { items: records.map(fromRecord), ...counted }
  }

  /** Events of a status that were received at `from` or after, the first first, without their payloads. */
  async received(
    status: EventStatus,
    from: number,
    limit: number,
  ): Promise<readonly IngressEvent[]> {
    const { records } = await this.#records.listRecords({
      collection,
      facets: { status },
      range: { time: 'receivedAt', from },
      order: { by: 'receivedAt', direction: 'ascending' },
      offset: 0,
      limit,
      content: false,
    })
    return records.map(fromRecord)
  }
}

function toListQuery(query: EventListQuery): RecordListQuery {
  const { from, to, subject, total, offset, limit } = query
  return {
    collection,
    facets: facetsOf(query),
    ...((from !== undefined || to !== undefined) && {
      range: {
        time: 'occurredAt',
        ...(from !== undefined && { from }),
        ...(to !== undefined && { to }),
      },
    }),
    ...(subject !== undefined && { text: subject }),
    ...(total !== 'exact' && { countTo: mostCounted }),
    order: orderOf(query),
    offset,
    limit,
  }
}

function facetsOf({ provider, status, eventType }: EventListQuery): Record<string, string> {
  return {
    ...(provider !== undefined && { provider }),
    ...(status !== undefined && { status }),
    ...(eventType !== undefined && { eventType }),
  }
}

function orderOf({ sortBy = 'receivedAt', sortOrder = 'desc' }: EventListQuery): RecordListOrder {
  const direction = sortOrder === 'asc' ? 'ascending' : 'descending'
  if (sortBy === 'status') return { by: 'status', direction }
  return { by: sortBy === 'createdAt' ? 'receivedAt' : sortBy, direction }
}
