import { CarabinerError } from '../errors.ts'
import { parseDuration } from '../quantity/duration.ts'

/** A point in time on the command line: RFC 3339, or a duration ago. UTC milliseconds. @throws {CarabinerError} USAGE */
export function parseTime(text: string, now: number): number {
  if (/^\d{4}-\d{2}-\d{2}/.test(text)) {
    const time = Date.parse(text)
    if (!Number.isNaN(time)) return time
  } else if (/^\d/.test(text)) {
    return now - parseDuration(text, { bareSeconds: true })
  }
  throw new CarabinerError(
    'USAGE',
    `expected a time such as 2026-01-31T12:00:00Z, or a duration ago such as 2h, got ${text}`,
  )
}
