import type { TObject } from 'typebox'
import { isAnnotation } from '../schema/json-schema.ts'

/** Copies, checks and freezes params; `undefined` decides nothing. */
export type FlatReader = (given: unknown) => Readonly<Record<string, unknown>> | undefined

/**
 * Does in one go what most params need: texts, truth values, and numbers between limits.
 *
 * It saves them the walk of the copy and the compiled check, which cost more than to call three handlers. For params that
 * the signature may refuse, or that hold more, it leaves the answer to those.
 */
export function flatReader(signature: TObject): FlatReader {
  const fields = fieldsOf(signature)
  if (fields === undefined) return () => undefined
  const byName = new Map(fields.map((field) => [field.name, field]))
  const required = fields.filter(({ isRequired }) => isRequired).length
  return (given) => {
    if (!isPlainObject(given)) return undefined
    // Spreading defines: a key named `__proto__` stays a key.
    const copy: Record<string, unknown> = { ...given }
    let keys = 0
    let met = 0
    for (const key in copy) {
      // Most callers name them in the order of the signature.
      const next = fields[keys++]
      const field = next?.name === key ? next : byName.get(key)
      if (!fits(field, copy[key])) return undefined
      if (field?.isRequired === true) met++
    }
    if (met < required) return undefined
    return keys === 0 ? nothing : Object.freeze(copy)
  }
}

/** The params of every event that is its name alone: freezing a new object costs more than calling a handler. */
const nothing: Readonly<Record<string, unknown>> = Object.freeze({})

/**
 * Asking for the prototype itself would be a call into the runtime. What only pretends to be a plain object is copied like
 * one: its own fields.
 */
function isPlainObject(given: unknown): given is object {
  return typeof given === 'object' && given !== null && given.constructor === Object
}

interface Field {
  readonly name: string
  readonly type: 'boolean' | 'number' | 'string'
  readonly least: number
  readonly most: number
  readonly isRequired: boolean
}

/** @param field - undefined: the signature does not name it, any simple value will do */
function fits(field: Field | undefined, value: unknown): boolean {
  if (field === undefined) return isSimple(value)
  if (typeof value !== field.type) return false
  return typeof value !== 'number' || (value >= field.least && value <= field.most)
}

/** Whether a value is neither code nor holds other values: there is nothing to copy or to refuse. */
export function isSimple(value: unknown): boolean {
  switch (typeof value) {
    case 'object':
      return value === null
    case 'function':
    case 'symbol':
      return false
    default:
      return true
  }
}

function fieldsOf(signature: TObject): readonly Field[] | undefined {
  const { type, properties, required, ...others } = signature
  if (!Object.keys(others).every(isAnnotation)) return undefined
  if (required?.every((name) => Object.hasOwn(properties, name)) === false) return undefined
  const fields: Field[] = []
  for (const [name, schema] of Object.entries(properties)) {
    const field = fieldOf(name, schema, required?.includes(name) === true)
    if (field === undefined) return undefined
    fields.push(field)
  }
  return fields
}

function fieldOf(name: string, schema: object, isRequired: boolean): Field | undefined {
  const { type, minimum, maximum, ...others } = schema as Readonly<Record<string, unknown>>
  if (type !== 'boolean' && type !== 'number' && type !== 'string') return undefined
  if (!Object.keys(others).every(isAnnotation)) return undefined
  // Infinity is no number of JSON; nor is NaN, which is between no limits.
  const least = limit(minimum, -Number.MAX_VALUE)
  const most = limit(maximum, Number.MAX_VALUE)
  if (least === undefined || most === undefined) return undefined
  return { name, type, least, most, isRequired }
}

function limit(given: unknown, otherwise: number): number | undefined {
  if (given === undefined) return otherwise
  return typeof given === 'number' ? given : undefined
}
