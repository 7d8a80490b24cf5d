import type { FastifySchemaCompiler } from 'fastify'
import type { RequestMismatch } from '../connector/route-answer.ts'
import type { Validator } from '../schema/validator.ts'
import { mismatching } from './request-error.ts'

type Verdict = { readonly value: unknown } | { readonly error: Error }

/** Gives a part of a request as its schema wants it. @throws {RequestError} 400 */
export type PartReader = (received: unknown) => unknown

/** Checks queries, path parameters and bodies against the schemas of the host's own routes. */
export function compileRequestSchema(validator: Validator): FastifySchemaCompiler<object> {
  return ({ schema, httpPart }) => {
    const check = checkOf(validator, schema, partOf(httpPart))
    return (received: unknown): Verdict => {
      // To Fastify a body that is absent is null.
      const { value, mismatches } = check(received ?? undefined)
      return mismatches.length === 0 ? { value } : { error: mismatching(mismatches) }
    }
  }
}

/** Makes the reader of one part of requests. Ajv is loaded for the first of them. */
export function partReader(
  validator: Validator,
  schema: object,
  part: RequestMismatch['part'],
): PartReader {
  const check = checkOf(validator, schema, part)
  return (received) => {
    const { value, mismatches } = check(received)
    if (mismatches.length > 0) throw mismatching(mismatches)
    return value
  }
}

const none: readonly RequestMismatch[] = []

function partOf(httpPart: string | undefined): RequestMismatch['part'] {
  switch (httpPart) {
    case 'querystring':
      return 'query'
    case 'params':
      return 'path'
    default:
      return 'body'
  }
}

function checkOf(
  validator: Validator,
  schema: object,
  part: RequestMismatch['part'],
): (received: unknown) => {
  readonly value: unknown
  readonly mismatches: readonly RequestMismatch[]
} {
  const inspect = validator.inspect(schema)
  const readText = textReader(schema)
  const isOptional = part === 'body' && !requiresAnything(schema)
  return (received) => {
    const given = isOptional && received === undefined ? {} : received
    const value = part === 'body' ? given : readText(given)
    const findings = inspect(value)
    if (findings.length === 0) return { value, mismatches: none }
    return { value, mismatches: findings.map((finding) => ({ part, ...finding })) }
  }
}

function requiresAnything(schema: { readonly required?: unknown }): boolean {
  return Array.isArray(schema.required) && schema.required.length > 0
}

/** Numbers and booleans of a query as the schema wants them, if they are written the only way there is to write them. */
function textReader(schema: object): (given: unknown) => unknown {
  if (!('properties' in schema)) return (given) => given
  const properties = Object.entries(schema.properties ?? {})
  const typeOf = new Map(properties.map(([name, property]) => [name, jsonType(property)]))
  return (given) => {
    if (typeof given !== 'object' || given === null) return given
    const values = Object.entries(given)
    return Object.fromEntries(values.map(([name, text]) => [name, read(text, typeOf.get(name))]))
  }
}

function jsonType(property: unknown): unknown {
  return typeof property === 'object' && property !== null && 'type' in property
    ? property.type
    : undefined
}

function read(text: unknown, type: unknown): unknown {
  if (type === 'boolean' && text === 'true') return true
  if (type === 'boolean' && text === 'false') return false
  const isNumber = type === 'integer' || type === 'number'
  return isNumber && typeof text === 'string' && String(Number(text)) === text ? Number(text) : text
}
