type Schema = Readonly<Record<string, unknown>>

/** Levels of nesting that an example shows; recursive schemas end there. */
const deepest = 8

/**
 * A value that matches a JSON Schema, the likeliest one: its `examples`, `default` or `const` if it has them, else the
 * smallest of its type. A schema that says what no example can be guessed from (`pattern`, `not`) needs `examples`.
 */
export function exampleOf(schema: unknown, depth = 0): unknown {
  if (!isSchema(schema)) return null
  const given = givenExample(schema)
  if (given !== undefined) return given
  const branch = firstOf(schema['anyOf']) ?? firstOf(schema['oneOf'])
  if (branch !== undefined) return exampleOf({ allOf: [withoutBranches(schema), branch] }, depth)
  if (Array.isArray(schema['allOf'])) return exampleOf(merged(schema), depth)
  return exampleOfType(schema, depth)
}

function givenExample(schema: Schema): unknown {
  if ('const' in schema) return schema['const']
  if (Array.isArray(schema['examples']) && schema['examples'].length > 0)
    return schema['examples'][0]
  if ('default' in schema) return schema['default']
  if (Array.isArray(schema['enum'])) return schema['enum'][0]
  return undefined
}

function exampleOfType(schema: Schema, depth: number): unknown {
  switch (typeOf(schema)) {
    case 'object':
      return exampleObject(schema, depth)
    case 'array':
      return exampleArray(schema, depth)
    case 'string':
      return exampleString(schema)
    case 'integer':
      return exampleNumber(schema, 1)
    case 'number':
      return exampleNumber(schema, undefined)
    case 'boolean':
      return true
    default:
      return null
  }
}

function exampleObject(schema: Schema, depth: number): unknown {
  const properties = isSchema(schema['properties']) ? schema['properties'] : {}
  const required = new Set(Array.isArray(schema['required']) ? schema['required'] : [])
  const names = Object.keys(properties).filter((name) => required.has(name) || depth < deepest)
  return Object.fromEntries(names.map((name) => [name, exampleOf(properties[name], depth + 1)]))
}

function exampleArray(schema: Schema, depth: number): unknown {
  const { items, prefixItems } = schema
  const tuple = Array.isArray(items) ? items : prefixItems
  if (Array.isArray(tuple)) return tuple.map((each) => exampleOf(each, depth + 1))
  const wanted = numberAt(schema, 'minItems') ?? (depth < deepest ? 1 : 0)
  const length = Math.min(wanted, numberAt(schema, 'maxItems') ?? wanted, 100)
  return Array.from({ length }, () => exampleOf(items, depth + 1))
}

const exampleOfFormat: Readonly<Record<string, string>> = {
  'date-time': '2026-01-01T12:00:00.000Z',
  date: '2026-01-01',
  time: '12:00:00Z',
  duration: 'PT1H',
  email: 'somebody@example.com',
  hostname: 'example.com',
  ipv4: '192.0.2.1',
  ipv6: '2001:db8::1',
  uri: 'https://example.com/',
  'uri-reference': '/path',
  url: 'https://example.com/',
  uuid: '01945e3a-7c00-7000-8000-000000000000',
  regex: '.*',
  'json-pointer': '/name',
}

function exampleString(schema: Schema): string {
  const { format } = schema
  if (typeof format === 'string') return exampleOfFormat[format] ?? 'text'
  const shortest = numberAt(schema, 'minLength') ?? 0
  return 'text'.padEnd(shortest, '.').slice(0, numberAt(schema, 'maxLength'))
}

function exampleNumber(schema: Schema, wholeStep: number | undefined): number {
  const step = numberAt(schema, 'multipleOf') ?? wholeStep
  const minimum = numberAt(schema, 'minimum')
  const above = numberAt(schema, 'exclusiveMinimum')
  const maximum = numberAt(schema, 'maximum')
  const below = numberAt(schema, 'exclusiveMaximum')
  const low =
    minimum ?? (above === undefined ? undefined : above + (step ?? gap(above, below ?? maximum)))
  const high = maximum ?? (below === undefined ? undefined : below - (step ?? 1))
  const value = low ?? Math.min(1, high ?? 1)
  return step === undefined ? value : Math.ceil(value / step) * step
}

/** Half of the way to the upper bound, so that an open interval of any width holds the example. */
function gap(low: number, high: number | undefined): number {
  return high === undefined ? 1 : (high - low) / 2
}

function typeOf(schema: Schema): unknown {
  const { type } = schema
  if (Array.isArray(type)) return type[0]
  return type ?? ('properties' in schema ? 'object' : undefined)
}

function merged(schema: Schema): Schema {
  const { allOf, ...rest } = schema
  const parts = [rest, ...(Array.isArray(allOf) ? allOf.filter(isSchema) : [])]
  const mapsOf = (key: string): Schema => Object.assign({}, ...parts.map((part) => part[key] ?? {}))
  const listsOf = (key: string): unknown[] => parts.flatMap((part) => part[key] ?? [])
  return {
    ...Object.assign({}, ...parts),
    properties: mapsOf('properties'),
    required: listsOf('required'),
  }
}

function withoutBranches(schema: Schema): Schema {
  const { anyOf: _any, oneOf: _one, ...rest } = schema
  return rest
}

function firstOf(branches: unknown): Schema | undefined {
  return Array.isArray(branches) && isSchema(branches[0]) ? branches[0] : undefined
}

function numberAt(schema: Schema, key: string): number | undefined {
  const value = schema[key]
  return typeof value === 'number' ? value : undefined
}

function isSchema(value: unknown): value is Schema {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
