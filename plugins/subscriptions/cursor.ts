import type { RecordPlace } from 'carabiner'
import { unfit } from './surface.ts'

/**
 * A place in one owner's listing as text: what comes after it does not change when something is added before it.
 *
 * The owner does not stand in it: a cursor leads to nobody else's objects.
 */
export function cursorOf({ entry, id }: RecordPlace): string {
  const time = entry.slice(entry.lastIndexOf('\n') + 1)
  return Buffer.from(`${time} ${id}`).toString('base64url')
}

/** The place in the listing of `owner`. @throws {RouteError} 422 for what is no cursor */
export function placeOf(owner: string, cursor: string): RecordPlace {
  const [, time, id] = shape.exec(Buffer.from(cursor, 'base64url').toString()) ?? []
  if (time === undefined || id === undefined) throw wrongCursor()
  return { entry: `${owner}\n${time}`, id }
}

export function wrongCursor(): Error {
  const message = 'must be the X-Next-Cursor of this listing'
  return unfit([{ part: 'query', pointer: '/cursor', message, keyword: 'cursor' }])
}

/** The entry under which an owner's record of this time stands: entries sort as their times do. */
export function entryOf(owner: string, atMs: number): string {
  return `${owner}\n${timeEntryOf(atMs)}`
}

/** The same without an owner. */
export function timeEntryOf(atMs: number): string {
  return String(atMs).padStart(timeDigits, '0')
}

const timeDigits = 15
const shape = /^(\d{15}) ([0-9a-f-]{36})$/
