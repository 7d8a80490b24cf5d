/**
 * The source text of an object's member, as it stands in the JSON text: numbers, spaces and escapes as they were written.
 *
 * @param text - JSON text of an object, known to be valid: what `JSON.parse` refuses gives any text
 * @returns of several members of that name the last, as `JSON.parse` has it; `undefined` without one
 * @example
 * ```ts
 * import { rawMember } from 'carabiner'
 *
 * rawMember('{ "price": 1.0 }', 'price') // '1.0'
 * ```
 */
export function rawMember(text: string, name: string): string | undefined {
  let found: string | undefined
  let at = skipSpace(text, text.indexOf('{') + 1)
  while (text[at] === '"') {
    const nameEnd = endOfString(text, at)
    const start = skipSpace(text, skipSpace(text, nameEnd) + 1)
    const end = endOfValue(text, start)
    if (isNamed(text.slice(at, nameEnd), name)) found = text.slice(start, end)
    at = skipSpace(text, skipSpace(text, end) + 1)
  }
  return found
}

/**
 * The source texts of an array's items, as they stand in the JSON text.
 *
 * @param text - JSON text of an array, known to be valid: what `JSON.parse` refuses gives any texts
 */
export function rawItems(text: string): readonly string[] {
  const items: string[] = []
  let at = skipSpace(text, text.indexOf('[') + 1)
  while (at < text.length && text[at] !== ']') {
    const end = endOfValue(text, at)
    items.push(text.slice(at, end))
    at = skipSpace(text, skipSpace(text, end) + 1)
  }
  return items
}

function isNamed(literal: string, name: string): boolean {
  if (!literal.includes('\\')) return literal.slice(1, -1) === name
  return JSON.parse(literal) === name
}

function endOfValue(text: string, start: number): number {
  switch (text[start]) {
    case '"':
      return endOfString(text, start)
    case '{':
    case '[':
      return endOfContainer(text, start)
    default:
      return endOf(/[^\s,}\]]*/y, text, start)
  }
}

/** The place after the bracket that closes the one at `start`. */
function endOfContainer(text: string, start: number): number {
  const marks = /["{}[\]]/g
  let depth = 0
  marks.lastIndex = start
  // `test`, where `exec` would make an array for each mark.
  while (marks.test(text)) {
    const at = marks.lastIndex - 1
    const mark = text[at]
    if (mark === '"') marks.lastIndex = endOfString(text, at)
    else depth += mark === '{' || mark === '[' ? 1 : -1
    if (depth === 0) return marks.lastIndex
  }
  return text.length
}

/** The place after the quote that closes the one at `start`. */
function endOfString(text: string, start: number): number {
  let at = text.indexOf('"', start + 1)
  while (at !== -1 && isEscaped(text, at)) at = text.indexOf('"', at + 1)
  return at === -1 ? text.length : at + 1
}

function isEscaped(text: string, at: number): boolean {
  let slashes = 0
  while (text[at - 1 - slashes] === '\\') slashes += 1
  return slashes % 2 === 1
}

/** The text is valid, so nothing else below the space stands between its parts. */
function skipSpace(text: string, start: number): number {
  let at = start
  while (text.charCodeAt(at) <= space) at += 1
  return at
}

const space = 0x20

function endOf(pattern: RegExp, text: string, at: number): number {
  pattern.lastIndex = at
  pattern.test(text)
  return pattern.lastIndex
}
