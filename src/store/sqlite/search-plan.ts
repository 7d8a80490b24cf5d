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
  /** and whenever, */
  readonly listed: number
  /** and how many there are in all lists. */
  readonly all: number
}

/** How a page and its total are looked for, before all that may contain the text is looked at. */
export interface SearchPlan {
  /** When the page is looked for along its order: at once, once there are too many to count, or not at all. */
  readonly walk: 'first' | 'beyond' | 'never'
  /** Among so many records of the order at most; 0: it is looked for otherwise. */
  readonly walked: number
  /** Of so many of the lists that are meant, probably, those that contain the text are counted then; 0: they are counted otherwise. */
  readonly counted: number
  /** From which end of the order, whatever stands on the page: it is counted where more contain the text. */
  readonly countedFrom: 'first' | 'last'
  /** Whether of what the full-text index has only that is looked at which stands in the lists that are meant. */
  readonly isListed: boolean
  /** Whether more contain the text than are to be counted, probably: not all need be looked at. */
  readonly isBeyond: boolean
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
/**
 * In microseconds, as measured, what a record costs: one that is found through its list, one under words, one of a span, one that is only known to stand in a
 * list, and one that only the index tells of; and what a list costs.
 */
const costs = { listed: 1.2, underWords: 1, ofSpan: 0.15, known: 0.15, ofIndex: 0.13, list: 8 }
/** Records of lists that are read at once, to know which they are. */
const mostKnown = 30_000
/** Of all records, those of lists that are rare. */
const rare = 0.25

/** Chooses by what has to be looked at, as far as a sample lets expect. */
export function searchPlan(query: OwnListQuery, scope: SearchScope): SearchPlan {
  const { text, countTo, offset, limit } = query
  const { sample, meant } = scope
  const having = havingOf(sample, text)
  const first = havingOf(sample.slice(0, quarter), text)
  const last = havingOf(sample.slice(-quarter), text)
  const share = shareOf(having, sampled)
  const { ofAll, ofListed } = otherCosts(query, scope, share)
  const ofQuarter = shareOf(Math.max(first, last), quarter)
  const counted = listedToCount(query, scope, {
    share,
    ofQuarter,
    others: Math.min(ofAll, ofListed),
  })
  const isSoonMet = first * 8 >= having
  const isBeyond = having >= frequent && (meant * having) / sampled > countTo
  const walked = Math.min(mostWalkRecords, walkRecords + walkRecordsEach * (offset + limit))
  return {
    walk: walkOf(counted > 0 || (isBeyond && isSoonMet), countTo),
    walked: isSoonMet || counted === 0 || counted === meant ? Math.max(walked, counted + 1) : 0,
    counted,
    countedFrom: last > first ? 'last' : 'first',
    isListed: ofListed < ofAll,
    isBeyond,
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
  { lists, meant }: SearchScope,
  { share, ofQuarter, others }: Readonly<Record<'share' | 'ofQuarter' | 'others', number>>,
): number {
  const inQuarter = (countTo + 1) / ofQuarter
  // Of a few texts, one quarter has some more than another by chance.
  const isOfQuarter = inQuarter * 4 <= meant && ofQuarter >= 2 * share
  const listed = Math.min(meant, Math.ceil(isOfQuarter ? inQuarter : (countTo + 1) / share))
  const cost = listed * costs.listed + lists * costs.list
  return listed <= mostListed && cost < others ? listed : 0
}

/** What it costs to look at as many as tell what is to be told, where each is looked at that may contain the text, or of those under words only what stands in the lists. */
function otherCosts(
  { countTo }: OwnListQuery,
  { hasWords, meant, listed, all }: SearchScope,
  share: number,
): { readonly ofAll: number; readonly ofListed: number } {
  const needed = ((countTo + 1) * all) / meant
  if (!hasWords) return { ofAll: Math.min(all, needed / share) * costs.ofSpan, ofListed: Infinity }
  const rows = Math.min(share * all, needed)
  const isRare = listed <= Math.min(mostKnown, all * rare)
  return {
    ofAll: rows * costs.underWords,
    ofListed: isRare ? listed * costs.known + rows * costs.ofIndex : Infinity,
  }
}

/** Never none, and never all. */
function shareOf(having: number, texts: number): number {
  return (having + 1) / (texts + 2)
}
