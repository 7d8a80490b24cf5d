import { inDraft2020 } from '../schema/json-schema.ts'
import type { AssembledConnector } from './assembly.ts'
import { connectorId, reservedIds } from './connector-id.ts'
import { hostSchema } from './host-schema.ts'
import {
  branchesOf,
  isObject,
  isOpen,
  type JsonSchema,
  propertiesOf,
  requiredOf,
  schemasAt,
  typesOf,
} from './json-schema.ts'

type Described = Pick<AssembledConnector, 'id' | 'connector'>

const draft = 'https://json-schema.org/draft/2020-12/schema'
const soleReference = '^\\$\\{[A-Za-z_][A-Za-z0-9_]*(:-[^{}]*)?\\}$'
const someReference = '\\$\\{'

/**
 * JSON Schema (2020-12) of a whole assembly with these connectors: what editors complete and check a file with.
 *
 * It refuses what the loader refuses, as far as JSON Schema can say it, and lets `${NAME}` stand for any value.
 */
export function assemblySchema(connectors: readonly Described[]): JsonSchema {
  const stanzas = connectors.map(({ id, connector }) => [id, stanzaSchema(connector)] as const)
  return {
    $schema: draft,
    title: 'Carabiner assembly',
    description: 'The connectors of a Carabiner host and their configuration',
    type: 'object',
    properties: {
      host: publish({ ...hostSchema, type: ['object', 'null'] }),
      connectors: connectorsSchema(connectors),
      ...Object.fromEntries(stanzas),
    },
    patternProperties: { '^x-': { description: 'Ignored: a place for anchors' } },
    additionalProperties: false,
    dependentSchemas: Object.fromEntries(connectors.map(({ id }) => [id, onlyActive(id)])),
  }
}

/** JSON Schema (2020-12) of one connector's stanza. */
export function connectorSchema({ connector }: Pick<AssembledConnector, 'connector'>): JsonSchema {
  return { $schema: draft, title: connector.name, ...stanzaSchema(connector) }
}

function stanzaSchema({ config, description }: AssembledConnector['connector']): JsonSchema {
  const schema = publish({ ...(config ?? { type: 'object', properties: {} }) })
  const described = description === undefined ? {} : { description }
  const required = requiredOf(schema).length > 0 || schema['minItems'] !== undefined
  // A stanza with nothing in it is its defaults.
  return required
    ? { ...described, ...schema }
    : { ...described, anyOf: [schema, { type: 'null' }] }
}

function connectorsSchema(connectors: readonly Described[]): JsonSchema {
  const name = {
    type: 'string',
    minLength: 1,
    examples: ['./plugins/mine.ts', ...connectors.map(({ connector }) => connector.name)],
  }
  return {
    description:
      'A list of connectors, or a map of ids. Without it, built-in connectors with a stanza are active',
    anyOf: [
      { type: 'array', items: name },
      {
        type: 'object',
        propertyNames: {
          pattern: `${connectorId.source.slice(0, 1)}(?!x-)${connectorId.source.slice(1)}`,
          not: { enum: [...reservedIds] },
        },
        additionalProperties: name,
      },
    ],
  }
}

/** A stanza needs its id among `connectors` when that is a map, and some connector when it is a list. */
function onlyActive(id: string): JsonSchema {
  return {
    properties: {
      connectors: {
        anyOf: [
          { type: 'array', minItems: 1 },
          { type: 'object', properties: { [id]: true }, required: [id] },
        ],
      },
    },
  }
}

/** The schema as a file is written under it: closed, what has a default may be left out, `${…}` may stand for a value. */
function publish(schema: JsonSchema): JsonSchema {
  return inPublicWords(inDraft2020(schema))
}

function inPublicWords(schema: object, closes = true): JsonSchema {
  // Proof of the cast: a schema's keywords are texts.
  const own = schema as JsonSchema
  const result: Record<string, unknown> = {}
  for (const [keyword, value] of Object.entries(own)) {
    if (!keyword.startsWith('x-')) result[keyword] = inKeyword(keyword, value)
  }
  const properties = propertiesOf(own)
  const required = requiredOf(own).filter((name) => !hasDefault(properties[name]))
  if ('required' in own) result['required'] = required
  if (!isOpen(own)) {
    if (closes) result['additionalProperties'] = false
    else delete result['additionalProperties']
  }
  if (partsOf(own).some((part) => 'properties' in part && !isOpen(part))) {
    result['unevaluatedProperties'] = false
  }
  return withReferences(own, result)
}

function inKeyword(keyword: string, value: unknown): unknown {
  switch (keyword) {
    case 'properties':
    case 'patternProperties':
      return isObject(value) ? mapValues(value, (inner) => inPublicWords(inner)) : value
    case 'items':
    case 'additionalProperties':
      return isObject(value) ? inPublicWords(value) : value
    case 'anyOf':
    case 'oneOf':
    case 'prefixItems':
      return Array.isArray(value) ? value.map((branch) => inPublicWords(branch)) : value
    case 'allOf':
      // Each part sees the keys of the others: the whole is closed, not the parts.
      return Array.isArray(value) ? value.map((part) => inPublicWords(part, false)) : value
    default:
      return value
  }
}

function partsOf(schema: JsonSchema): readonly JsonSchema[] {
  return schemasAt(schema, 'allOf') ?? []
}

function mapValues(object: JsonSchema, change: (inner: object) => unknown): JsonSchema {
  return Object.fromEntries(
    Object.entries(object).map(([key, inner]) => [key, isObject(inner) ? change(inner) : inner]),
  )
}

function hasDefault(schema: JsonSchema | undefined): boolean {
  return schema !== undefined && 'default' in schema
}

/** Adds the `${…}` a value may be written as: alone for what is no text, anywhere in a text. */
function withReferences(original: JsonSchema, schema: JsonSchema): JsonSchema {
  const types = typesOf(original)
  const isConstrainedText = ['pattern', 'format', 'minLength', 'maxLength'].some(
    (key) => key in original,
  )
  const isChoice = 'const' in original || 'enum' in original
  const isText = types?.includes('string') === true
  if (branchesOf(original) !== undefined && !('properties' in original)) return schema
  if (isText && !isConstrainedText && !isChoice) return schema
  const isScalar = types?.some((type) => ['number', 'integer', 'boolean', 'string'].includes(type))
  if (!isChoice && isScalar !== true) return schema
  const { description, default: fallback, examples, title, ...rest } = schema
  const annotations = { description, default: fallback, examples, title }
  const reference = { type: 'string', pattern: isText && !isChoice ? someReference : soleReference }
  const kept = Object.entries(annotations).filter(([, value]) => value !== undefined)
  return { ...Object.fromEntries(kept), anyOf: [rest, reference] }
}
