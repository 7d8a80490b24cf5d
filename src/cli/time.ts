import { CarabinerError } from '../errors.ts'
import { parseDuration } from '../quantity/duration.ts'

/** A day, which begins at midnight UTC, or a moment with its offset. */
const rfc3339 = /^(\d{4}-\d\d-\d\d)([Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d))?$/

/** A point in time on the command line: RFC 3339, or a duration ago. UTC milliseconds. @throws {CarabinerError} USAGE */
export function parseTime(text: string, now: number): number {
  const [, day] = rfc3339.exec(text) ?? []
  if (day !== undefined) {
    const time = Date.parse(text)
    if (!Number.isNaN(time) && isInCalendar(day)) return time
  } else if (/^\d/.test(text) && !/^\d{4}-/.test(text)) {
    return now - parseDuration(text, { bareSeconds: true })
  }
  throw new CarabinerError(
    'USAGE',
    `expected a time such as 2026-01-31T12:00:00Z, or a duration ago such as 2h, got ${text}`,
  )
}

/** `--from` and `--to`, those that were given. @throws {CarabinerError} USAGE when nothing lies between them */
export function parseRange(
  { from, to }: { readonly from?: string | undefined; readonly to?: string | undefined },
  now: number,
): { readonly from?: number; readonly to?: number } {
  const range = {
    ...(from !== undefined && { from: parseTime(from, now) }),
    ...(to !== undefined && { to: parseTime(to, now) }),
  }
  if (range.from !== undefined && range.to !== undefined && range.from >= range.to) {
    throw new CarabinerError('USAGE', `expected --to later than --from, got ${from} to ${to}`)
  }
  return range
}

/** `Date` takes 30 February for a day in March. */
function isInCalendar(day: string): boolean {
  return new Date(day).toISOString().startsWith(day)
}
