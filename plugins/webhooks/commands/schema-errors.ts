import type { TSchema } from 'typebox'

/** Why a value does not fit a schema; empty when it does. What finds that out is loaded for it: no start needs it. */
export async function schemaErrors(
  schema: TSchema,
  value: unknown,
): Promise<readonly SchemaError[]> {
  const { Value } = await import('typebox/value')
  return Value.Errors(schema, value)
}

interface SchemaError {
  /** A JSON pointer into the value. */
  readonly instancePath: string
  readonly message: string
}
