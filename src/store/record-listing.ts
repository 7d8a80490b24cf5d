import { CarabinerError } from '../errors.ts'
import { pageLimit } from './paging.ts'
import type { ListedRecord, RecordListOrder, RecordListQuery } from './record-list.ts'
import { checkName, isStorable } from './record-text.ts'
import type { RecordPage } from './records.ts'

/** How a record is listed, looked at and copied: the store's own to keep. */
export interface OwnListing {
  readonly facets: Readonly<Record<string, string>>
  readonly times: Readonly<Record<string, number>>
  /** As it is searched: see `searchable`. */
  readonly text: string | null
}

/** A query that was looked at, with everything in it said. */
export interface OwnListQuery {
  readonly collection: string
  readonly facets: Readonly<Record<string, string>>
  readonly range: { readonly time: string; readonly from: number; readonly to: number } | null
  /** As it is searched; `''` for all. */
  readonly text: string
  /** `Infinity` for all, and where nothing is counted. */
  readonly countTo: number
  readonly order: RecordListOrder
  readonly offset: number
  readonly limit: number
  readonly content: boolean
}

const mostFacets = 4
const mostTimes = 3
const longestFacet = 255
const farthestTime = 8.64e15
/** Characters of a text that can be found. */
const longestText = 512

/** @throws {CarabinerError} USAGE for a facet, a time or a text that cannot be kept */
export function ownListing({ facets, times, text = null }: ListedRecord): OwnListing {
  checkFacets(facets)
  const names = Object.keys(times)
  if (names.length < 1 || names.length > mostTimes) {
    throw refusal(`a listed record has 1 to ${mostTimes} times, not ${names.length}`)
  }
  for (const name of names) checkName('the name of a time', name)
  if (!Object.values(times).every((time) => Math.abs(time) <= farthestTime)) {
    throw refusal('a time of a listed record is one that a Date can have')
  }
  return { facets: { ...facets }, times: { ...times }, text: text === null ? null : kept(text) }
}

/** @throws {CarabinerError} USAGE for what no record is listed with */
export function checkFacets(facets: Readonly<Record<string, string>>): void {
  const entries = Object.entries(facets)
  if (entries.length > mostFacets) {
    throw refusal(`a listed record has at most ${mostFacets} facets, not ${entries.length}`)
  }
  for (const [name, value] of entries) {
    checkName('the name of a facet', name)
    if (isStorable(value) && Buffer.byteLength(value) <= longestFacet) continue
    throw refusal(`facet ${name} must have at most ${longestFacet} bytes and no U+0000`)
  }
}

/** @throws {CarabinerError} USAGE for an offset, a limit or a number to count to that is out of range */
export function ownListQuery(query: RecordListQuery): OwnListQuery {
  const { collection, facets = {}, range, text = '', order, offset, limit, content = true } = query
  const { countTo } = query
  pageLimit(limit)
  if (countTo !== undefined && !(Number.isSafeInteger(countTo) && countTo > 0)) {
    throw refusal(`countTo must be a whole number from 1 on, got ${countTo}`)
  }
  if (!Number.isSafeInteger(offset) || offset < 0) {
    throw refusal(`offset must be a whole number from 0 on, got ${offset}`)
  }
  const { time = '', from = -Infinity, to = Infinity } = range ?? {}
  return {
    collection,
    facets: { ...facets },
    range: range === undefined ? null : { time, from, to },
    text: searchable(text),
    countTo: text === '' ? Infinity : (countTo ?? Infinity),
    order: { ...order },
    offset,
    limit,
    content,
  }
}

/** @param counted - up to one more than is to be told */
export function totalOf(
  counted: number,
  { countTo }: Pick<OwnListQuery, 'countTo'>,
): Pick<RecordPage, 'total' | 'totalIsExact'> {
  return { total: Math.min(counted, countTo), totalIsExact: counted <= countTo }
}

/**
 * A text without what is ignored in a search: upper and lower case are one, each character by itself.
 *
 * A whole text's lower case would depend on neighbours (Σ at the end of a word), and so not be found in parts.
 */
function searchable(text: string): string {
  if (isPlain.test(text)) return text.toLowerCase()
  let folded = ''
  for (const character of text.toWellFormed().replaceAll('\0', '\uFFFD'))
    folded += character.toUpperCase().toLowerCase()
  return folded
}

/** Parts of at most three characters, one from each on: whatever a text contains begins one of them, or is made of several. */
export function partsOf(text: string): ReadonlySet<string> {
  const characters = [...text]
  return new Set(characters.map((_, at) => characters.slice(at, at + partLength).join('')))
}

/** What a text is found by, among the parts of others. */
export type SoughtParts =
  /** A text that contains it has them all, which others may, too. */
  | { readonly kind: 'all of'; readonly parts: readonly string[] }
  /** A text has this part if, and only if, it contains it. */
  | { readonly kind: 'this'; readonly part: string }
  /** A text has a part that begins so if, and only if, it contains it. */
  | { readonly kind: 'beginning of one'; readonly part: string }

/** Parts that every text has which contains this one. */
export function soughtParts(text: string): SoughtParts {
  const whole = [...partsOf(text)].filter((part) => [...part].length === partLength)
  if (whole.length === 0) return { kind: 'beginning of one', part: text }
  return text === whole[0] ? { kind: 'this', part: text } : { kind: 'all of', parts: spread(whole) }
}

/** Parts of a long text overlap: some from all over it find as few others as all of them. */
function spread(parts: readonly string[]): readonly string[] {
  const step = Math.ceil(parts.length / mostParts)
  return parts.filter((_, at) => at % step === 0)
}

/** Parts that a text is looked for by. */
const mostParts = 24

const partLength = 3
const isPlain = /^[ -~]*$/

function kept(text: string): string {
  return searchable(text.length <= longestText ? text : [...text].slice(0, longestText).join(''))
}

function refusal(message: string): CarabinerError {
  return new CarabinerError('USAGE', message)
}
