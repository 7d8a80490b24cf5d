import { CarabinerError } from '../errors.ts'
import { pageLimit } from './paging.ts'
import { isRecordEntry } from './record-text.ts'
import type { RecordLookup } from './records.ts'

const mostAtOnce = 1000

/** @throws {CarabinerError} USAGE for more than are read in one call */
export function checkCount(what: string, asked: readonly string[]): void {
  if (asked.length <= mostAtOnce) return
  throw new CarabinerError(
    'USAGE',
    `at most ${mostAtOnce} ${what} in one call, got ${asked.length}`,
  )
}

/** The entries of a lookup, each once, without those under which nothing can be. @throws {CarabinerError} USAGE for a limit out of range */
export function entriesToLookUp({ entries, limit }: RecordLookup): readonly string[] {
  pageLimit(limit)
  return [...new Set(entries)].filter(isRecordEntry)
}
