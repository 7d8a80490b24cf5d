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
  const { collection, facets, range, text, order, offset, limit, content } = query
  return [
    collection,
    JSON.stringify(facets),
    range?.time ?? null,
    range?.from ?? -Infinity,
    range?.to ?? Infinity,
    text === '' ? null : text,
    text === '' ? null : wordsFor(collection, text),
    order.by,
    order.thenBy ?? null,
    order.direction === 'ascending',
    offset,
    limit,
    content,
  ]
}

/** Tsqueries that together find every text of a collection which contains this one, and some others. */
function wordsFor(collection: string, text: string): readonly string[] {
  const sought = soughtParts(text)
  switch (sought.kind) {
    case 'all of':
      return spread(sought.parts).map((part) => `'${wordOf(collection, part)}'`)
    case 'beginning of one':
      return [`'${wordOf(collection, sought.part)}':*`]
  }
}

/** Parts of a long text overlap: some from all over it find as few others as all of them. */
function spread(parts: readonly string[]): readonly string[] {
  const step = Math.ceil(parts.length / mostWords)
  return parts.filter((_, at) => at % step === 0)
}

/** Words that a text is looked for by. */
const mostWords = 24

/** A part as letters and digits, after some that tell collections apart. */
function wordOf(collection: string, part: string): string {
  return `${prefixOf(collection)}${Buffer.from(part).toString('hex')}`
}

/** Two collections with the same prefix would only find more candidates. */
function prefixOf(collection: string): string {
  const known = prefixes.get(collection)
  if (known !== undefined) return known
  const prefix = createHash('sha256').update(collection).digest('hex').slice(0, 6)
  if (prefixes.size < mostPrefixes) prefixes.set(collection, prefix)
  return prefix
}

const prefixes = new Map<string, string>()
const mostPrefixes = 1000
