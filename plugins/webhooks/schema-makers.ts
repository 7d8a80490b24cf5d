import { type TSchema, Type } from 'typebox'

/** For objects: a key that is not in the schema is a mistake. */
export const closed = { additionalProperties: false }

/** A value, or a list of such values. */
export function oneOrMore(item: TSchema, options: { description: string; examples: unknown[] }) {
  return Type.Unsafe<string | readonly string[]>({
    ...options,
    anyOf: [item, { type: 'array', items: item, minItems: 1, uniqueItems: true }],
  })
}

/** One of these words. */
export function oneOf<const Values extends readonly string[]>(
  values: Values,
  options: { description: string; examples: Values[number][] },
) {
  return Type.Unsafe<Values[number]>({ ...options, type: 'string', enum: [...values] })
}
