import type { RecordBook, RecordPlace, RecordQuery } from 'carabiner'
import { entryOf, timeEntryOf } from './cursor.ts'
import { events as collection, fromRecord, indexes, isOf, type PublishedEvent } from './event.ts'

/** Which events are walked over. Times are UTC milliseconds. */
export interface EventRange {
  /** @defaultValue everybody's */
  readonly owner?: string | undefined
  readonly type?: string | undefined
  /** Accepted at or after. */
  readonly from?: number | undefined
  /** Accepted before. */
  readonly to?: number | undefined
}

/** Read at once: each comes with its payload. */
const perPage = 100

type Reading = Pick<RecordBook, 'records' | 'findRecords' | 'lookUpRecords'>

/** Where events are found. */
export class EventBook {
  readonly #records: Reading

  constructor(records: Reading) {
    this.#records = records
  }

  /** An event of this owner; of another: as if there were none. */
  async find(owner: string, id: string): Promise<PublishedEvent | undefined> {
    const [record] = await this.#records.records(collection, [id])
    return record !== undefined && isOf(record, owner) ? fromRecord(record) : undefined
  }

  /** Whoever they belong to; `undefined` for those there are not. */
  async byId(ids: readonly string[]): Promise<readonly (PublishedEvent | undefined)[]> {
    const records = await this.#records.records(collection, ids)
    return records.map((record) => record && fromRecord(record))
  }

  /** Events in the order of their times. Only what lies between `from` and `to` is read, whatever the type. */
  async *walk(
    range: EventRange,
    order: NonNullable<RecordQuery['order']>,
  ): AsyncGenerator<PublishedEvent, void> {
    const walk = { collection, ...spanOf(range), order, limit: perPage }
    for (let after: RecordPlace | undefined; ; ) {
      const page = await this.#records.findRecords({ ...walk, ...(after && { after }) })
      for (const record of page) {
        const event = fromRecord(record)
        if (range.type === undefined || event.type === range.type) yield event
      }
      after = page.at(-1)
      if (after === undefined || page.length < perPage) return
    }
  }

  /** The events that messages carry, by the message's id; those of tests are left out. */
  async carriedBy(messageIds: readonly string[]): Promise<ReadonlyMap<string, string>> {
    const wanted = [...new Set(messageIds)]
    if (wanted.length === 0) return new Map()
    const [published, replayed] = await Promise.all([
      this.#records.records(collection, wanted),
      this.#records.lookUpRecords({
        collection,
        index: indexes.message,
        entries: wanted,
        limit: 1_000,
      }),
    ])
    const carried = new Map(published.flatMap((record) => (record ? [[record.id, record.id]] : [])))
    for (const record of replayed) {
      for (const { messageId } of fromRecord(record).replays) carried.set(messageId, record.id)
    }
    return carried
  }
}

function spanOf({
  owner,
  from,
  to,
}: EventRange): Pick<RecordQuery, 'index' | 'prefix' | 'from' | 'to'> {
  const entry = (at: number): string => (owner === undefined ? timeEntryOf(at) : entryOf(owner, at))
  return {
    ...(owner === undefined
      ? { index: indexes.time }
      : { index: indexes.owner, prefix: `${owner}\n` }),
    ...(from !== undefined && { from: entry(from) }),
    ...(to !== undefined && { to: entry(to) }),
  }
}
