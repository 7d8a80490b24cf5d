import type { Place } from '../paging.ts'

/** Rows in the order of time, for listings. Rows mostly come in order; the removed are dropped when they are more than half. */
export class Timeline<T extends Place> {
  readonly #isLive: (row: T) => boolean
  #rows: T[] = []
  #removed = 0

  /** @param isLive - false for a row that was removed */
  constructor(isLive: (row: T) => boolean) {
    this.#isLive = isLive
  }

  add(row: T): void {
    const last = this.#rows.at(-1)
    if (last === undefined || isBefore(last, row)) this.#rows.push(row)
    else this.#rows.splice(this.#firstNotBefore(row), 0, row)
  }

  /** Tells that a row of this timeline is not live any more. */
  removed(): void {
    this.#removed += 1
    if (this.#removed * 2 <= this.#rows.length) return
    this.#rows = this.#rows.filter(this.#isLive)
    this.#removed = 0
  }

  /** At most `limit` rows that match, newest first, after `place`. */
  newest(place: Place | undefined, limit: number, matches: (row: T) => boolean): T[] {
    const found: T[] = []
    const start = place === undefined ? this.#rows.length : this.#firstNotBefore(place)
    for (let at = start - 1; at >= 0 && found.length < limit; at -= 1) {
      const row = this.#rows[at]
      if (row !== undefined && this.#isLive(row) && matches(row)) found.push(row)
    }
    return found
  }

  /** At most `limit` rows that match, oldest first, after `place`. */
  oldest(place: Place, limit: number, matches: (row: T) => boolean): T[] {
    const found: T[] = []
    for (let at = this.#firstNotBefore(place); at < this.#rows.length; at += 1) {
      const row = this.#rows[at]
      if (found.length >= limit) break
      if (row === undefined || !this.#isLive(row) || !isBefore(place, row)) continue
      if (matches(row)) found.push(row)
    }
    return found
  }

  #firstNotBefore(place: Place): number {
    let low = 0
    let high = this.#rows.length
    while (low < high) {
      const middle = (low + high) >> 1
      const row = this.#rows[middle]
      if (row !== undefined && isBefore(row, place)) low = middle + 1
      else high = middle
    }
    return low
  }
}

/** Whether a row stands before another in the order of time. */
export function isBefore(a: Place, b: Place): boolean {
  return a.at < b.at || (a.at === b.at && a.seq < b.seq)
}
