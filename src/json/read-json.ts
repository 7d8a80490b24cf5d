import { duplicateMember } from './duplicate-member.ts'

/** Nesting beyond which JSON is refused: what walks a value later may do so by recursion. */
const deepestNesting = 256

/** What reading bytes as JSON came to. */
export type JsonReading =
  | { readonly kind: 'value'; readonly value: unknown }
  | {
      readonly kind: 'refused'
      /** JSON Pointer to what is refused; `''` where it is all of it. */
      readonly pointer: string
      /** Begins with a verb: `is not JSON`. */
      readonly message: string
    }

/** Of several members of one name: `last` counts, as with `JSON.parse`; `once`: they are refused. */
export type EqualNames = 'last' | 'once'

/**
 * Reads JSON: UTF-8, no number that is none as a double, nothing that changes an object's prototype once it is copied, no deeper than
 * `deepestNesting`.
 */
export function readJson(bytes: Uint8Array, equalNames: EqualNames): JsonReading {
  const text = decode(bytes)
  if (text === undefined) return refused('is not UTF-8')
  const { depth, members } = shapeOf(text)
  if (depth > deepestNesting) return refused(`is nested deeper than ${deepestNesting}`)
  const parsed = parse(text)
  if (parsed === undefined) return refused('is not JSON')

  const seen = { members: 0 }
  const fault = faultIn(parsed.value, seen)
  if (fault !== undefined) return refused(fault.message, pointerTo(fault.steps))
  if (equalNames === 'once' && seen.members !== members)
    return refused('is there twice', pointerTo(duplicateMember(text)))
  return { kind: 'value', value: parsed.value }
}

function refused(message: string, pointer = ''): JsonReading {
  return { kind: 'refused', pointer, message }
}

const utf8 = new TextDecoder('utf-8', { fatal: true })

function decode(bytes: Uint8Array): string | undefined {
  try {
    return utf8.decode(bytes)
  } catch {
    return undefined // It throws for nothing else.
  }
}

function parse(text: string): { readonly value: unknown } | undefined {
  try {
    return { value: JSON.parse(text) }
  } catch {
    return undefined // It throws for nothing else; its message quotes the text.
  }
}

const quote = 0x22
const backslash = 0x5c
const colon = 0x3a
const openBracket = 0x5b
const closeBracket = 0x5d
const openBrace = 0x7b
const closeBrace = 0x7d

/** How deep a text is nested, and how many members its objects have, those of one name included. */
function shapeOf(text: string): { readonly depth: number; readonly members: number } {
  let depth = 0
  let deepest = 0
  let members = 0
  for (let at = 0; at < text.length; at++) {
    switch (text.charCodeAt(at)) {
      case quote:
        at = endOfString(text, at)
        break
      case colon:
        members += 1
        break
      case openBrace:
      case openBracket:
        depth += 1
        if (depth > deepest) deepest = depth
        break
      case closeBrace:
      case closeBracket:
        depth -= 1
    }
  }
  return { depth: deepest, members }
}

/** The place of the quote that closes the one at `start`; the end of the text without one. */
function endOfString(text: string, start: number): number {
  let at = text.indexOf('"', start + 1)
  while (at !== -1 && isEscaped(text, at)) at = text.indexOf('"', at + 1)
  return at === -1 ? text.length : at
}

function isEscaped(text: string, at: number): boolean {
  let slashes = 0
  while (text.charCodeAt(at - 1 - slashes) === backslash) slashes += 1
  return slashes % 2 === 1
}

interface Fault {
  /** Keys and indexes that lead to it, the innermost first. */
  readonly steps: (string | number)[]
  readonly message: string
}

/** Counts the members of all objects on the way. As deep as the text is nested. */
function faultIn(value: unknown, seen: { members: number }): Fault | undefined {
  if (typeof value === 'number') return Number.isFinite(value) ? undefined : tooLarge()
  if (typeof value !== 'object' || value === null) return undefined
  return Array.isArray(value) ? faultInList(value, seen) : faultInObject(value, seen)
}

function faultInList(list: readonly unknown[], seen: { members: number }): Fault | undefined {
  for (let index = 0; index < list.length; index++) {
    const fault = faultIn(list[index], seen)
    if (fault !== undefined) return { ...fault, steps: [...fault.steps, index] }
  }
  return undefined
}

function faultInObject(object: object, seen: { members: number }): Fault | undefined {
  for (const name of Object.keys(object)) {
    seen.members += 1
    const inner: unknown = Reflect.get(object, name)
    if (isPoison(name, inner)) return poison()
    const fault = faultIn(inner, seen)
    if (fault !== undefined) return { ...fault, steps: [...fault.steps, name] }
  }
  return undefined
}

function tooLarge(): Fault {
  return { steps: [], message: 'is a number that is too large' }
}

function poison(): Fault {
  return { steps: [], message: 'has a key `__proto__` or `constructor.prototype`' }
}

function isPoison(name: string, value: unknown): boolean {
  if (name === '__proto__') return true
  return (
    name === 'constructor' &&
    typeof value === 'object' &&
    value !== null &&
    Object.hasOwn(value, 'prototype')
  )
}

/** @param steps - the innermost first */
function pointerTo(steps: readonly (string | number)[]): string {
  return steps
    .toReversed()
    .map((step) => `/${String(step).replaceAll('~', '~0').replaceAll('/', '~1')}`)
    .join('')
}
