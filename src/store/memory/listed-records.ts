import { compareBytes } from '../byte-order.ts'
import type { OwnListing, OwnListQuery } from '../record-listing.ts'

/** A record that may be listed. */
interface Listable {
  readonly id: string
  readonly listed: OwnListing | null
}

/** Records that a query is about, in its order: each is looked at. */
export function inListOrder<T extends Listable>(records: Iterable<T>, query: OwnListQuery): T[] {
  const found: Placed<T>[] = []
  for (const record of records) {
    const { listed } = record
    const place = listed !== null && matches(listed, query) ? placeOf(listed, query) : undefined
    if (place !== undefined) found.push({ ...place, record })
  }
  const sign = query.order.direction === 'ascending' ? 1 : -1
  return found.sort((a, b) => sign * comparePlaced(a, b)).map(({ record }) => record)
}

interface Placed<T> {
  readonly facet: string
  readonly time: number
  readonly record: T
}

function matches({ facets, times, text }: OwnListing, query: OwnListQuery): boolean {
  if (query.text !== '' && text?.includes(query.text) !== true) return false
  if (Object.entries(query.facets).some(([name, value]) => own(facets, name) !== value)) {
    return false
  }
  if (query.range === null) return true
  const time = own(times, query.range.time)
  return time !== undefined && time >= query.range.from && time <= query.range.to
}

/** `undefined` for a record without what the order is by. */
function placeOf(
  { facets, times }: OwnListing,
  { order: { by, thenBy } }: OwnListQuery,
): Omit<Placed<unknown>, 'record'> | undefined {
  const isTime = Object.hasOwn(times, by)
  const facet = isTime ? '' : own(facets, by)
  const time = own(times, isTime ? by : (thenBy ?? Object.keys(times).sort()[0] ?? ''))
  return facet === undefined || time === undefined ? undefined : { facet, time }
}

function comparePlaced(a: Placed<Listable>, b: Placed<Listable>): number {
  return compareBytes(a.facet, b.facet) || a.time - b.time || compareBytes(a.record.id, b.record.id)
}

function own<T>(values: Readonly<Record<string, T>>, name: string): T | undefined {
  return Object.hasOwn(values, name) ? values[name] : undefined
}
