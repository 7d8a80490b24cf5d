import type { SoughtList } from '../record-list-key.ts'
import type { OwnListQuery } from '../record-listing.ts'
import type { StoredList } from './record-lists.ts'
import type { WaitingQuery } from './waiting-records.ts'

/** Lists, and which of their times order them. */
export type Lined = readonly SoughtList<StoredList>[]

/** Lists whose records follow each other by time. */
export interface Part {
  readonly all: Lined
  /** Those with places in lines. */
  readonly lined: Lined
  readonly waiting: readonly WaitingQuery[]
}

/** A part, and how many records there are in it. */
export interface CountedPart {
  readonly part: Part
  readonly total: number
}

export function partOf(all: Lined, { range }: OwnListQuery): Part {
  const waiting = Map.groupBy(
    all.filter(({ list }) => list.waiting > 0),
    ({ order, range: slot }) => `${order} ${slot}`,
  )
  return {
    all,
    lined: all.filter(({ list }) => list.records > list.waiting),
    waiting: [...waiting.values()].flatMap((same) => waitingQueryOf(same, range)),
  }
}

function waitingQueryOf(same: Lined, range: OwnListQuery['range']): WaitingQuery[] {
  const [first] = same
  if (first === undefined) return []
  const { order, range: slot } = first
  const query = { lists: same.map(({ list }) => list.number), order }
  return [range === null || slot === null ? query : { ...query, range: { ...range, slot } }]
}

/** Records of all parts. */
export function sizeOf(parts: readonly CountedPart[]): number {
  return sumOf(parts.map(({ total }) => total))
}

export function sumOf(numbers: readonly number[]): number {
  return numbers.reduce((sum, each) => sum + each, 0)
}
