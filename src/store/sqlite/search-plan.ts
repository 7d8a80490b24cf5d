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
}

/** So many texts of a sample have what is soon met along the order, and often in the full-text index. */
export const frequent = 4
/** Records of the order that a page is looked for among, so many more for each that is wanted, and never more: everything else waits meanwhile. */
const walkRecords = 2_500
const walkRecordsEach = 4
const mostWalkRecords = 8_000
/** Records of lists whose texts are looked at in one go. */
const mostListed = 8_000
/** What a record costs that is found through its list, one under words and one of a span, and what a list costs: in microseconds, as measured. */
const costs = { listed: 0.8, underWords: 0.35, ofSpan: 0.15, list: 8 }

/** Chooses by what has to be looked at, as far as a sample lets expect. */
export function searchPlan(query: OwnListQuery, scope: SearchScope): SearchPlan {
  const { text, countTo, offset, limit } = query
  const { sample, meant } = scope
  const having = sample.filter((each) => each.includes(text)).length
  const isFrequent = having >= frequent && (meant * having) / sampled > countTo
  const isNear = sample.slice(0, sampled / 4).filter((each) => each.includes(text)).length
  const walked = Math.min(mostWalkRecords, walkRecords + walkRecordsEach * (offset + limit))
  const counted = listedToCount(query, scope, having)
  if (counted > 0) return { walk: 'first', walked: Math.max(walked, counted + 1), counted }
  if (!Number.isFinite(countTo)) return { walk: 'never', walked: 0, counted: 0 }
  return { walk: isFrequent && isNear * 8 >= having ? 'first' : 'beyond', walked, counted: 0 }
}

/** Records of the lists that are to be looked at to count what is to be told; 0 where it is cheaper to look at what contains the text. */
function listedToCount(query: OwnListQuery, scope: SearchScope, having: number): number {
  const { countTo } = query
  const { hasWords, lists, meant, all } = scope
  const share = (having + 1) / (sampled + 2)
  const needed = Math.min(meant, Math.ceil((countTo + 1) / share))
  const containing = hasWords ? share * all : all
  const others = Math.min(
    containing,
    (countTo + 1) / (hasWords ? meant / all : (share * meant) / all),
  )
  const cost = needed * costs.listed + lists * costs.list
  const costOfOthers = others * (hasWords ? costs.underWords : costs.ofSpan)
  return needed <= mostListed && cost < costOfOthers ? needed : 0
}
