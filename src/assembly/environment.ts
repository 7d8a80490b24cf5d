import { readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { parseEnv } from 'node:util'
import type { Variables } from './interpolate.ts'
import { branchesOf, type JsonSchema, propertiesOf, typesOf } from './json-schema.ts'
import type { Place } from './source.ts'
import { emptyMap, type MapTree, type Tree } from './tree.ts'

/** The variables an assembly sees: the environment, and where that has none of the name, the `.env` beside the file. */
export async function readEnvironment(
  file: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<Variables> {
  const beside = await readDotEnv(join(dirname(file), '.env'))
  return (name) => env[name] ?? (Object.hasOwn(beside, name) ? beside[name] : undefined)
}

async function readDotEnv(file: string): Promise<Readonly<Record<string, string | undefined>>> {
  try {
    return parseEnv(await readFile(file, 'utf8'))
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return {}
    throw error
  }
}

/** Adds to a stanza what `CARABINER_<ID>_<FIELD>` says of its top-level scalars, where the file says nothing. */
export function addFromEnvironment(
  id: string,
  schema: JsonSchema,
  stanza: Tree | undefined,
  place: Place,
  variables: Variables,
): Tree | undefined {
  if (stanza !== undefined && stanza.kind !== 'map') return stanza
  const added = Object.entries(propertiesOf(schema)).flatMap(([field, property]) => {
    if (stanza?.entries.has(field) === true || !takesScalar(property)) return []
    const variable = variableFor(id, field)
    const value = variables(variable)
    if (value === undefined) return []
    const at = { offset: place.offset, end: place.offset }
    return [[field, { keyPlace: at, tree: scalarFrom(variable, value, at) }] as const]
  })
  if (added.length === 0) return stanza
  const base: MapTree = stanza ?? emptyMap(place)
  return { ...base, entries: new Map([...base.entries, ...added]) }
}

function scalarFrom(variable: string, value: string, place: Place): Tree {
  return { kind: 'scalar', place, value, variable, loose: true, substituted: true }
}

/** `CARABINER_<ID>_<FIELD>`: upper case, `-` and `.` written `_`. */
function variableFor(id: string, field: string): string {
  return `CARABINER_${id}_${field}`.toUpperCase().replace(/[-.]/g, '_')
}

function takesScalar(schema: JsonSchema): boolean {
  const branches = branchesOf(schema)
  if (branches !== undefined) return branches.some(takesScalar)
  if ('const' in schema || 'enum' in schema) return true
  const types = typesOf(schema) ?? []
  return types.some((type) => type !== 'object' && type !== 'array')
}
