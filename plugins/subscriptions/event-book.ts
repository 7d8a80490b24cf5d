import type { RecordBook } from 'carabiner'
import { events as collection, fromRecord, indexes, type PublishedEvent } from './event.ts'

/** Where events are found. */
export class EventBook {
  readonly #records: Pick<RecordBook, 'records' | 'lookUpRecords'>

  constructor(records: Pick<RecordBook, 'records' | 'lookUpRecords'>) {
    this.#records = records
  }

  /** An event of this owner; of another: as if there were none. */
  async find(owner: string, id: string): Promise<PublishedEvent | undefined> {
    const [record] = await this.#records.records(collection, [id])
    const event = record === undefined ? undefined : fromRecord(record)
    return event?.owner === owner ? event : undefined
  }

  /** The events that messages carry, by the message's id; those of tests are left out. */
  async carriedBy(messageIds: readonly string[]): Promise<ReadonlyMap<string, string>> {
    const wanted = [...new Set(messageIds)]
    if (wanted.length === 0) return new Map()
    const published = await this.#records.records(collection, wanted)
    const carried = new Map(published.flatMap((record) => (record ? [[record.id, record.id]] : [])))
    const others = wanted.filter((id) => !carried.has(id))
    if (others.length === 0) return carried
    const index = indexes.message
    const limit = 1_000
    for (const record of await this.#records.lookUpRecords({
      collection,
      index,
      entries: others,
      limit,
    })) {
      for (const { messageId } of fromRecord(record).replays) carried.set(messageId, record.id)
    }
    return carried
  }
}
