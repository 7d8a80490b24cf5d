import { quantityKeyword } from '../quantity/schemas.ts'
import { branchesOf, choicesOf, type JsonSchema, schemaAt, typesOf } from './json-schema.ts'

const quantities: Readonly<Record<string, string>> = {
  duration: 'a duration such as 10s or 1h30m, or seconds as a number',
  size: 'a size such as 64KiB or 1MB, or bytes as a whole number',
  rate: 'a rate such as 50/s or 120/m, or false',
  secrets: 'a secret, or a list of secrets',
}

/** What a schema expects, in words: `a whole number from 0 to 65535`. */
export function describeSchema(schema: JsonSchema): string {
  const quantity = quantities[String(schema[quantityKeyword])]
  if (quantity !== undefined) return quantity
  const choices = choicesOf(schema)
  if (choices !== undefined) return either(choices.map(printChoice))
  const branches = branchesOf(schema)
  if (branches !== undefined) return either([...new Set(branches.flatMap(alternatives))])
  const types = typesOf(schema)
  return types === undefined ? 'a value' : either(types.map((type) => describeType(type, schema)))
}

/** A branch that lists values is as many alternatives as it has values. */
function alternatives(branch: JsonSchema): string[] {
  const choices = choicesOf(branch)
  return choices === undefined ? [describeSchema(branch)] : choices.map(printChoice)
}

/** What a value is, in the words a schema is described with. */
export function describeKind(value: unknown): string {
  if (value === null) return 'empty'
  if (Array.isArray(value)) return 'a list'
  switch (typeof value) {
    case 'string':
      return 'a text'
    case 'number':
      return 'a number'
    case 'boolean':
      return String(value)
    default:
      return 'a map'
  }
}

/** `a, b or c` */
export function either(words: readonly string[]): string {
  const [last = '', ...others] = words.toReversed()
  return others.length === 0 ? last : `${others.reverse().join(', ')} or ${last}`
}

function printChoice(choice: unknown): string {
  return typeof choice === 'string' ? choice : JSON.stringify(choice)
}

function describeType(type: string, schema: JsonSchema): string {
  switch (type) {
    case 'string':
      return describeText(schema)
    case 'integer':
      return `a whole number${describeRange(schema)}`
    case 'number':
      return `a number${describeRange(schema)}`
    case 'boolean':
      return 'true or false'
    case 'null':
      return 'null'
    case 'array':
      return describeList(schema)
    default:
      return 'a map'
  }
}

function describeText(schema: JsonSchema): string {
  const { minLength, maxLength, pattern } = schema
  const examples: readonly unknown[] = Array.isArray(schema['examples']) ? schema['examples'] : []
  if (examples.length > 0) return `a text such as ${examples.slice(0, 2).map(String).join(' or ')}`
  if (pattern !== undefined) return `a text that matches ${String(pattern)}`
  if (minLength === 1) return 'a text that is not empty'
  if (minLength !== undefined) return `a text of at least ${Number(minLength)} characters`
  if (maxLength !== undefined) return `a text of at most ${Number(maxLength)} characters`
  return schema['format'] === undefined ? 'a text' : `a text, format ${String(schema['format'])}`
}

function describeRange(schema: JsonSchema): string {
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum } = schema
  const bounds = [
    minimum === undefined ? '' : `from ${Number(minimum)}`,
    exclusiveMinimum === undefined ? '' : `above ${Number(exclusiveMinimum)}`,
    maximum === undefined ? '' : `to ${Number(maximum)}`,
    exclusiveMaximum === undefined ? '' : `below ${Number(exclusiveMaximum)}`,
  ].filter((bound) => bound !== '')
  return bounds.length === 0 ? '' : ` ${bounds.join(' ')}`
}

function describeList(schema: JsonSchema): string {
  const items = schemaAt(schema, 'items')
  const least = Number(schema['minItems'] ?? 0)
  const length = least === 0 ? '' : ` of at least ${least}`
  return items === undefined ? `a list${length}` : `a list${length} (each ${describeSchema(items)})`
}
