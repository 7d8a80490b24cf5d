import { CarabinerError } from '../errors.ts'
import type { RecordPlace } from '../store/records.ts'
import type { CallbackState } from './callback.ts'

/** Which callbacks are listed: newest first, those that wait before those that failed before those that completed. */
export interface CallbackListQuery {
  /** @defaultValue all */
  readonly state?: CallbackState
  /** The `nextCursor` of the page before. @defaultValue the first page */
  readonly cursor?: string
  /** 1 to 1,000. @defaultValue 100 */
  readonly limit?: number
}

const cursorShape = /^callbacks ((?:WaitingExternal|Failed|Completed)\n\d{15}) (\S{1,36})$/

export function cursorOf({ entry, id }: RecordPlace): string {
  return Buffer.from(`callbacks ${entry} ${id}`, 'latin1').toString('base64url')
}

/** @throws {CarabinerError} USAGE for anything but the `nextCursor` of a page of the same state */
export function placeOfCursor({ state, cursor }: CallbackListQuery): RecordPlace | undefined {
  if (cursor === undefined) return undefined
  const text = Buffer.from(cursor, 'base64url').toString('latin1')
  const [, entry, id] = cursorShape.exec(text) ?? []
  if (entry?.startsWith(state ?? '') && id !== undefined && cursorOf({ entry, id }) === cursor) {
    return { entry, id }
  }
  throw new CarabinerError('USAGE', 'cursor must be the nextCursor of a page of callbacks')
}
