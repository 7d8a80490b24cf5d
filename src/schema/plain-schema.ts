import { isAnnotation } from './json-schema.ts'

type Schema = Readonly<Record<string, unknown>>

/** Says whether a keyword is one that `fitsPlainly` knows, with a value it knows. */
type KeywordCheck = (value: unknown, schema: Schema) => boolean

const isCount: KeywordCheck = (value) => Number.isInteger(value)
const isLimit: KeywordCheck = (value) => Number.isFinite(value)

const keywords: Readonly<Record<string, KeywordCheck>> = {
  type: (value) => typeof value === 'string' && Object.hasOwn(types, value),
  const: isSimple,
  enum: (value) => Array.isArray(value) && value.length > 0 && value.every(isSimple),
  minimum: isLimit,
  maximum: isLimit,
  exclusiveMinimum: isLimit,
  exclusiveMaximum: isLimit,
  minLength: isCount,
  maxLength: isCount,
  items: isPlain,
  minItems: isCount,
  maxItems: isCount,
  uniqueItems: (value) => typeof value === 'boolean',
  properties: (value) => isObject(value) && Object.values(value).every(isPlain),
  required: (value, { properties }) =>
    Array.isArray(value) &&
    value.every((name) => isObject(properties) && Object.hasOwn(properties, name)),
  additionalProperties: (value) => typeof value === 'boolean' || isPlain(value),
  minProperties: isCount,
  maxProperties: isCount,
}

const types: Readonly<Record<string, (value: unknown) => boolean>> = {
  array: Array.isArray,
  boolean: (value) => typeof value === 'boolean',
  integer: Number.isInteger,
  null: (value) => value === null,
  number: Number.isFinite,
  object: (value) => isObject(value),
  string: (value) => typeof value === 'string',
}

/** Whether a schema, and every schema in it, says only what `fitsPlainly` understands. */
export function isPlain(schema: unknown): boolean {
  if (!isObject(schema)) return false
  return Object.entries(schema).every(
    ([keyword, value]) => isAnnotation(keyword) || isKnown(keyword, value, schema),
  )
}

function isKnown(keyword: string, value: unknown, schema: Schema): boolean {
  return Object.hasOwn(keywords, keyword) && keywords[keyword]?.(value, schema) === true
}

/**
 * Whether a value surely matches a plain schema. `false` decides nothing: the value may match all the same.
 *
 * It saves a host that checks a value once or twice the compiler of schemas, which takes longer to load than the host.
 */
export function fitsPlainly(schema: Schema, value: unknown): boolean {
  if (typeof schema['type'] === 'string' && types[schema['type']]?.(value) !== true) return false
  if ('const' in schema && schema['const'] !== value) return false
  if (Array.isArray(schema['enum']) && !schema['enum'].includes(value)) return false
  switch (typeof value) {
    case 'number':
      return Number.isFinite(value) && fitsNumber(schema, value)
    case 'string':
      return isBetween([...value].length, schema['minLength'], schema['maxLength'])
    case 'boolean':
      return true
    case 'object':
      if (Array.isArray(value)) return fitsList(schema, value)
      return isObject(value) ? fitsObject(schema, value) : true
    default:
      return false
  }
}

function fitsNumber(schema: Schema, value: number): boolean {
  const { exclusiveMinimum: above, exclusiveMaximum: below } = schema
  if (typeof above === 'number' && value <= above) return false
  if (typeof below === 'number' && value >= below) return false
  return isBetween(value, schema['minimum'], schema['maximum'])
}

function fitsList(schema: Schema, list: readonly unknown[]): boolean {
  const { items, uniqueItems } = schema
  if (!isBetween(list.length, schema['minItems'], schema['maxItems'])) return false
  if (uniqueItems === true && !(list.every(isSimple) && new Set(list).size === list.length))
    return false
  return !isObject(items) || list.every((item) => fitsPlainly(items, item))
}

function fitsObject(schema: Schema, value: Schema): boolean {
  const { additionalProperties: others, required } = schema
  const properties = isObject(schema['properties']) ? schema['properties'] : {}
  const names = Object.keys(value)
  if (!isBetween(names.length, schema['minProperties'], schema['maxProperties'])) return false
  if (Array.isArray(required) && !required.every((name) => hasValue(value, name))) return false
  return names.every((name) => {
    const inner = Object.hasOwn(properties, name) ? properties[name] : others
    if (isObject(inner)) return fitsPlainly(inner, value[name])
    return inner !== false
  })
}

function hasValue(value: Schema, name: string): boolean {
  return Object.hasOwn(value, name) && value[name] !== undefined
}

function isBetween(size: number, least: unknown, most: unknown): boolean {
  return !(typeof least === 'number' && size < least) && !(typeof most === 'number' && size > most)
}

/** Whether two such values are equal exactly when `===` says so. */
function isSimple(value: unknown): boolean {
  return value === null || ['string', 'boolean'].includes(typeof value) || Number.isFinite(value)
}

function isObject(value: unknown): value is Schema {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
