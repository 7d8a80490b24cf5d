import type { MessageId } from '../ids.ts'
import type { ListedRecord, RecordListQuery } from './record-list.ts'

/** What connectors keep: small JSON documents in named collections, each found by its id, or through index entries in their order. */
export interface StoredRecord {
  readonly collection: string
  readonly id: string
  /** 1 when it was written first, one more with each write and with an erasure. */
  readonly version: number
  /** JSON. */
  readonly value: unknown
  /** Bytes kept beside it; `null` without any, and after an erasure. */
  readonly content: Uint8Array | null
  /** When its content was erased, UTC milliseconds. */
  readonly erasedAt: number | null
}

/**
 * A record as it shall be: what it was before is replaced, its entries too.
 *
 * Texts are well-formed Unicode without U+0000.
 */
export interface RecordPut {
  readonly kind: 'put'
  /** 1 to 255 bytes of UTF-8. */
  readonly collection: string
  /** 1 to 255 bytes of UTF-8. */
  readonly id: string
  /** What must be true now for the write to take place: there is none yet, or it has this version. @defaultValue anything */
  readonly expects?: 'absent' | number
  /** JSON. */
  readonly value: unknown
  /** @defaultValue `null`; `erasedAt` stays as it is then, and is `null` otherwise */
  readonly content?: Uint8Array | null
  /** No two records of a collection have one of these texts in common; each of 1 to 8,192 bytes. @defaultValue none */
  readonly unique?: readonly string[]
  /**
   * By the index's name (as an id): the entries under which the record is found. Ordered by their UTF-8 bytes, at most 1,536 of them; they have no
   * U+10FFFF.
   *
   * @defaultValue none
   */
  readonly entries?: Readonly<Record<string, readonly string[]>>
  /** Whose it is: an erasure of the tenant removes its content, if it has any, and the text it is listed with. @defaultValue `null` */
  readonly tenant?: string | null
  /** An erasure of this message removes its content, and the text it is listed with. @defaultValue `null` */
  readonly messageId?: MessageId | null
  /** When it goes by itself, UTC milliseconds. @defaultValue `null`: it stays */
  readonly expiresAt?: number | null
  /** How it stands in its collection's list. @defaultValue it is in none */
  readonly listed?: ListedRecord
}

/** A record that shall be gone. */
export interface RecordRemoval {
  readonly kind: 'remove'
  readonly collection: string
  readonly id: string
  /** @defaultValue anything, nothing there included */
  readonly expects?: number
}

/**
 * Some members of a record's value that shall be others, whatever the rest is.
 *
 * Blind: no version is expected, so that it meets no conflict. A record that is not there is left so; of one whose value is no object, the value stays.
 * Members that are set come before those that are raised. Names are well-formed Unicode without U+0000.
 */
export interface RecordPatch {
  readonly kind: 'patch'
  readonly collection: string
  readonly id: string
  /** Top-level members of the value that are replaced, in JSON. @defaultValue none */
  readonly set?: Readonly<Record<string, unknown>>
  /** Top-level members that are raised by so much, a whole number; one that is missing or no number counts as 0. @defaultValue none */
  readonly add?: Readonly<Record<string, number>>
  /** Facets of the list it stands in that change. @defaultValue none */
  readonly facets?: Readonly<Record<string, string>>
}

/** One change of the records. */
export type RecordWrite = RecordPut | RecordRemoval | RecordPatch

/** A walk along one index. */
export interface RecordQuery {
  readonly collection: string
  readonly index: string
  /** Entries that begin with this. @defaultValue `''`: all */
  readonly prefix?: string
  /** Entries from here on (inclusive), by bytes. */
  readonly from?: string
  /** Up to here (exclusive). */
  readonly to?: string
  /** @defaultValue `ascending`; entries that are equal follow each other by record id, in the same direction */
  readonly order?: 'ascending' | 'descending'
  /** Only what comes after this place, in the order asked for. */
  readonly after?: RecordPlace
  /** 1 to 1,000. */
  readonly limit: number
}

/** Where a walk stands. */
export interface RecordPlace {
  readonly entry: string
  readonly id: string
}

/** A record, and the entry that led to it. */
export interface FoundRecord extends StoredRecord {
  readonly entry: string
}

/** Records under any of several entries of one index, each once, by id. */
export interface RecordLookup {
  readonly collection: string
  readonly index: string
  readonly entries: readonly string[]
  /** Only ids after this one. */
  readonly after?: string
  /** 1 to 1,000. */
  readonly limit: number
}

/** A page of a collection's list, and how many records there are on all pages. */
export interface RecordPage {
  readonly records: readonly StoredRecord[]
  /**
   * Of the same moment as the records; but for a `text` on SQLite, which counts a few thousand at a go and lets writes in between: what is written
   * meanwhile may be counted or not.
   */
  readonly total: number
  /** Whether there are no more than `total`: more are not counted, where the query says up to which number they are. */
  readonly totalIsExact: boolean
}

/**
 * Records of connectors. What is expired is still found until `expireRecords` removes it: whoever minds looks at its own times.
 *
 * Every method rejects with STORE_UNAVAILABLE when the store cannot be reached or written.
 */
export interface RecordStore {
  /**
   * All or nothing, in the order given. Resolves when it is durable. `Store.enqueue` takes writes too, for one transaction with messages.
   *
   * @throws {RecordConflictError} what a write expects is not so, or a unique text is taken: nothing was written
   * @throws {CarabinerError} USAGE for an id, a name or an entry that cannot be kept
   */
  writeRecords(writes: readonly RecordWrite[]): Promise<void>
  /** In the order of the ids; `undefined` for those there are not. @throws {CarabinerError} USAGE for more than 1,000 */
  records(
    collection: string,
    ids: readonly string[],
  ): Promise<readonly (StoredRecord | undefined)[]>
  /** @throws {CarabinerError} USAGE for a limit that is not a whole number from 1 to 1,000, or a place that no entry can have */
  findRecords(query: RecordQuery): Promise<readonly FoundRecord[]>
  /** @throws {CarabinerError} USAGE for a limit that is not a whole number from 1 to 1,000 */
  lookUpRecords(lookup: RecordLookup): Promise<readonly StoredRecord[]>
  /**
   * What was read of a collection after one stamp was taken is so for as long as the next is equal: another one is told once a record may have
   * changed, whoever changed it. `undefined` when only asking the store can tell.
   */
  recordStamp(collection: string): string | undefined
  /**
   * A page of the records that are listed, and their number.
   *
   * @throws {CarabinerError} USAGE for an offset or limit out of range, or a name that no record of the collection is listed with
   */
  listRecords(query: RecordListQuery): Promise<RecordPage>
  /** Removes records whose `expiresAt` has come, at most `limit`. Resolves to their number. */
  expireRecords(now: number, limit: number): Promise<number>
}
