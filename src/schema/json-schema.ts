const annotations = new Set([
  '$comment',
  '$schema',
  'default',
  'deprecated',
  'description',
  'examples',
  'readOnly',
  'title',
  'writeOnly',
  'x-carabiner',
])

/** Whether a keyword describes and does not constrain. */
export function isAnnotation(keyword: string): boolean {
  return annotations.has(keyword)
}

/** Whether a schema accepts everything, or every object: then there is nothing to compile. */
export function constrainsNothing(schema: object): boolean {
  for (const [keyword, value] of Object.entries(schema)) {
    if (!isAnnotation(keyword) && !isVacuous(keyword, value)) return false
  }
  return true
}

/** Whether a keyword asks for no more than an object. */
function isVacuous(keyword: string, value: unknown): boolean {
  if (keyword === 'type') return value === 'object'
  return (keyword === 'properties' || keyword === 'required') && isEmpty(value)
}

function isEmpty(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0
}

/** The keywords under which a name leads to a schema, a list of schemas, or a map of them. */
export const holdsSchemas: ReadonlySet<string> = new Set([
  '$defs',
  'additionalItems',
  'additionalProperties',
  'allOf',
  'anyOf',
  'contains',
  'dependentSchemas',
  'else',
  'if',
  'items',
  'not',
  'oneOf',
  'patternProperties',
  'prefixItems',
  'properties',
  'propertyNames',
  'then',
  'unevaluatedItems',
  'unevaluatedProperties',
])
export const mapsOfSchemas: ReadonlySet<string> = new Set([
  '$defs',
  'dependentSchemas',
  'patternProperties',
  'properties',
])

/**
 * The same schema with tuples written as draft 2020-12 wants them (`prefixItems`).
 *
 * TypeBox writes `items: […]` with `additionalItems`, which that draft took out. What has no tuple is returned as it is.
 */
export function inDraft2020(schema: object): object {
  let changed = false
  const result: Record<string, unknown> = {}
  for (const [keyword, value] of Object.entries(schema)) {
    const renamed = keywordIn2020(keyword, schema)
    const inside = holdsSchemas.has(keyword)
      ? convertInside(value, mapsOfSchemas.has(keyword))
      : value
    if (renamed !== keyword || inside !== value) changed = true
    result[renamed] = inside
  }
  return changed ? result : schema
}

function keywordIn2020(keyword: string, schema: object): string {
  const isTuple = 'items' in schema && Array.isArray(schema.items)
  if (!isTuple) return keyword
  if (keyword === 'items') return 'prefixItems'
  return keyword === 'additionalItems' ? 'items' : keyword
}

function convertInside(value: unknown, isMap: boolean): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (Array.isArray(value)) return convertEach(value)
  if (!isMap) return inDraft2020(value)
  const entries = Object.entries(value)
  const converted = entries.map(([name, schema]) => [name, convertInside(schema, false)] as const)
  return entries.some(([, schema], at) => schema !== converted[at]?.[1])
    ? Object.fromEntries(converted)
    : value
}

function convertEach(schemas: readonly unknown[]): unknown {
  const converted = schemas.map((schema) => convertInside(schema, false))
  return converted.some((schema, at) => schema !== schemas[at]) ? converted : schemas
}
