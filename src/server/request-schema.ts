import type { FastifySchemaCompiler } from 'fastify'
import type { Mismatch } from '../errors.ts'
import { Validator } from '../schema/validator.ts'
import { invalidRequest, type RequestError } from './request-error.ts'

type Verdict = { readonly value: unknown } | { readonly error: RequestError }

/** Checks queries, path parameters and bodies against the schemas of their routes. Ajv is loaded for the first of them. */
export function compileRequestSchema(): FastifySchemaCompiler<object> {
  const validator = new Validator()

  return ({ schema, httpPart }) => {
    const check = validator.compileWithDefaults(schema)
    const isText = httpPart === 'querystring' || httpPart === 'params'
    const isOptional = httpPart === 'body' && !requiresAnything(schema)

    return (received: unknown): Verdict => {
      const given = isOptional ? (received ?? {}) : received
      const value = isText ? fromText(schema, given) : given
      const errors = check(value)
      return errors.length === 0 ? { value } : { error: refusal(partName(httpPart), errors) }
    }
  }
}

function requiresAnything(schema: { readonly required?: unknown }): boolean {
  return Array.isArray(schema.required) && schema.required.length > 0
}

function partName(httpPart: string | undefined): string {
  switch (httpPart) {
    case 'querystring':
      return 'query'
    case 'params':
      return 'path'
    default:
      return httpPart ?? 'request'
  }
}

function refusal(part: string, errors: readonly Mismatch[]): RequestError {
  const first = errors[0]
  const where = first === undefined || first.pointer === '' ? part : `${part}${first.pointer}`
  return invalidRequest(`${where} ${first?.message ?? 'is invalid'}`, errors)
}

/** Numbers and booleans of a query as the schema wants them, if they are written the only way there is to write them. */
function fromText(schema: object, given: unknown): unknown {
  if (typeof given !== 'object' || given === null || !('properties' in schema)) return given
  const properties = Object.entries(schema.properties ?? {})
  const typeOf = new Map(properties.map(([name, property]) => [name, jsonType(property)]))
  const values = Object.entries(given)
  return Object.fromEntries(values.map(([name, text]) => [name, read(text, typeOf.get(name))]))
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
