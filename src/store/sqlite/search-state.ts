import { compareBytes } from '../byte-order.ts'
import type { OwnListQuery } from '../record-listing.ts'
import type { StoredRecord } from '../records.ts'
import type { Match } from './record-matches.ts'
import type { Words } from './record-parts.ts'
import type { RowSet } from './row-set.ts'
import { together as fewest, type Look, type WholeQuery } from './search-looks.ts'
import type { SearchPlan } from './search-plan.ts'

/** A search on its way. */
export interface Search {
  readonly asked: OwnListQuery
  readonly isUp: boolean
  /** Records that the page ends with. */
  readonly wanted: number
  readonly wholes: readonly SearchedWhole[]
  /** The last row that was in the full-text index when its words were looked up. */
  readonly indexed: number
  plan: SearchPlan
  /** What stands in the lists that are meant, where nothing else under words is looked at; `undefined` until it is wanted. */
  listed: RowSet | undefined
  /** What is still to be looked at; `undefined`: nothing was yet. */
  looks: Look[] | undefined
  total: number
  /** Those found that come first. */
  best: readonly Match[]
  /** As many as are wanted do not come after this one. */
  bar: Match | undefined
  /** The rows that are on the page, once that is sure. */
  page: readonly number[] | undefined
  /** What stands in them, as it was then. */
  records: readonly StoredRecord[] | undefined
  /** How often all was looked at from the beginning: what it had found had changed meanwhile. */
  readonly begun: number
}

export interface SearchedWhole extends WholeQuery {
  readonly words: Words | null
  /** Whether each zone is looked at apart. */
  readonly isZoned: boolean
}

/** Rows that are looked at in one go: everything else waits meanwhile. */
export const stepRows = 12_000

/** Whether the page is to be looked for along its order now. */
export function isToBeWalked({ plan, total, asked, looks, page }: Search): boolean {
  if (plan.walk === 'first') return true
  return plan.walk === 'beyond' && page === undefined && total > asked.countTo && isLong(looks)
}

/** Whether there is more to look at than along the order. */
function isLong(looks: readonly Look[] = []): boolean {
  const rows = looks.reduce((sum, { among }) => sum + among.to - among.after, 0)
  return rows > stepRows || looks.some(({ among }) => among.words !== null)
}

export function isDone({ looks, page, total, asked }: Search): boolean {
  return (
    looks !== undefined && (looks.length === 0 || (page !== undefined && total > asked.countTo))
  )
}

/** The page is sure when nothing that is left comes before its end. */
export function settlePage(search: Search): void {
  const { page, best, wanted, looks = [], asked, isUp } = search
  const end = best[wanted - 1]
  const [next] = looks
  const isLeft =
    next !== undefined && (end === undefined || end.rank > 0 || !isBeyond(next.first, end.at, isUp))
  if (page !== undefined || isLeft) return
  search.page = best.slice(asked.offset).map(({ seq }) => seq)
  search.looks = fewest(looks)
}

function isBeyond(first: number, end: number, isUp: boolean): boolean {
  return isUp ? first > end : first < end
}

export function firstOf(matches: readonly Match[], { isUp, wanted }: Search): readonly Match[] {
  const sign = isUp ? 1 : -1
  return matches
    .toSorted((a, b) => a.rank - b.rank || sign * (a.at - b.at || compareBytes(a.id, b.id)))
    .slice(0, wanted)
}
