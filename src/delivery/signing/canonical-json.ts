/**
 * JSON as Python's `json.dumps(value, sort_keys=True, separators=(',', ':'))` writes it.
 *
 * It works on the source text, because there `1` and `1.0` are two numbers, and an integer may have any length.
 */

/** Levels of nesting that are accepted; Python gives up at about as many. */
const maxDepth = 1000

/** The canonical form of a JSON text; `undefined` when it is none, is nested too deep or holds a number no double can. */
export function canonicalJson(source: string | Uint8Array): string | undefined {
  const text = typeof source === 'string' ? source : decodeUtf8(source)
  const value = text === undefined ? undefined : parse(text)
  return value === undefined ? undefined : write(value, 0)
}

/**
 * The canonical form of a value, as it is after `JSON.stringify`: whole numbers are integers, `-0` is `0`.
 *
 * @throws {TypeError} when the value has no JSON
 */
export function canonicalJsonOf(value: unknown): string {
  // Typed as a string, but `undefined`, functions and symbols give `undefined`.
  const text: string | undefined = JSON.stringify(value)
  const canonical = text === undefined ? undefined : canonicalJson(text)
  if (canonical === undefined) throw new TypeError('expected a value that can be written as JSON')
  return canonical
}

/** A parsed value whose numbers are in their canonical text already. */
type Parsed = null | boolean | string | NumberText | readonly Parsed[] | ParsedObject
interface ParsedObject {
  readonly [key: string]: Parsed
}

class NumberText {
  readonly text: string | undefined

  constructor(text: string | undefined) {
    this.text = text
  }
}

function decodeUtf8(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return undefined // not UTF-8, hence not JSON: an answer, not a failure
  }
}

function parse(text: string): Parsed | undefined {
  try {
    // The reviver turns every number into a NumberText, so what is left is what `Parsed` says.
    return JSON.parse(text, reviveNumber) as Parsed
  } catch {
    return undefined // not JSON, or nested deeper than the engine can go: an answer, not a failure
  }
}

function reviveNumber(_key: string, value: unknown, context?: { readonly source?: string }) {
  return typeof value === 'number' ? new NumberText(numberText(context?.source ?? '')) : value
}

function write(value: Parsed, depth: number): string | undefined {
  if (value instanceof NumberText) return value.text
  if (typeof value === 'string') return writeString(value)
  if (value === null || typeof value === 'boolean') return String(value)
  if (depth === maxDepth) return undefined
  return isArray(value) ? writeArray(value, depth + 1) : writeObject(value, depth + 1)
}

function writeArray(values: readonly Parsed[], depth: number): string | undefined {
  const items: string[] = []
  for (const value of values) {
    const item = write(value, depth)
    if (item === undefined) return undefined
    items.push(item)
  }
  return `[${items.join(',')}]`
}

function writeObject(object: ParsedObject, depth: number): string | undefined {
  const members: string[] = []
  for (const key of Object.keys(object).sort(byCodePoint)) {
    const value = write(object[key] ?? null, depth)
    if (value === undefined) return undefined
    members.push(`${writeString(key)}:${value}`)
  }
  return `{${members.join(',')}}`
}

const shortEscapes: Readonly<Record<string, string>> = {
  '\b': '\\b',
  '\t': '\\t',
  '\n': '\\n',
  '\f': '\\f',
  '\r': '\\r',
  '"': '\\"',
  '\\': '\\\\',
}

/** Without the `u` flag the pattern sees UTF-16 units, so a character beyond them becomes its two surrogates. */
function writeString(text: string): string {
  return `"${text.replace(/[^\x20-\x7e]|["\\]/g, escapeUnit)}"`
}

function escapeUnit(unit: string): string {
  return shortEscapes[unit] ?? `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`
}

/** Integers in full; else as Python's `repr`: shortest digits, an exponent below 1e-4 and from 1e16. */
function numberText(source: string): string | undefined {
  if (!/[.eE]/.test(source)) return source === '-0' ? '0' : source

  const value = Number(source)
  if (!Number.isFinite(value)) return undefined
  if (value === 0) return Object.is(value, -0) ? '-0.0' : '0.0'

  const [digits = '', exponent = ''] = value.toExponential().split('e')
  const power = Number(exponent)
  if (power < -4 || power >= 16) return `${digits}e${signed(power)}`
  // Between these limits JavaScript writes no exponent either.
  return Number.isInteger(value) ? `${value}.0` : String(value)
}

function signed(power: number): string {
  return `${power < 0 ? '-' : '+'}${String(Math.abs(power)).padStart(2, '0')}`
}

/** Differs from the default order of UTF-16 units where a character beyond U+FFFF meets one from U+E000 on. */
function byCodePoint(a: string, b: string): number {
  let i = 0
  while (i < a.length && a.codePointAt(i) === b.codePointAt(i)) i++
  return (a.codePointAt(i) ?? -1) - (b.codePointAt(i) ?? -1)
}

function isArray(value: readonly Parsed[] | ParsedObject): value is readonly Parsed[] {
  return Array.isArray(value)
}
