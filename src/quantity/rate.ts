import { QuantityError } from './quantity-error.ts'

/** So many of something in every interval. */
export interface Rate {
  readonly count: number
  readonly perMs: number
}

const msPerUnit: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: 3_600_000 }

/** Matches exactly the texts that `parseRate` takes. */
export const ratePattern: string = '^([1-9]\\d{0,8})/(s|m|h)$'

const wholeText = new RegExp(ratePattern)

/**
 * A rate: `50/s`, `120/m`, `1000/h`; `false` is no limit.
 *
 * @throws {CarabinerError} QUANTITY_INVALID, the message says what was expected
 */
export function parseRate(text: string | false): Rate | undefined {
  if (text === false) return undefined

  const [matched, count, unit = ''] = wholeText.exec(String(text)) ?? []
  if (matched === undefined) throw refusal(text)
  return { count: Number(count), perMs: msPerUnit[unit] ?? 1_000 }
}

function refusal(got: unknown): QuantityError {
  return new QuantityError(got, 'is not a rate', 'a rate such as 50/s, 120/m or 1000/h, or false')
}
