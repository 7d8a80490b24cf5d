import { suggestion } from '../bus/suggestion.ts'
import { describeKind, describeSchema } from './describe-schema.ts'
import { choicesOf, type JsonSchema, typesOf } from './json-schema.ts'
import type { Scalar, ScalarTree } from './tree.ts'

/** Why a value does not fit. `otherKind`: it is something else altogether, and another branch of a union may be meant. */
export interface Misfit {
  readonly otherKind: boolean
  /** Follows the value's name: `` `port` is a text``. */
  readonly message: string
  readonly expected: string
}

/** The value of a scalar as a schema wants it: a loose text becomes a number, a boolean or null where a text does not fit. */
export function settleScalar(tree: ScalarTree, schema: JsonSchema): Scalar {
  const { value, loose } = tree
  if (!loose || typeof value !== 'string') return value
  const choices = choicesOf(schema)
  if (choices !== undefined) {
    const chosen = choices.find((choice) => String(choice) === value)
    // Proof of the cast: its text equals a scalar's, and a list or map among the choices is refused later all the same.
    return chosen === undefined ? value : (chosen as Scalar)
  }
  const types = typesOf(schema) ?? ['string']
  if (types.includes('string')) return value
  if (types.some((type) => type === 'number' || type === 'integer') && number.test(value)) {
    return Number(value)
  }
  if (types.includes('boolean') && (value === 'true' || value === 'false')) return value === 'true'
  return types.includes('null') && (value === 'null' || value === '') ? null : value
}

const number = /^[+-]?(\d+|\d*\.\d+)([eE][+-]?\d+)?$/

/** Checks a scalar against the keywords that speak of scalars. */
export function checkScalar(value: Scalar, schema: JsonSchema): Misfit | undefined {
  const choices = choicesOf(schema)
  if (choices !== undefined && !choices.includes(value)) return notAChoice(value, choices, schema)
  const types = typesOf(schema)
  if (types !== undefined && !types.some((type) => isOfType(value, type)))
    return wrongKind(value, schema)
  const wrong = typeof value === 'string' ? checkText(value, schema) : checkNumber(value, schema)
  if (wrong === undefined) return undefined
  return { otherKind: false, message: wrong, expected: describeSchema(schema) }
}

export function wrongKind(value: unknown, schema: JsonSchema): Misfit {
  return { otherKind: true, message: `is ${describeKind(value)}`, expected: describeSchema(schema) }
}

export function notAChoice(value: Scalar, choices: readonly unknown[], schema: JsonSchema): Misfit {
  const words = choices.filter((choice) => typeof choice === 'string')
  const meant = typeof value === 'string' ? suggestion(value, words) : ''
  const message = `is none of the values it may have${meant}`
  return { otherKind: true, message, expected: describeSchema(schema) }
}

function isOfType(value: Scalar, type: string): boolean {
  switch (type) {
    case 'string':
      return typeof value === 'string'
    case 'number':
      return Number.isFinite(value)
    case 'integer':
      return Number.isInteger(value)
    case 'boolean':
      return typeof value === 'boolean'
    case 'null':
      return value === null
    default:
      return false
  }
}

function checkText(text: string, schema: JsonSchema): string | undefined {
  const { minLength, maxLength, pattern } = schema
  if (typeof minLength === 'number' && lengthOf(text) < minLength) {
    return text === '' ? 'is empty' : `has fewer than ${minLength} characters`
  }
  if (typeof maxLength === 'number' && lengthOf(text) > maxLength) {
    return `has more than ${maxLength} characters`
  }
  if (typeof pattern === 'string' && !new RegExp(pattern, 'u').test(text)) {
    return 'does not have the form it must have'
  }
  return undefined
}

/** JSON Schema counts characters, not UTF-16 units. */
function lengthOf(text: string): number {
  return Array.from(text).length
}

function checkNumber(value: Scalar, schema: JsonSchema): string | undefined {
  if (typeof value !== 'number') return undefined
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf } = schema
  if (typeof minimum === 'number' && value < minimum) return `is below ${minimum}`
  if (typeof maximum === 'number' && value > maximum) return `is above ${maximum}`
  if (typeof exclusiveMinimum === 'number' && value <= exclusiveMinimum) {
    return `is not above ${exclusiveMinimum}`
  }
  if (typeof exclusiveMaximum === 'number' && value >= exclusiveMaximum) {
    return `is not below ${exclusiveMaximum}`
  }
  if (typeof multipleOf === 'number' && !Number.isInteger(value / multipleOf)) {
    return `is no multiple of ${multipleOf}`
  }
  return undefined
}
