import { createRequire } from 'node:module'
import type * as Yaml from 'yaml'
import { CarabinerError } from '../errors.ts'
import { quantityKeyword } from '../quantity/schemas.ts'
import type { Assembly } from './assembly.ts'
import { looksSecret, mask } from './credentials.ts'
import { hostSchema } from './host-schema.ts'
import { branchesOf, isObject, type JsonSchema, propertiesOf, schemaAt } from './json-schema.ts'
import { isSecret } from './read-value.ts'

const load = createRequire(import.meta.url)

/**
 * The effective configuration: what the file says, what the environment adds, defaults; secrets are `••••`.
 *
 * @param keys - dotted paths (`host.server.port`); one prints its value alone, none prints everything
 * @throws {CarabinerError} USAGE for a key that is not there
 */
export function printConfig(
  assembly: Assembly,
  keys: readonly string[],
  format: 'yaml' | 'json',
): string {
  const all = maskedConfig(assembly)
  const [key] = keys
  const chosen = keys.map((key) => [key, valueAt(all, key)] as const)
  const shown =
    key === undefined ? all : keys.length === 1 ? chosen[0]?.[1] : Object.fromEntries(chosen)
  if (format === 'json') return `${JSON.stringify(shown, undefined, 2)}\n`
  // Proof of the cast: the package's own CommonJS entry point, whose types are imported above.
  const { stringify } = load('yaml') as typeof Yaml
  return stringify(shown, { lineWidth: 0, aliasDuplicateObjects: false })
}

function maskedConfig(assembly: Assembly): Readonly<Record<string, unknown>> {
  const stanzas = assembly.connectors.map(({ id, connector, stanza }) => [
    id,
    hide(stanza, { ...connector.config }, assembly),
  ])
  return {
    host: hide(assembly.hostStanza, hostSchema, assembly),
    connectors: Object.fromEntries(
      assembly.connectors.map(({ id, connector, source }) => [
        id,
        source === 'built-in' ? connector.name : source,
      ]),
    ),
    ...Object.fromEntries(stanzas),
  }
}

/** A copy with secrets masked: by the schema, by what the redactor knows, and by names of headers. */
function hide(value: unknown, schema: JsonSchema, assembly: Assembly): unknown {
  if (isSecret(schema)) return value === null ? null : mask
  if (typeof value === 'string') {
    return hasSecretBranch(schema) ? mask : assembly.redactor.text(value)
  }
  if (Array.isArray(value)) {
    return value.map((item) => hide(item, insideOf(schema, 'items'), assembly))
  }
  if (!isObject(value)) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => {
      const hidden =
        typeof inner === 'string' && schemaOf(schema, key) === undefined && looksSecret(key)
      return [key, hidden ? mask : hide(inner, schemaOf(schema, key) ?? {}, assembly)]
    }),
  )
}

/** A text that may be a secret is taken for one. */
function hasSecretBranch(schema: JsonSchema): boolean {
  if (schema[quantityKeyword] === 'secrets') return true
  return branchesOf(schema)?.some((branch) => isSecret(branch) || hasSecretBranch(branch)) === true
}

function insideOf(schema: JsonSchema, keyword: string): JsonSchema {
  const here = schemaAt(schema, keyword)
  if (here !== undefined) return here
  const inside = branchesOf(schema)?.map((branch) => insideOf(branch, keyword)) ?? []
  return { anyOf: inside }
}

function schemaOf(schema: JsonSchema, key: string): JsonSchema | undefined {
  const here = propertiesOf(schema)[key]
  if (here !== undefined) return here
  const parts = [...(branchesOf(schema) ?? []), ...listAt(schema, 'allOf')]
  const inside = parts.map((branch) => schemaOf(branch, key)).filter((each) => each !== undefined)
  return inside.length === 0 ? undefined : { anyOf: inside }
}

function listAt(schema: JsonSchema, keyword: string): readonly JsonSchema[] {
  const parts = schema[keyword]
  return Array.isArray(parts) ? parts : []
}

function valueAt(config: unknown, key: string): unknown {
  let current = config
  for (const step of key
    .split(/\.|\[(\d+)\]/)
    .filter((each) => each !== undefined && each !== '')) {
    const isInside = typeof current === 'object' && current !== null && Object.hasOwn(current, step)
    if (!isInside) throw new CarabinerError('USAGE', `no key \`${key}\` in the configuration`)
    current = Reflect.get(current as object, step)
  }
  return current
}
