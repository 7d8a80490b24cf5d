import type { DatabaseSync, SQLOutputValue } from 'node:sqlite'
import { setImmediate } from 'node:timers/promises'
import { checkMessageIds, type Place, pageLimit, placeOfCursor, toPage } from '../paging.ts'
import type { DeliveryFilter, DeliveryRow, DeliveryState, Page } from '../store.ts'
import { deliveryColumns } from './columns.ts'
import { Conditions } from './conditions.ts'
import { listedOf } from './delivery-list.ts'
import { preparedOnce } from './prepared.ts'

/** A row of a listing, and its place in it. */
interface ListedDelivery extends Place {
  readonly row: DeliveryRow
}

/** Some rows of a page, and where to go on; `undefined` when nothing is left. */
interface PageSlice {
  readonly rows: readonly ListedDelivery[]
  readonly end: Place | undefined
}

/** Listings of deliveries, a slice at a time: rows that match may be few and far between. */
export interface DeliveryPage {
  /** At most `limit` rows that match, newest first, after a place or from the newest, of a bounded number of rows looked at. */
  slice(filter: DeliveryFilter, after: Place | undefined, limit: number): PageSlice
}

const sliceRows = 5_000

/** In which index the rows of a state are, by time. */
function rowsIn(state: DeliveryState | undefined): string {
  const index = isRare(state) ? 'deliveries_state' : 'deliveries_created'
  return `FROM deliveries AS d INDEXED BY ${index}`
}

/** A page of deliveries that meet the conditions, newest first. */
export function selectListed(state: DeliveryState | undefined, conditions: string): string {
  return `
    SELECT ${deliveryColumns}, e.missing_since
    ${rowsIn(state)} CROSS JOIN messages AS m ON m.seq = d.message_seq
      LEFT JOIN endpoints AS e ON e.endpoint = d.endpoint
    ${conditions} ORDER BY d.created_at DESC, d.seq DESC LIMIT ?`
}

/** Of the deliveries of some messages: few enough for one slice. */
export function selectOfMessages(conditions: string): string {
  return selectListed(undefined, conditions).replace('deliveries_created', 'deliveries_message')
}

/** Where a slice of rows ends, of which not all may match. */
export function selectEnd(state: DeliveryState | undefined, conditions: string): string {
  return `
    SELECT d.created_at, d.seq ${rowsIn(state)}
    ${conditions} ORDER BY d.created_at DESC, d.seq DESC LIMIT 1 OFFSET ${sliceRows - 1}`
}

export function deliveryPage(database: DatabaseSync): DeliveryPage {
  const prepared = preparedOnce(database)

  return {
    slice(filter, after, limit) {
      if (filter.messageIds !== undefined) return ofMessages(filter, after, limit)
      const range = rangeOf(filter, after)
      const last = prepared(selectEnd(filter.state, range.sql)).get(...range.values)
      const end = last && placeOf(last)
      const { sql, values } = rangeOf(filter, after)
        .add('d.state = ?', filter.state)
        .add('d.endpoint = ?', filter.endpoint)
        .downTo('d', end)
      const found = prepared(selectListed(filter.state, sql)).all(...values, limit)
      return { rows: found.map((row) => ({ ...placeOf(row), row: listedOf(row) })), end }
    },
  }

  function ofMessages(filter: DeliveryFilter, after: Place | undefined, limit: number): PageSlice {
    const { sql, values } = new Conditions()
      .add(
        'd.message_seq IN (SELECT seq FROM messages WHERE id IN (SELECT value FROM json_each(?)))',
        JSON.stringify(filter.messageIds),
      )
      .add('d.created_at >= ?', filter.from)
      .add('d.created_at < ?', filter.to)
      .add('d.state = ?', filter.state)
      .add('d.endpoint = ?', filter.endpoint)
      .before('d', after)
    const found = prepared(selectOfMessages(sql)).all(...values, limit)
    return { rows: found.map((row) => ({ ...placeOf(row), row: listedOf(row) })), end: undefined }
  }
}

/** Reads slices until the page is full; everything else gets its turn between two. */
export async function readPage(
  filter: DeliveryFilter,
  read: (after: Place | undefined, wanted: number) => Promise<PageSlice>,
): Promise<Page<DeliveryRow>> {
  const limit = pageLimit(filter.limit)
  checkMessageIds(filter.messageIds)
  const found: ListedDelivery[] = []
  for (let after = placeOfCursor('deliveries', filter.cursor); ; await setImmediate()) {
    const wanted = limit + 1 - found.length
    const { rows, end } = await read(after, wanted)
    found.push(...rows)
    if (rows.length === wanted || end === undefined) break
    after = end
  }
  return toPage(
    'deliveries',
    found,
    limit,
    (each) => each,
    ({ row }) => row,
  )
}

/** All but the delivered are few enough to have an index of their own. */
function isRare(state: DeliveryState | undefined): boolean {
  return state !== undefined && state !== 'delivered'
}

/** What a slice is cut from. */
function rangeOf({ state, from, to }: DeliveryFilter, after: Place | undefined): Conditions {
  const all = new Conditions()
    .add('d.created_at >= ?', from)
    .add('d.created_at < ?', to)
    .before('d', after)
  return isRare(state) ? all.add(`d.state <> 'delivered' AND d.state = ?`, state) : all
}

function placeOf(row: Record<string, SQLOutputValue>): Place {
  return { at: row['created_at'] as number, seq: row['seq'] as number }
}
