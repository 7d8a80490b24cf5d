import type { Json } from 'carabiner'
import type { JsonObject } from './provider.ts'

/** What stands at a JSON Pointer (RFC 6901); `undefined`: nothing. */
export function valueAt(payload: Json, pointer: string): Json | undefined {
  const names = pointer.split('/').slice(1)
  return names.reduce<Json | undefined>((value, name) => {
    return memberOf(value, name.replaceAll('~1', '/').replaceAll('~0', '~'))
  }, payload)
}

/** The first text or number among several places, as a text; an empty one is none. `null`: none of them has one. */
export function textAt(payload: Json, ...pointers: readonly string[]): string | null {
  for (const pointer of pointers) {
    const text = givenTextAt(payload, pointer)
    if (text !== null && text !== '') return text
  }
  return null
}

/** The text or number at a place, as a text, an empty one too; `null`: there is none. */
export function givenTextAt(payload: Json, pointer: string): string | null {
  const value = valueAt(payload, pointer)
  if (typeof value === 'number') return String(value)
  return typeof value === 'string' ? value : null
}

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !isArray(value)
}

/** The object that a JSON text is; `undefined` for any other text. */
export function parseObject(text: string): JsonObject | undefined {
  try {
    const value: Json = JSON.parse(text)
    return isObject(value) ? value : undefined
  } catch {
    return undefined // not JSON: an answer, not a failure
  }
}

function memberOf(value: Json | undefined, name: string): Json | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  if (isArray(value)) return /^(?:0|[1-9]\d{0,8})$/.test(name) ? value[Number(name)] : undefined
  return Object.hasOwn(value, name) ? value[name] : undefined
}

function isArray(value: Json | undefined): value is readonly Json[] {
  return Array.isArray(value)
}
