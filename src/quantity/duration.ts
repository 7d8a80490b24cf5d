import { QuantityError } from './quantity-error.ts'

/** How a duration is written: a number of seconds, or `1h30m`, `500ms`, `1.5s`, `2d`, `1w`. */
export type DurationText = number | string

export interface DurationOptions {
  /** Whether 0 is a duration here. @defaultValue false */
  readonly zero?: boolean
  /** Whether bare digits in a text count seconds: on a command line and in a header everything is text. @defaultValue false */
  readonly bareSeconds?: boolean
}

const msPerUnit: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
}

const part = /(\d{1,15})(?:\.(\d{1,9}))?(ns|us|ms|s|m|h|d|w)/g

/** Matches exactly the texts that `parseDuration` takes, 0 included. */
export const durationPattern: string = '^(?:\\d{1,15}(?:\\.\\d{1,9})?(?:ns|us|ms|s|m|h|d|w))+$'

/** Matches exactly the texts that `parseDuration` takes when 0 is refused. */
export const positiveDurationPattern: string = `^(?=.*[1-9])${durationPattern.slice(1)}`

/** Characters of the longest text that is read. */
export const longestDuration: number = 64

/** The number of seconds beyond which a duration is refused. */
export const mostSeconds: number = 1e12

const wholeText = new RegExp(durationPattern)
const bare = /^\d{1,15}(?:\.\d{1,9})?$/

/**
 * Milliseconds of a duration: a number counts seconds, a text names its units (`1h30m`, `500ms`, `1.5s`).
 *
 * Strict: spaces, signs, numbers in quotes (unless `bareSeconds` allows them) and parts without a unit are refused; so is 0,
 * unless `zero` allows it.
 *
 * @throws {CarabinerError} QUANTITY_INVALID, the message says what was expected
 */
export function parseDuration(text: DurationText, options: DurationOptions = {}): number {
  const isSeconds = typeof text === 'number' || (options.bareSeconds === true && bare.test(text))
  const ms = isSeconds ? fromSeconds(Number(text)) : fromText(text)
  if (ms === 0 && options.zero !== true) throw refusal(text, 'is no time at all')
  return ms
}

/** A duration as a person writes it: `1h30m`, `1.5s`, `500ms`; `parseDuration` reads it back. */
export function printDuration(ms: number): string {
  if (ms === 0) return '0s'
  if (ms < 1_000) return printSmall(ms)
  const days = Math.floor(ms / 86_400_000)
  const hours = Math.floor((ms % 86_400_000) / 3_600_000)
  const minutes = Math.floor((ms % 3_600_000) / 60_000)
  const seconds = Math.round((ms % 60_000) * 1e6) / 1e9
  return [
    days > 0 ? `${days}d` : '',
    hours > 0 ? `${hours}h` : '',
    minutes > 0 ? `${minutes}m` : '',
    seconds > 0 ? `${decimal(seconds)}s` : '',
  ].join('')
}

function fromSeconds(seconds: number): number {
  if (!Number.isFinite(seconds)) throw refusal(seconds, 'is not a number of seconds')
  if (seconds < 0) throw refusal(seconds, 'is negative')
  if (seconds > mostSeconds) throw refusal(seconds, 'is too long')
  if (seconds === 0) return 0
  // To the nanosecond, and never to nothing: 1.001 × 1000 would be 1000.9999999999999, and 1e-6 / 1000 is less than 1e-9.
  return Math.max(1, Math.round(seconds * 1e9)) / 1e6
}

function fromText(text: string): number {
  if (text.length > longestDuration || !wholeText.test(text)) throw refusal(text, whyNot(text))

  let ms = 0
  for (const [, whole, fraction = '', unit = ''] of text.matchAll(part)) {
    const factor = msPerUnit[unit] ?? 0
    ms += Number(whole) * factor + (Number(fraction) * factor) / 10 ** fraction.length
  }
  return ms
}

function whyNot(text: string): string {
  if (/^\d+(\.\d+)?$/.test(text)) return 'is a number in quotes'
  if (/\s/.test(text)) return 'contains a space'
  if (text.startsWith('-')) return 'is negative'
  if (/^(\d+(\.\d+)?[a-z]+)+\d+(\.\d+)?$/.test(text)) return 'ends without a unit'
  return 'is not a duration'
}

function refusal(got: unknown, reason: string): QuantityError {
  return new QuantityError(
    got,
    reason,
    'seconds as a number, or units as in 500ms, 1.5s, 1h30m, 2d',
  )
}

function printSmall(ms: number): string {
  if (ms >= 1) return `${decimal(ms)}ms`
  return ms >= 1e-3 ? `${decimal(ms * 1e3)}us` : `${decimal(ms * 1e6)}ns`
}

/** Plain decimals, to nine places: the grammar knows no exponents. */
function decimal(value: number): string {
  return value.toFixed(9).replace(/\.?0+$/, '')
}
