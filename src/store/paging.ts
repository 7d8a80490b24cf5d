import { CarabinerError } from '../errors.ts'
import type { MessageId } from '../ids.ts'
import type { Page } from './page.ts'

/** Rows of a page when the caller does not say. */
const defaultLimit = 100
/** Rows of the largest page. */
const largestLimit = 1000
/** Messages that a listing of deliveries is about at most. */
const mostMessages = 100

/** Where a row stands in a listing, newest first: by time, then by the order in which rows were stored. */
export interface Place {
  readonly at: number
  readonly seq: number
}

/** What is listed: a cursor of one list is refused by the others. */
export type Listing = 'deliveries' | 'audit' | 'redeliveries'

/** @throws {CarabinerError} USAGE unless the limit is a whole number from 1 to 1000. */
export function pageLimit(limit: number = defaultLimit): number {
  if (Number.isInteger(limit) && limit >= 1 && limit <= largestLimit) return limit
  throw new CarabinerError(
    'USAGE',
    `limit must be a whole number from 1 to ${largestLimit}, got ${limit}`,
  )
}

/** @throws {CarabinerError} USAGE for more messages than a listing may be about. */
export function checkMessageIds(ids: readonly MessageId[] = []): void {
  if (ids.length <= mostMessages) return
  throw new CarabinerError('USAGE', `at most ${mostMessages} messageIds, got ${ids.length}`)
}

/** @throws {CarabinerError} USAGE when the text was not made by {@link toPage} of the same listing. */
export function placeOfCursor(listing: Listing, cursor: string | undefined): Place | undefined {
  if (cursor === undefined) return undefined
  const [kind, at, seq, ...rest] = Buffer.from(cursor, 'base64url').toString('latin1').split(' ')
  const place = { at: Number(at), seq: Number(seq) }
  if (kind === listing && rest.length === 0 && cursorOf(listing, place) === cursor) return place
  throw new CarabinerError('USAGE', `cursor must be the nextCursor of a page of ${listing}`)
}

/** Makes a page of rows of which one more than the limit was asked for: the last tells whether there is another page. */
export function toPage<Found, Row>(
  listing: Listing,
  found: readonly Found[],
  limit: number,
  placeOf: (found: Found) => Place,
  rowOf: (found: Found) => Row,
): Page<Row> {
  const shown = found.slice(0, limit)
  const last = found.length > limit ? shown.at(-1) : undefined
  return {
    rows: shown.map(rowOf),
    nextCursor: last === undefined ? null : cursorOf(listing, placeOf(last)),
  }
}

function cursorOf(listing: Listing, { at, seq }: Place): string {
  return Buffer.from(`${listing} ${at} ${seq}`, 'latin1').toString('base64url')
}
