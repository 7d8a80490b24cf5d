import type { DatabaseSync, SQLInputValue, SQLOutputValue } from 'node:sqlite'
import type { DeliveryId } from '../../ids.ts'
import type { Place } from '../paging.ts'
import type { RedeliveryFilter } from '../redelivery.ts'
import type { Slice } from './slice-count.ts'

/** Which settled deliveries a redelivery of many is about. */
interface Selection {
  readonly filter: RedeliveryFilter
  /** They were settled before. */
  readonly before: number
}

export interface SettledDelivery extends Place {
  readonly id: DeliveryId
  readonly endpoint: string
  readonly messageSeq: number
  /** The delivery that the row of redeliveries began with. */
  readonly root: DeliveryId
  readonly isErased: boolean
}

/** Settled deliveries in the order of their creation, a bounded number of rows at a time, whether they match or not. */
export interface SettledDeliveries {
  /** How many match, after a place or from the beginning. */
  count(selection: Selection, after: Place | undefined): Slice
  /** At most `limit` that match, and where it goes on; `undefined` when nothing is left. */
  find(
    selection: Selection,
    after: Place,
    limit: number,
  ): { readonly deliveries: readonly SettledDelivery[]; readonly end: Place | undefined }
}

/** Rows that are looked at in one go. */
const sliceRows = 2000

/** Where the rows of a state are, in the order of their creation; the delivered are among all others. */
const indexOf = {
  dead: `deliveries_state WHERE state = :state AND state <> 'delivered'`,
  cancelled: `deliveries_state WHERE state = :state AND state <> 'delivered'`,
  delivered: 'deliveries_created WHERE true',
} as const

type Settled = keyof typeof indexOf

/** Rows of the same instant and later ones are asked for apart, because one comparison for both would read all of an instant's rows each time. */
export function selectSlice(state: Settled): string {
  const rows = `
    SELECT created_at, seq, id, endpoint, state, message_seq, settled_at, redelivery_root
    FROM deliveries INDEXED BY ${indexOf[state]} AND created_at < :to`
  return `${rows} AND created_at = :at AND seq > :seq UNION ALL ${rows} AND created_at > :at
    ORDER BY created_at, seq LIMIT ${sliceRows}`
}

const matches = `
  state = :state AND settled_at < :before AND (:endpoint IS NULL OR endpoint = :endpoint)`

const countSlice = (state: Settled): string => `
  WITH slice AS MATERIALIZED (${selectSlice(state)})
  SELECT count(*) AS looked, count(*) FILTER (WHERE ${matches}) AS matched, max(created_at) AS at,
    max(seq) FILTER (WHERE created_at = (SELECT max(created_at) FROM slice)) AS seq
  FROM slice`

const findMatching = (state: Settled): string => `
  SELECT s.*, ${matches} AS matches, m.erased_at
  FROM (${selectSlice(state)}) AS s CROSS JOIN messages AS m ON m.seq = s.message_seq`

export function settledDeliveries(database: DatabaseSync): SettledDeliveries {
  const counts = ofEach((state) => database.prepare(countSlice(state)))
  const finds = ofEach((state) => database.prepare(findMatching(state)))

  return {
    count(selection, after = startOf(selection.filter)) {
      const row = counts[selection.filter.state].get(valuesOf(selection, after)) ?? {}
      const isLast = Number(row['looked']) < sliceRows
      return { rows: Number(row['matched']), end: isLast ? undefined : placeOf(row) }
    },

    find(selection, after, limit) {
      const deliveries: SettledDelivery[] = []
      let looked = 0
      for (const row of finds[selection.filter.state].iterate(valuesOf(selection, after))) {
        looked += 1
        const end = { at: row['created_at'] as number, seq: row['seq'] as number }
        if (row['matches'] === 1) deliveries.push(settledOf(row, end))
        if (deliveries.length === limit || looked === sliceRows) return { deliveries, end }
      }
      return { deliveries, end: undefined }
    },
  }
}

function ofEach<T>(make: (state: Settled) => T): Readonly<Record<Settled, T>> {
  return { dead: make('dead'), cancelled: make('cancelled'), delivered: make('delivered') }
}

/** The place before the first row that may match. */
export function startOf({ from = Number.NEGATIVE_INFINITY }: RedeliveryFilter): Place {
  return { at: from, seq: 0 }
}

function valuesOf({ filter, before }: Selection, after: Place): Record<string, SQLInputValue> {
  return {
    state: filter.state,
    at: after.at,
    seq: after.seq,
    to: filter.to ?? Number.POSITIVE_INFINITY,
    before,
    endpoint: filter.endpoint ?? null,
  }
}

function placeOf(row: Record<string, SQLOutputValue>): Place {
  return { at: row['at'] as number, seq: row['seq'] as number }
}

function settledOf(row: Record<string, SQLOutputValue>, place: Place): SettledDelivery {
  const id = row['id'] as DeliveryId
  return {
    ...place,
    id,
    endpoint: row['endpoint'] as string,
    messageSeq: row['message_seq'] as number,
    root: (row['redelivery_root'] as DeliveryId | null) ?? id,
    isErased: row['erased_at'] !== null,
  }
}
