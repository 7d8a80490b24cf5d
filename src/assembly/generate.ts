import { createRequire } from 'node:module'
import type * as Yaml from 'yaml'
import type { Connector } from '../connector/connector.ts'
import { quantityKeyword } from '../quantity/schemas.ts'
import { describeSchema } from './describe-schema.ts'
import {
  branchesOf,
  choicesOf,
  type JsonSchema,
  propertiesOf,
  requiredOf,
  schemaAt,
  typesOf,
} from './json-schema.ts'

const load = createRequire(import.meta.url)

export interface StanzaRequest {
  readonly id: string
  readonly connector: Connector
  /** Whether keys with a default are written out too, instead of as comments. @defaultValue false */
  readonly defaults?: boolean
}

/**
 * A stanza for an assembly: the connector's own example, or one made of its schema, where what may be left out is a comment.
 *
 * @returns YAML text that begins with the id and ends with a newline
 */
export function generateStanza({ id, connector, defaults = false }: StanzaRequest): string {
  const { example, description } = connector
  const heading = description === undefined ? '' : `# ${description}\n`
  if (example !== undefined && !defaults) return `${heading}${id}:\n${indent(example.trimEnd())}\n`

  const schema: JsonSchema = { ...connector.config }
  const properties = Object.entries(propertiesOf(schema))
  if (properties.length === 0) return `${heading}${id}: ${flow(exampleOf(schema))}\n`
  const required = requiredOf(schema)
  const lines = properties.map(([key, property]) =>
    line(key, property, required.includes(key), defaults),
  )
  return `${heading}${id}:${lines.every((each) => each.startsWith('#')) ? ' {}' : ''}\n${indent(lines.join('\n'))}\n`
}

function line(key: string, schema: JsonSchema, required: boolean, defaults: boolean): string {
  const isWritten = 'default' in schema ? defaults : required
  const about = String(schema['description'] ?? describeSchema(schema))
  return `${isWritten ? '' : '# '}${key}: ${flow(exampleOf(schema))} # ${about}`
}

/** A value that the schema takes, as far as can be told from the schema. */
function exampleOf(schema: JsonSchema): unknown {
  if ('default' in schema) return schema['default']
  const examples = schema['examples']
  if (Array.isArray(examples) && examples.length > 0) return examples[0]
  const choices = choicesOf(schema)
  if (choices !== undefined) return choices[0]
  const quantity = quantityExamples[String(schema[quantityKeyword])]
  if (quantity !== undefined) return quantity
  const [branch] = branchesOf(schema) ?? []
  return branch === undefined ? exampleOfType(schema) : exampleOf(branch)
}

const quantityExamples: Readonly<Record<string, string>> = {
  duration: '10s',
  size: '64KiB',
  rate: '50/s',
  secret: 'change-this-secret',
  secrets: 'change-this-secret',
}

function exampleOfType(schema: JsonSchema): unknown {
  switch (typesOf(schema)?.[0]) {
    case 'string':
      return 'change-this'
    case 'integer':
    case 'number':
      return schema['minimum'] ?? 1
    case 'boolean':
      return false
    case 'array': {
      const items = schemaAt(schema, 'items')
      return items === undefined || schema['minItems'] === undefined ? [] : [exampleOf(items)]
    }
    case 'object': {
      const properties = propertiesOf(schema)
      const required = requiredOf(schema).filter((key) => !('default' in (properties[key] ?? {})))
      return Object.fromEntries(required.map((key) => [key, exampleOf(properties[key] ?? {})]))
    }
    default:
      return null
  }
}

/** On one line, so that it can be a comment. */
function flow(value: unknown): string {
  // Proof of the cast: the package's own CommonJS entry point, whose types are imported above.
  const { stringify } = load('yaml') as typeof Yaml
  return stringify(value, { collectionStyle: 'flow', lineWidth: 0 }).trimEnd()
}

function indent(text: string): string {
  return text.replace(/^(?=.)/gm, '  ')
}
