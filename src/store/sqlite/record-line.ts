import type { SQLOutputValue } from 'node:sqlite'

/** A place in a line of a list, beside the other times in their order. */
export interface Standing {
  readonly line: number
  readonly at: number
  readonly others: readonly [number | null, number | null]
}

/** Numbers that a list's lines may have: one for each time. */
const linesOfList = 4

/** The number of each list's line by one of its times. */
export function lineOf(list: number, slot: number): number {
  return list * linesOfList + slot
}

/** The line of each list, in SQL. */
export function firstLineOf(list: string): string {
  return `${list} * ${linesOfList}`
}

/** Where a record with these times stands in a list. */
export function placesOf(list: number, times: readonly number[]): readonly Standing[] {
  return times.map((at, slot) => {
    const [first = null, second = null] = times.filter((_, other) => other !== slot)
    return { line: lineOf(list, slot), at, others: [first, second] }
  })
}

/** Which of the others a time is, in a line by another one. */
export function otherOf(slot: number, time: number): 0 | 1 {
  return (time < slot ? time : time - 1) === 0 ? 0 : 1
}

/** The times of a row of `record_listings`. The cast is proven by the schema: the table is STRICT. */
export function storedTimesOf(row: Record<string, SQLOutputValue>): readonly number[] {
  const times = [row['time_0'], row['time_1'], row['time_2']] as (number | null)[]
  return times.filter((time) => time !== null)
}
