import { RecordConflictError } from '../../errors.ts'
import type { MessageId } from '../../ids.ts'
import { compareBytes } from '../byte-order.ts'
import type { ErasureTarget } from '../erasure.ts'
import { unpatchable } from '../patchable-json.ts'
import type { RecordListQuery } from '../record-list.ts'
import { type OwnListing, ownListQuery, totalOf } from '../record-listing.ts'
import { checkCount, entriesToLookUp } from '../record-lookup.ts'
import { type OwnPatch, patchedJson } from '../record-patch.ts'
import { comparePlaces, rangeOf } from '../record-range.ts'
import { RecordStamps } from '../record-stamps.ts'
import type { OwnPut, OwnWrite, RecordKeys } from '../record-write.ts'
import type {
  FoundRecord,
  RecordLookup,
  RecordPage,
  RecordQuery,
  StoredRecord,
} from '../records.ts'
import { Groups } from './groups.ts'
import { inListOrder } from './listed-records.ts'
import { RecordCollection } from './record-collection.ts'
import { SortedList } from './sorted-list.ts'

/** A record as the memory store keeps it: never changed, only replaced. */
interface Kept {
  readonly collection: string
  readonly id: string
  readonly version: number
  /** JSON, `patchable`: who reads it gets an object of his own. */
  readonly value: string
  readonly content: Uint8Array | null
  readonly erasedAt: number | null
  readonly keys: RecordKeys
  readonly tenant: string | null
  readonly messageId: MessageId | null
  readonly expiresAt: number | null
  readonly listed: OwnListing | null
}

type Expiring = Pick<Kept, 'collection' | 'id' | 'expiresAt'>

/** What was under an id before a write. */
interface Replaced {
  readonly collection: string
  readonly id: string
  readonly record: Kept | undefined
}

/** What connectors keep. */
export class RecordBook {
  readonly stamps: RecordStamps = new RecordStamps()
  readonly #collections = new Map<string, RecordCollection<Kept>>()
  readonly #expiring = new SortedList<Expiring>(compareExpiry)
  readonly #ofTenant = new Groups<string, Kept>()
  readonly #ofMessage = new Groups<MessageId, Kept>()

