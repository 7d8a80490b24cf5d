import type { Misfit } from './check-scalar.ts'
import { describeSchema } from './describe-schema.ts'
import { type JsonSchema, schemasAt } from './json-schema.ts'

/** Whether a list has more or fewer items than its schema allows. */
export function wrongLength(schema: JsonSchema, length: number): Misfit | undefined {
  const { minItems } = schema
  const maxItems = mostItems(schema)
  const expected = describeSchema(schema)
  if (typeof minItems === 'number' && length < minItems) {
    const message = length === 0 ? 'is empty' : `has fewer than ${minItems} items`
    return { otherKind: false, message, expected }
  }
  if (typeof maxItems === 'number' && length > maxItems) {
    return { otherKind: false, message: `has more than ${maxItems} items`, expected }
  }
  return undefined
}

/** A tuple that refuses further items has at most as many as it names. */
function mostItems(schema: JsonSchema): unknown {
  const tuple = schemasAt(schema, 'prefixItems') ?? schemasAt(schema, 'items')
  const isClosed = schema['additionalItems'] === false || schema['items'] === false
  return tuple !== undefined && isClosed ? tuple.length : schema['maxItems']
}
