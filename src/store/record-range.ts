import { CarabinerError } from '../errors.ts'
import { compareBytes } from './byte-order.ts'
import { pageLimit } from './paging.ts'
import { beyondEntries, isStorable } from './record-text.ts'
import type { RecordPlace, RecordQuery } from './records.ts'

/** A walk along an index, as two places: what lies between them, neither included. Ids have a character, so `''` is before all of an entry. */
export interface RecordRange {
  readonly low: RecordPlace
  readonly high: RecordPlace
}

/** @throws {CarabinerError} USAGE as `findRecords` does */
export function rangeOf(query: RecordQuery): RecordRange {
  const { prefix = '', from = '', to = beyondEntries, order = 'ascending', after } = query
  pageLimit(query.limit)
  for (const text of [prefix, from, to, after?.entry ?? '', after?.id ?? '']) {
    if (!isStorable(text)) throw new CarabinerError('USAGE', 'no entry of a record is there')
  }
  const low = laterOf({ entry: prefix, id: '' }, { entry: from, id: '' })
  const high = earlierOf({ entry: `${prefix}${beyondEntries}`, id: '' }, { entry: to, id: '' })
  if (after === undefined) return { low, high }
  return order === 'ascending'
    ? { low: laterOf(low, after), high }
    : { low, high: earlierOf(high, after) }
}

/** Compares places as a database orders them: by entry, then by id. */
export function comparePlaces(a: RecordPlace, b: RecordPlace): number {
  return compareBytes(a.entry, b.entry) || compareBytes(a.id, b.id)
}

function laterOf(a: RecordPlace, b: RecordPlace): RecordPlace {
  return comparePlaces(a, b) < 0 ? b : a
}

function earlierOf(a: RecordPlace, b: RecordPlace): RecordPlace {
  return comparePlaces(a, b) < 0 ? a : b
}