  /** All or nothing. */
  write(writes: readonly OwnWrite[]): void {
    const done: Replaced[] = []
    try {
      for (const write of writes) done.push(this.#apply(write))
    } catch (error) {
      for (const { collection, id, record } of done.reverse()) this.#replace(collection, id, record)
      throw error
    }
  }

  records(collection: string, ids: readonly string[]): (StoredRecord | undefined)[] {
    checkCount('ids', ids)
    return ids.map((id) => this.#stored(collection, id))
  }

  find(query: RecordQuery): FoundRecord[] {
    const { low, high } = rangeOf(query)
    const index = this.#collection(query.collection).index(query.index)
    const found: FoundRecord[] = []
    if (index === undefined) return found
    const isUp = query.order !== 'descending'
    for (const place of isUp ? index.after(low) : index.before(high)) {
      const isOver = isUp ? comparePlaces(place, high) >= 0 : comparePlaces(place, low) <= 0
      if (isOver || found.length === query.limit) break
      const record = this.#stored(query.collection, place.id)
      if (record !== undefined) found.push({ ...record, entry: place.entry })
    }
    return found
  }

  lookUp(lookup: RecordLookup): StoredRecord[] {
    const { collection, index, after = '', limit } = lookup
    const entries = entriesToLookUp(lookup)
    const ids = this.#collection(collection).idsUnder(index, entries, after, limit)
    return ids.map((id) => this.#stored(collection, id)).filter((record) => record !== undefined)
  }

  list(query: RecordListQuery): RecordPage {
    const own = ownListQuery(query)
    const { collection, offset, limit, content } = own
    const matching = inListOrder(this.#collection(collection).all(), own)
    const records = matching
      .slice(offset, offset + limit)
      .map(({ id }) => this.#stored(collection, id))
      .filter((record) => record !== undefined)
      .map((record) => (content ? record : { ...record, content: null }))
    return { records, ...totalOf(matching.length, own) }
  }

  expire(now: number, limit: number): number {
    const expired: Expiring[] = []
    for (const each of this.#expiring.after(beforeAll)) {
      if (expired.length === limit || (each.expiresAt ?? now) > now) break
      expired.push(each)
    }
    for (const { collection, id } of expired) this.#replace(collection, id, undefined)
    return expired.length
  }

  erase(target: ErasureTarget, at: number, limit: number): number {
    const erased = [...this.#erasable(target)].slice(0, limit)
    for (const record of erased) {
      const { collection, id, version } = record
      const listed = record.listed && { ...record.listed, text: null }
      const rest = { ...record, content: null, erasedAt: at, version: version + 1, listed }
      this.#replace(collection, id, rest)
    }
    return erased.length
  }

  #apply(write: OwnWrite): Replaced {
    const { collection, id } = write
    const stored = this.#collection(collection).get(id)
    if (write.kind === 'patch') {
      return this.#replace(collection, id, stored && patchedOf(stored, write))
    }
    if (write.expects === 'absent' && stored !== undefined) {
      throw new RecordConflictError(write, 'exists')
    }
    if (typeof write.expects === 'number' && write.expects !== stored?.version) {
      throw new RecordConflictError(write, 'version')
    }
    const next = write.kind === 'put' ? keptOf(write, stored) : undefined
    if (next !== undefined && this.#collection(collection).isTaken(next)) {
      throw new RecordConflictError(write, 'unique')
    }
    return this.#replace(collection, id, next)
  }

  #replace(collection: string, id: string, next: Kept | undefined): Replaced {
    this.stamps.touch(collection)
    const of = this.#collection(collection)
    const record = of.get(id)
    if (record !== undefined) this.#forget(record)
    if (next === undefined) of.delete(id)
    else this.#keep(of, next)
    return { collection, id, record }
  }

  #keep(collection: RecordCollection<Kept>, record: Kept): void {
    collection.set(record)
    if (record.expiresAt !== null) this.#expiring.add(record)
    if (record.content === null) return
    if (record.tenant !== null) this.#ofTenant.add(record.tenant, record)
    if (record.messageId !== null) this.#ofMessage.add(record.messageId, record)
  }

  #forget(record: Kept): void {
    if (record.expiresAt !== null) this.#expiring.delete(record)
    if (record.tenant !== null) this.#ofTenant.delete(record.tenant, record)
    if (record.messageId !== null) this.#ofMessage.delete(record.messageId, record)
  }

  #erasable(target: ErasureTarget): Iterable<Kept> {
    switch (target.kind) {
      case 'message':
        return this.#ofMessage.of(target.id)
      case 'tenant':
        return this.#ofTenant.of(target.tenant)
    }
  }

  #stored(collection: string, id: string): StoredRecord | undefined {
    const kept = this.#collection(collection).get(id)
    if (kept === undefined) return undefined
    const { version, value, content, erasedAt } = kept
    const own = content && Uint8Array.from(content)
    return {
      collection,
      id,
      version,
      value: JSON.parse(unpatchable(value)),
      content: own,
      erasedAt,
    }
  }

  #collection(name: string): RecordCollection<Kept> {
    const known = this.#collections.get(name)
    if (known !== undefined) return known
    const collection = new RecordCollection<Kept>()
    this.#collections.set(name, collection)
    return collection
  }
}

function keptOf({ kind: _, expects: __, ...put }: OwnPut, stored: Kept | undefined): Kept {
  const erasedAt = put.content === null ? (stored?.erasedAt ?? null) : null
  return { ...put, version: (stored?.version ?? 0) + 1, erasedAt }
}

function patchedOf(stored: Kept, patch: OwnPatch): Kept {
  const { value, version, listed } = stored
  return {
    ...stored,
    value: patchedJson(value, patch),
    version: version + 1,
    listed: listed && { ...listed, facets: { ...listed.facets, ...patch.facets } },
  }
}

const beforeAll: Expiring = { collection: '', id: '', expiresAt: Number.NEGATIVE_INFINITY }

function compareExpiry(a: Expiring, b: Expiring): number {
  const times = Math.sign((a.expiresAt ?? 0) - (b.expiresAt ?? 0))
  return times || compareBytes(a.collection, b.collection) || compareBytes(a.id, b.id)
}
