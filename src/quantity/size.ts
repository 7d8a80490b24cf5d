import { QuantityError } from './quantity-error.ts'

const bytesPerUnit: Readonly<Record<string, number>> = {
  B: 1,
  kB: 1e3,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  KiB: 2 ** 10,
  MiB: 2 ** 20,
  GiB: 2 ** 30,
}

/** Matches exactly the texts that `parseSize` takes. */
export const sizePattern: string =
  '^(?=.*[1-9])(\\d{1,9})(?:\\.(\\d{1,6}))?(B|kB|KB|MB|GB|KiB|MiB|GiB)$'

const wholeText = new RegExp(sizePattern)

/**
 * Bytes of a size: a whole number counts bytes, a text names its unit (`64KiB`, `1MB`, `1.5GiB`). Fractions of a byte round up.
 *
 * @throws {CarabinerError} QUANTITY_INVALID, the message says what was expected
 */
export function parseSize(text: number | string): number {
  if (typeof text === 'number') return fromBytes(text)

  const [matched, whole, fraction = '', unit = ''] = wholeText.exec(text) ?? []
  if (matched === undefined) throw refusal(text, whyNot(text))
  const factor = bytesPerUnit[unit] ?? 1
  return Math.ceil(Number(whole) * factor + (Number(fraction) * factor) / 10 ** fraction.length)
}

function fromBytes(bytes: number): number {
  if (!Number.isSafeInteger(bytes)) throw refusal(bytes, 'is not a whole number of bytes')
  if (bytes < 1) throw refusal(bytes, 'is no size')
  return bytes
}

function whyNot(text: string): string {
  if (/^\d+(\.\d+)?$/.test(text)) return 'is a number in quotes'
  if (/\s/.test(text)) return 'contains a space'
  if (/^0+(\.0+)?[A-Za-z]+$/.test(text)) return 'is no size'
  return 'is not a size'
}

function refusal(got: unknown, reason: string): QuantityError {
  return new QuantityError(got, reason, 'bytes as a whole number, or units as in 64KiB, 1MB')
}
