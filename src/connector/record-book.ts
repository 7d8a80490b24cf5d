import { RecordConflictError } from '../errors.ts'
import type { RecordStore, RecordWrite } from '../store/records.ts'

/** What a connector keeps: records in collections of its own. Two connectors never meet in one, whatever they call it. */
export type RecordBook = Pick<
  RecordStore,
  'writeRecords' | 'records' | 'findRecords' | 'lookUpRecords' | 'recordStamp' | 'listRecords'
>

/** Puts a connector's collections under its id on the way in, and takes the id off on the way out. */
export class Shelf implements RecordBook {
  readonly #store: RecordBook
  readonly #prefix: string

  constructor(store: RecordBook, connector: string) {
    this.#store = store
    this.#prefix = `${connector}/`
  }

  writeRecords(writes: readonly RecordWrite[]): Promise<void> {
    return this.told(this.#store.writeRecords(this.placed(writes)))
  }

  async records(collection: string, ids: readonly string[]): ReturnType<RecordStore['records']> {
    const found = await this.#store.records(this.#prefix + collection, ids)
    return found.map((record) => record && this.#own(record))
  }

  async findRecords(
    query: Parameters<RecordStore['findRecords']>[0],
  ): ReturnType<RecordStore['findRecords']> {
    const found = await this.#store.findRecords(this.#placed(query))
    return found.map((record) => this.#own(record))
  }

  async lookUpRecords(
    lookup: Parameters<RecordStore['lookUpRecords']>[0],
  ): ReturnType<RecordStore['lookUpRecords']> {
    const found = await this.#store.lookUpRecords(this.#placed(lookup))
    return found.map((record) => this.#own(record))
  }

  recordStamp(collection: string): string | undefined {
    return this.#store.recordStamp(this.#prefix + collection)
  }

  async listRecords(
    query: Parameters<RecordStore['listRecords']>[0],
  ): ReturnType<RecordStore['listRecords']> {
    const page = await this.#store.listRecords(this.#placed(query))
    return { ...page, records: page.records.map((record) => this.#own(record)) }
  }

  /** Writes as the store gets them. */
  placed(writes: readonly RecordWrite[]): readonly RecordWrite[] {
    return writes.map((write) => this.#placed(write))
  }

  /** A conflict in the connector's own words. */
  async told<T>(work: Promise<T>): Promise<T> {
    try {
      return await work
    } catch (error) {
      if (!(error instanceof RecordConflictError) || !error.collection.startsWith(this.#prefix)) {
        throw error
      }
      const { collection, id, conflict } = error
      throw new RecordConflictError(this.#own({ collection, id }), conflict, { cause: error })
    }
  }

  #placed<T extends { readonly collection: string }>(given: T): T {
    return { ...given, collection: this.#prefix + given.collection }
  }

  #own<T extends { readonly collection: string }>(record: T): T {
    return { ...record, collection: record.collection.slice(this.#prefix.length) }
  }
}
