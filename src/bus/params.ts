import type { TObject } from 'typebox'
import { EventParamsError, type Mismatch } from '../errors.ts'
import type { Validator } from '../schema/validator.ts'
import { flatReader, isSimple } from './flat-params.ts'

/** Plain data nested deeper than this is taken for data that contains itself. */
const deepestNesting = 1_000

export type Params = Readonly<Record<string, unknown>>

/**
 * Makes the params of a dispatch from what the caller gave: a copy with the signature's defaults, checked, deeply frozen.
 *
 * Copied are plain data, dates and byte arrays; objects of classes become plain. What is not data (functions, maps,
 * promises) does not match: params travel to webhooks and into the audit trail.
 */
export type ParamsReader = (given: unknown) => Params

/** @throws (the reader) {EventParamsError} the params do not match the signature */
export function paramsReader(
  event: string,
  signature: TObject,
  validator: Validator,
): ParamsReader {
  if (hasDefaults(signature)) {
    const check = validator.compileWithDefaults(signature)
    return (given) => {
      const copy = copyOf(event, given, false)
      refuse(event, check(copy))
      return freezeDeeply(copy)
    }
  }
  const check = validator.compile(signature)
  const readFlat = flatReader(signature)
  return (given) => {
    const flat = readFlat(given)
    if (flat !== undefined) return flat
    const copy = copyOf(event, given, true)
    refuse(event, check(copy))
    return copy
  }
}

function refuse(event: string, mismatches: readonly Mismatch[]): void {
  if (mismatches.length > 0) throw new EventParamsError(event, mismatches)
}

/** Whether a default stands anywhere in a schema. A property that happens to be named `default` costs a little, no more. */
function hasDefaults(schema: unknown): boolean {
  if (typeof schema !== 'object' || schema === null) return false
  return 'default' in schema || Object.values(schema).some(hasDefaults)
}

function copyOf(event: string, given: unknown, freeze: boolean): Params {
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw new EventParamsError(event, [{ pointer: '', message: 'must be an object' }])
  }
  const refused: Mismatch[] = []
  const copy = copyObject(given, { freeze, refused, pointer: '', depth: 0 })
  refuse(event, refused)
  // An object that is no list is copied to an object, or refused.
  return copy as Params
}

interface Place {
  readonly freeze: boolean
  readonly refused: Mismatch[]
  readonly pointer: string
  readonly depth: number
}

function copyObject(value: object, place: Place): unknown {
  if (place.depth > deepestNesting) {
    return refusal(place, `must not be nested deeper than ${deepestNesting}`)
  }
  if (Array.isArray(value)) return copyList(value, place)
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null) return copyUnusual(value, place)
  if (prototype === null && isRawJson(value)) return value
  return copyFields(value, place)
}

function copyFields(value: object, place: Place): object {
  const copy: Record<string, unknown> = { ...value }
  for (const key in copy) {
    const inside = copy[key]
    if (!isSimple(inside)) copy[key] = copyInside(inside, key, place)
  }
  return place.freeze ? Object.freeze(copy) : copy
}

function copyList(value: readonly unknown[], place: Place): readonly unknown[] {
  const copy = value.map((inside, index) =>
    typeof inside === 'object' ? inside && copyInside(inside, index, place) : inside,
  )
  for (const [index, inside] of copy.entries()) {
    if (isCode(inside)) copyInside(inside, index, place)
  }
  return place.freeze ? Object.freeze(copy) : copy
}

function copyInside(inside: unknown, key: string | number, place: Place): unknown {
  const step = String(key).replaceAll('~', '~0').replaceAll('/', '~1')
  const { freeze, refused, pointer, depth } = place
  const innerPlace = { freeze, refused, pointer: `${pointer}/${step}`, depth: depth + 1 }
  if (typeof inside === 'object' && inside !== null) return copyObject(inside, innerPlace)
  return refusal(innerPlace, `must be data, is a ${typeof inside}`)
}

function copyUnusual(value: object, place: Place): unknown {
  if (value instanceof Date) return new Date(value)
  if (value instanceof Uint8Array) return Uint8Array.from(value)
  const kind = Object.prototype.toString.call(value).slice(8, -1)
  if (kind === 'Object') return copyFields(value, place)
  return refusal(place, `must be data, is a ${kind}`)
}

function isCode(value: unknown): boolean {
  return typeof value === 'function' || typeof value === 'symbol'
}

/** What `JSON.rawJSON` makes: a number that keeps its text. It is frozen, and a copy would no longer be one. */
function isRawJson(value: object): boolean {
  return 'rawJSON' in value && Object.isFrozen(value)
}

function refusal(place: Place, message: string): undefined {
  place.refused.push({ pointer: place.pointer, message })
  return undefined
}

function freezeDeeply<T extends object>(value: T): T {
  for (const inside of Object.values(value)) {
    const canFreeze = typeof inside === 'object' && inside !== null && !ArrayBuffer.isView(inside)
    if (canFreeze && !Object.isFrozen(inside)) freezeDeeply(inside)
  }
  return Object.freeze(value)
}
