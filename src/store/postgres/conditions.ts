import type { Place } from '../paging.ts'
import type { Value } from './database.ts'

/** The WHERE of a listing: only the conditions that were asked for, so that an index can be chosen. */
export class Conditions {
  readonly #terms: string[] = []
  readonly #values: Value[] = []

  /** @param term - with `$` where the value stands */
  add(term: string, value: Value | undefined): this {
    if (value === undefined) return this
    this.#terms.push(term.replace('$', this.bind(value)))
    return this
  }

  /** A condition without a value, when it is `asked` for. */
  when(term: string, asked: boolean): this {
    if (asked) this.#terms.push(term)
    return this
  }

  /** Rows that come after a place in a listing of `table`, newest first. */
  before(table: string, place: Place | undefined): this {
    if (place === undefined) return this
    const at = this.bind(place.at)
    this.#terms.push(`(${table}.created_at, ${table}.seq) < (${at}, ${this.bind(place.seq)})`)
    return this
  }

  /** A value of the statement, as it stands in its text. */
  bind(value: Value): string {
    this.#values.push(value)
    return `$${this.#values.length}`
  }

  get sql(): string {
    return this.#terms.length === 0 ? '' : `WHERE ${this.#terms.join(' AND ')}`
  }

  get values(): readonly Value[] {
    return this.#values
  }
}
