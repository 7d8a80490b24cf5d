import type { Json } from 'carabiner'

/** A number below is seconds (until the year 5138), from here on milliseconds (since 1973). */
const firstMilliseconds = 1e11
/** The end of the year 9999, the last that ISO 8601 writes with four digits. */
const last = 253_402_300_799_999

/**
 * A time in UTC milliseconds: ISO 8601 with its zone, or seconds or milliseconds since 1970 as a number or its digits;
 * `undefined` for anything else.
 */
export function parseInstant(value: Json | undefined): number | undefined {
  if (typeof value === 'number') return fromNumber(value)
  if (typeof value !== 'string') return undefined
  return /^\d{1,15}(?:\.\d{1,9})?$/.test(value) ? fromNumber(Number(value)) : parseIsoTime(value)
}

const isoTime =
  /^(\d{4})-(\d\d)-(\d\d)[T ](?:[01]\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d{1,9})?)?(?:Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/i

/** A date and time of ISO 8601 with its zone, in UTC milliseconds; `undefined` for any other text. */
export function parseIsoTime(text: string): number | undefined {
  const match = isoTime.exec(text)
  if (match === null) return undefined
  const [year = 0, month = 0, day = 0] = match.slice(1).map(Number)
  return day > daysIn(year, month) ? undefined : inRange(Date.parse(text))
}

/** `Date.parse` takes the 30th of February for the 1st or 2nd of March. */
function daysIn(year: number, month: number): number {
  return new Date(Date.UTC(year, month, 0)).getUTCDate()
}

function fromNumber(value: number): number | undefined {
  return inRange(Math.floor(value < firstMilliseconds ? value * 1_000 : value))
}

function inRange(instant: number): number | undefined {
  return instant >= 0 && instant <= last ? instant : undefined
}
