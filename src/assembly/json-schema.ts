/** A JSON Schema as the reader looks at it: TypeBox makes them, connector authors write them. */
export type JsonSchema = Readonly<Record<string, unknown>>

/** Proof of the casts below: what stands under a schema keyword of a schema is a schema, or the schema is of no use to anyone. */
export function schemaAt(schema: JsonSchema, keyword: string): JsonSchema | undefined {
  const value = schema[keyword]
  return isObject(value) ? value : undefined
}

export function schemasAt(schema: JsonSchema, keyword: string): readonly JsonSchema[] | undefined {
  const value = schema[keyword]
  return Array.isArray(value) ? (value as readonly JsonSchema[]) : undefined
}

export function propertiesOf(schema: JsonSchema): Readonly<Record<string, JsonSchema>> {
  return (schemaAt(schema, 'properties') as Readonly<Record<string, JsonSchema>> | undefined) ?? {}
}

export function requiredOf(schema: JsonSchema): readonly string[] {
  return Array.isArray(schema['required']) ? (schema['required'] as readonly string[]) : []
}

export function typesOf(schema: JsonSchema): readonly string[] | undefined {
  const type = schema['type']
  if (type === undefined) return undefined
  return Array.isArray(type) ? (type as readonly string[]) : [String(type)]
}

/** The branches of a union, however it is written. */
export function branchesOf(schema: JsonSchema): readonly JsonSchema[] | undefined {
  return schemasAt(schema, 'anyOf') ?? schemasAt(schema, 'oneOf')
}

/** The values of an enumeration, also when it is a union of constants. */
export function choicesOf(schema: JsonSchema): readonly unknown[] | undefined {
  if ('const' in schema) return [schema['const']]
  if (Array.isArray(schema['enum'])) return schema['enum']
  const branches = branchesOf(schema)
  if (branches === undefined || !branches.every((branch) => 'const' in branch)) return undefined
  return branches.map((branch) => branch['const'])
}

/** Whether an object of this schema may have keys the schema does not name. What names properties is closed unless it says otherwise. */
export function isOpen(schema: JsonSchema): boolean {
  const others = schema['additionalProperties']
  if (others !== undefined) return others !== false
  return !('properties' in schema) && !('patternProperties' in schema)
}

export function isObject(value: unknown): value is JsonSchema {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
