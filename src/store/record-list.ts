/**
 * How a record stands in its collection's list.
 *
 * All records of a collection that are listed have facets of the same names, and times of the same names.
 */
export interface ListedRecord {
  /** What lists are filtered by: at most 4 texts of at most 255 bytes by name, each with few different values (kinds, states). */
  readonly facets: Readonly<Record<string, string>>
  /** What lists are sorted by and ranged over: 1 to 3 times by name, UTC milliseconds. */
  readonly times: Readonly<Record<string, number>>
  /** What is searched by its parts, ignoring case; of the first 512 characters. Erased with the record's content. @defaultValue `null`: found by no text */
  readonly text?: string | null
}

/** One page of a collection's list. */
export interface RecordListQuery {
  readonly collection: string
  /** Only records with these facets. @defaultValue all */
  readonly facets?: Readonly<Record<string, string>>
  /** Only records with a time between these, both inclusive. @defaultValue all */
  readonly range?: RecordListRange
  /** Only records whose text contains this, ignoring case. No character stands for others. @defaultValue `''`: all */
  readonly text?: string
  /** Of records that contain the `text`, so many are counted at most, from 1 on; without a text, nothing need be counted. @defaultValue all of them */
  readonly countTo?: number
  readonly order: RecordListOrder
  /** How many records come before the page. */
  readonly offset: number
  /** 1 to 1,000. */
  readonly limit: number
  /** Whether the records bring their content. @defaultValue `true`; without, it is `null` */
  readonly content?: boolean
}

/** Times from one to another. */
export interface RecordListRange {
  /** The name of a time. */
  readonly time: string
  /** UTC milliseconds. @defaultValue no limit */
  readonly from?: number
  /** UTC milliseconds, inclusive. @defaultValue no limit */
  readonly to?: number
}

/** The order of a list. What is equal follows by id, in the same direction. */
export interface RecordListOrder {
  /** The name of a time or of a facet (by the bytes of its value). */
  readonly by: string
  /** The time that orders records with the same facet. @defaultValue the first time, by name */
  readonly thenBy?: string
  readonly direction: 'ascending' | 'descending'
}
