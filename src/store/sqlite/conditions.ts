import type { SQLInputValue } from 'node:sqlite'
import type { Place } from '../paging.ts'

/** The WHERE of a listing: only the conditions that were asked for, so that an index can be chosen. */
export class Conditions {
  readonly #terms: string[] = []
  readonly #values: SQLInputValue[] = []

  add(term: string, value: SQLInputValue | undefined): this {
    if (value === undefined) return this
    this.#terms.push(term)
    this.#values.push(value)
    return this
  }

  /** Rows that come after a place in a listing of `table`, newest first. */
  before(table: string, place: Place | undefined): this {
    if (place === undefined) return this
    this.#terms.push(`(${table}.created_at, ${table}.seq) < (?, ?)`)
    this.#values.push(place.at, place.seq)
    return this
  }

  /** Rows down to a place, it included. */
  downTo(table: string, place: Place | undefined): this {
    if (place === undefined) return this
    this.#terms.push(`(${table}.created_at, ${table}.seq) >= (?, ?)`)
    this.#values.push(place.at, place.seq)
    return this
  }

  get sql(): string {
    return this.#terms.length === 0 ? '' : `WHERE ${this.#terms.join(' AND ')}`
  }

  get values(): readonly SQLInputValue[] {
    return this.#values
  }
}
