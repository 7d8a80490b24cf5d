import { type OwnListQuery, totalOf } from '../record-listing.ts'
import { checkCount, entriesToLookUp } from '../record-lookup.ts'
import { rangeOf } from '../record-range.ts'
import { isRecordName } from '../record-text.ts'
import type {
  FoundRecord,
  RecordLookup,
  RecordPage,
  RecordQuery,
  StoredRecord,
} from '../records.ts'
import { storedRecordOf } from '../rows.ts'
import type { Connections } from './connections.ts'
import type { Statement } from './database.ts'
import { placeholders } from './parameters.ts'
import { listQueryValues } from './record-list-values.ts'

/** What is read of records, and their end; they are written with what is committed beside them (`OutboxTable`). */
export class RecordTable {
  readonly #connections: Connections
  readonly #statements: ReturnType<typeof statementsOf>

  constructor(connections: Connections) {
    this.#connections = connections
    this.#statements = statementsOf(connections.schema)
  }

  async get(
    collection: string,
    ids: readonly string[],
  ): Promise<readonly (StoredRecord | undefined)[]> {
    checkCount('records', ids)
    const possible = isRecordName(collection) ? ids.filter(isRecordName) : []
    if (possible.length === 0) return ids.map(() => undefined)
    const rows = await this.#connections.read(this.#statements.get, [collection, possible])
    const found = new Map(rows.map((row) => [row['id'], storedRecordOf(row)]))
    return ids.map((id) => found.get(id))
  }

  async find(query: RecordQuery): Promise<readonly FoundRecord[]> {
    const { low, high } = rangeOf(query)
    const { collection, index, order, limit } = query
    if (!(isRecordName(collection) && isRecordName(index))) return []
    const rows = await this.#connections.read(this.#statements.find, [
      collection,
      index,
      low.entry,
      low.id,
      high.entry,
      high.id,
      order !== 'descending',
      limit,
    ])
    // The routine gives it as text.
    return rows.map((row) => ({ ...storedRecordOf(row), entry: row['entry'] as string }))
  }

  async lookUp(lookup: RecordLookup): Promise<readonly StoredRecord[]> {
    const entries = entriesToLookUp(lookup)
    const { collection, index, after = '', limit } = lookup
    if (!(isRecordName(collection) && isRecordName(index)) || entries.length === 0) return []
    const values = [collection, index, entries, after, limit]
    return (await this.#connections.read(this.#statements.lookUp, values)).map(storedRecordOf)
  }

  async list(query: OwnListQuery): Promise<RecordPage> {
    const [head, ...rows] = await this.#connections.read(
      this.#statements.list,
      listQueryValues(query),
    )
    return { records: rows.map(storedRecordOf), ...totalOf(Number(head?.['total']), query) }
  }

  /** Removes at most `limit`. Resolves to their number. */
  async expire(now: number, limit: number): Promise<number> {
    const [row] = await this.#connections.write(this.#statements.expire, [now, limit])
    return Number(row?.['expired'])
  }

  /** Takes out what was counted of times that no listed record has any more. */
  async tidyLists(): Promise<void> {
    await this.#connections.write(this.#statements.tidy, [])
  }
}

function statementsOf(schema: string) {
  return {
    get: { name: 'records', text: `SELECT * FROM ${schema}.records_of($1, $2)` },
    find: {
      name: 'find-records',
      text: `SELECT * FROM ${schema}.find_records(${placeholders(8)})`,
    },
    lookUp: {
      name: 'look-up-records',
      text: `SELECT * FROM ${schema}.look_up_records(${placeholders(5)})`,
    },
    list: { name: 'list-page', text: `SELECT * FROM ${schema}.list_page(${placeholders(15)})` },
    tidy: { name: 'tidy-lists', text: `SELECT ${schema}.tidy_lists()` },
    expire: { name: 'expire-records', text: `SELECT ${schema}.expire_records($1, $2) AS expired` },
  } satisfies Record<string, Statement>
}
