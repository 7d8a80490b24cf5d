import { createHash } from 'node:crypto'

/** Characters of an order key as it is stored; longer ones stand as their hash. */
const longest = 128

/** What is wrong with a JSON Pointer (RFC 6901); `undefined`: nothing. */
export function pointerProblem(pointer: string): string | undefined {
  if (pointer === '' || !pointer.startsWith('/')) return 'a JSON Pointer begins with `/`'
  if (/~(?![01])/.test(pointer))
    return 'in a JSON Pointer `~` stands as `~0` and `/` in a name as `~1`'
  return undefined
}

/**
 * The key that keeps messages in order: equal values at the pointer give equal keys. `undefined`: no order, because none is
 * wanted or the body has nothing there.
 */
export function orderKeyOf(ordered: boolean | string, body: Uint8Array): string | undefined {
  if (ordered === false) return undefined
  if (ordered === true) return '*'
  const value = valueAt(ordered, parse(body))
  if (value === undefined) return undefined
  const key = JSON.stringify(value)
  return key.length <= longest ? key : createHash('sha256').update(key).digest('hex')
}

function valueAt(pointer: string, document: unknown): unknown {
  const names = pointer.slice(1).split('/')
  return names.reduce<unknown>((value, name) => {
    if (typeof value !== 'object' || value === null) return undefined
    const key = name.replaceAll('~1', '/').replaceAll('~0', '~')
    return Object.hasOwn(value, key) ? Reflect.get(value, key) : undefined
  }, document)
}

function parse(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(body))
  } catch {
    return undefined // a channel's message need not be JSON; then it has no order
  }
}
