import { createHash } from 'node:crypto'
import { timeNames, timesOf } from '../record-list-key.ts'
import { type OwnListing, type OwnListQuery, partsOf, soughtParts } from '../record-listing.ts'
import type { Value } from './database.ts'

/** How a record shall be listed, as the routines take it. */
export function listedJson(collection: string, { facets, times, text }: OwnListing): string {
  return JSON.stringify({
    facets,
    times: timeNames(times),
    at: timesOf(times),
    text,
    words: text && [...partsOf(text)].map((part) => wordOf(collection, part)).join(' '),
  })
}

/** What the routine is called with that reads a page. */
export function listQueryValues(query: OwnListQuery): Value[] {
  const { collection, facets, range, text, countTo, order, offset, limit, content } = query
  return [
    collection,
    JSON.stringify(facets),
    range?.time ?? null,
    range?.from ?? -Infinity,
    range?.to ?? Infinity,
    ...textValues(collection, text),
    Number.isFinite(countTo) ? countTo : null,
    order.by,
    order.thenBy ?? null,
    order.direction === 'ascending',
    offset,
    limit,
    content,
  ]
}

/** What texts shall contain; tsqueries that together find them all; and whether they find no others. */
function textValues(collection: string, text: string): Value[] {
  if (text === '') return [null, null, null]
  const sought = soughtParts(text)
  switch (sought.kind) {
    case 'all of':
      return [text, sought.parts.map((part) => `'${wordOf(collection, part)}'`), false]
    case 'this':
      return [text, [`'${wordOf(collection, sought.part)}'`], true]
    case 'beginning of one':
      return [text, [`'${wordOf(collection, sought.part)}':*`], true]
  }
}

/** A part as letters and digits, after some that tell collections apart. */
function wordOf(collection: string, part: string): string {
  return `${prefixOf(collection)}${Buffer.from(part).toString('hex')}`
}

/** Characters of a word before those of its part. */
export const prefixLength = 6

/** Two collections with the same prefix would only find more candidates. */
function prefixOf(collection: string): string {
  const known = prefixes.get(collection)
  if (known !== undefined) return known
  const prefix = createHash('sha256').update(collection).digest('hex').slice(0, prefixLength)
  if (prefixes.size < mostPrefixes) prefixes.set(collection, prefix)
  return prefix
}

const prefixes = new Map<string, string>()
const mostPrefixes = 1000
