import { compareBytes } from '../byte-order.ts'
import { comparePlaces } from '../record-range.ts'
import type { RecordKeys } from '../record-write.ts'
import type { RecordPlace } from '../records.ts'
import { SortedList } from './sorted-list.ts'

/** What a collection finds its records by. */
interface Keyed {
  readonly id: string
  readonly keys: RecordKeys
}

/** The records of one collection, by id, by unique text, and in the order of their entries. */
export class RecordCollection<Kept extends Keyed> {
  readonly #records = new Map<string, Kept>()
  /** The id of the record that has each unique text. */
  readonly #owners = new Map<string, string>()
  readonly #indexes = new Map<string, SortedList<RecordPlace>>()

  get(id: string): Kept | undefined {
    return this.#records.get(id)
  }

  all(): Iterable<Kept> {
    return this.#records.values()
  }

  /** Whether another record has one of these unique texts. */
  isTaken({ id, keys }: Keyed): boolean {
    return keys.unique.some((text) => (this.#owners.get(text) ?? id) !== id)
  }

  set(record: Kept): void {
    this.delete(record.id)
    this.#records.set(record.id, record)
    for (const text of record.keys.unique) this.#owners.set(text, record.id)
    for (const [index, entry] of record.keys.entries) {
      this.#index(index).add({ entry, id: record.id })
    }
  }

  delete(id: string): void {
    const record = this.#records.get(id)
    if (record === undefined) return
    this.#records.delete(id)
    for (const text of record.keys.unique) this.#owners.delete(text)
    for (const [index, entry] of record.keys.entries) this.#index(index).delete({ entry, id })
  }

  /** Places of an index, both ways. */
  index(name: string): SortedList<RecordPlace> | undefined {
    return this.#indexes.get(name)
  }

  /** At most `limit` ids after one, in their order, that stand under any of the entries. */
  idsUnder(name: string, entries: readonly string[], after: string, limit: number): string[] {
    const index = this.#indexes.get(name)
    if (index === undefined) return []
    const ids = new Set<string>()
    for (const entry of entries) {
      let found = 0
      for (const place of index.after({ entry, id: after })) {
        if (place.entry !== entry || found === limit) break
        ids.add(place.id)
        found += 1
      }
    }
    return [...ids].sort(compareBytes).slice(0, limit)
  }

  #index(name: string): SortedList<RecordPlace> {
    const known = this.#indexes.get(name)
    if (known !== undefined) return known
    const index = new SortedList<RecordPlace>(comparePlaces)
    this.#indexes.set(name, index)
    return index
  }
}
