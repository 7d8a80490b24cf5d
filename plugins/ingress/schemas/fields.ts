import { type TObject, type TUnsafe, Type } from 'typebox'

/** Of objects that have the fields named, and no others. */
export const closed: { readonly additionalProperties: false } = { additionalProperties: false }

/** Of objects that have any fields: said in so many words, or generated clients take them for empty ones. */
export const anyObject: { readonly type: 'object'; readonly additionalProperties: true } = {
  type: 'object',
  additionalProperties: true,
}

/** An id, of any version of UUID. */
export const Uuid: TUnsafe<string> = Type.Unsafe<string>({
  type: 'string',
  pattern: '^[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}$',
  examples: ['0198a6a2-8b1c-7c0e-9a54-0d8d6a0b8d11'],
})

/** A moment, RFC 3339 in UTC with milliseconds. */
export const Moment: TUnsafe<string> = Type.Unsafe<string>({
  type: 'string',
  format: 'date-time',
  examples: ['2026-03-01T12:00:00.000Z'],
})

/** A moment in a request. Not a leap second, which no `Date` has. */
export const AskedMoment: TUnsafe<string> = Type.Unsafe<string>({
  ...Moment,
  pattern: '^(?!.*:60)',
})

export const Text: TUnsafe<string> = Type.Unsafe<string>({ type: 'string' })

export const ProviderName: TUnsafe<string> = Type.Unsafe<string>({
  type: 'string',
  pattern: '^[a-z][a-z0-9_-]{0,63}$',
  examples: ['github'],
})

/** Texts that a store can keep: well-formed, without U+0000. */
export const storable: string = '^[^\\u0000\\ud800-\\udfff]*$'

/** What lists are searched for. */
export function searched(description: string, example: string): TUnsafe<string> {
  return Type.Unsafe<string>({
    type: 'string',
    minLength: 1,
    maxLength: 255,
    pattern: storable,
    description,
    examples: [example],
  })
}

/** A value of this schema, or null. */
export function orNull<T>(schema: TUnsafe<T>): TUnsafe<T | null> {
  return Type.Unsafe<T | null>({ anyOf: [schema, { type: 'null' }] })
}

export function oneOf<const Values extends readonly string[]>(
  values: Values,
  description?: string,
): TUnsafe<Values[number]> {
  return Type.Unsafe<Values[number]>({
    type: 'string',
    enum: [...values],
    ...(description !== undefined && { description }),
  })
}

export function count(description: string): TUnsafe<number> {
  return Type.Unsafe<number>({ type: 'integer', minimum: 0, description })
}

/** The path of a route about one object. */
export const IdPath: TObject = Type.Object({ id: Uuid }, closed)
