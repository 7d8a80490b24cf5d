import type { OwnListQuery } from '../record-listing.ts'
import { sampled } from './record-parts.ts'

/** What is known of a search before it begins. */
export interface SearchScope {
  /** Texts from all over, from where the order begins to where it ends. */
  readonly sample: readonly string[]
  /** Whether the full-text index is asked. */
  readonly hasWords: boolean
  /** How many lists are meant, */
  readonly lists: number
  /** how many records they have, in the range, */
  readonly meant: number
  /** and how many there are in all lists. */
  readonly all: number
}

/** How a page and its total are looked for, before all that may contain the text is looked at. */
export interface SearchPlan {
  /** When the page is looked for along its order: at once, once there are too many to count, or not at all. */
  readonly walk: 'first' | 'beyond' | 'never'
  /** Among so many records of the order at most. */
  readonly walked: number
  /** Of so many of the lists that are meant, probably, those that contain the text are counted then; 0: they are counted otherwise. */
  readonly counted: number
  /** From which end of the order, whatever stands on the page: it is counted where more contain the text. */
  readonly countedFrom: 'first' | 'last'
}

/** So many texts of a sample have what is soon met along the order, and often in the full-text index. */
export const frequent = 4
/** Records of the order that a page is looked for among, so many more for each that is wanted, and never more: everything else waits meanwhile. */
const walkRecords = 2_500
const walkRecordsEach = 4
const mostWalkRecords = 8_000
/** Records of lists whose texts are looked at in one go. */
const mostListed = 8_000
/** Texts of the sample that stand for where the order begins, or ends. */
const quarter = sampled / 4
/** What a record costs that is found through its list, one under words and one of a span, and what a list costs: in microseconds, as measured. */
const costs = { listed: 0.8, underWords: 0.35, ofSpan: 0.15, list: 8 }

/** Chooses by what has to be looked at, as far as a sample lets expect. */
export function searchPlan(query: OwnListQuery, scope: SearchScope): SearchPlan {
  const { text, countTo, offset, limit } = query
  const { sample, meant } = scope
  const having = havingOf(sample, text)
  const first = havingOf(sample.slice(0, quarter), text)
  const last = havingOf(sample.slice(-quarter), text)
  const counted = listedToCount(query, scope, having, Math.max(first, last))
  const walked = Math.min(mostWalkRecords, walkRecords + walkRecordsEach * (offset + limit))
  const isFrequent = having >= frequent && (meant * having) / sampled > countTo
  return {
    walk: walkOf(counted > 0 || (isFrequent && first * 8 >= having), countTo),
    walked: Math.max(walked, counted + 1),
    counted,
    countedFrom: last > first ? 'last' : 'first',
  }
}

function walkOf(isFirst: boolean, countTo: number): SearchPlan['walk'] {
  if (isFirst) return 'first'
  return Number.isFinite(countTo) ? 'beyond' : 'never'
}

function havingOf(sample: readonly string[], text: string): number {
  return sample.filter((each) => each.includes(text)).length
}

/** Records of the lists that are to be looked at to count what is to be told; 0 where it is cheaper to look at what contains the text. */
function listedToCount(
  { countTo }: OwnListQuery,
  { hasWords, lists, meant, all }: SearchScope,
  having: number,
  ofQuarter: number,
): number {
  const share = shareOf(having, sampled)
  const inQuarter = (countTo + 1) / shareOf(ofQuarter, quarter)
  const needed = inQuarter * 4 <= meant ? inQuarter : (countTo + 1) / share
  const listed = Math.min(meant, Math.ceil(needed))
  const meantOfAll = meant / all
  const others = hasWords
    ? Math.min(share * all, (countTo + 1) / meantOfAll) * costs.underWords
    : Math.min(all, (countTo + 1) / (share * meantOfAll)) * costs.ofSpan
  const cost = listed * costs.listed + lists * costs.list
  return listed <= mostListed && cost < others ? listed : 0
}

/** Never none, and never all. */
function shareOf(having: number, texts: number): number {
  return (having + 1) / (texts + 2)
}
