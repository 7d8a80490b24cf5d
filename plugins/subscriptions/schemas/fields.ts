import { type TObject, type TSchema, type TUnsafe, Type } from 'typebox'
import { selectorPattern } from '../event-types.ts'

/** Of objects that have the fields named, and no others. */
export const closed: { readonly additionalProperties: false } = { additionalProperties: false }

/** Of objects that have any fields: said in so many words, or generated clients take them for empty ones. */
export const anyObject: { readonly type: 'object'; readonly additionalProperties: true } = {
  type: 'object',
  additionalProperties: true,
}

/** An id, in the one form that ids have. */
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

export const Owner: TUnsafe<string> = Type.Unsafe<string>({
  type: 'string',
  minLength: 3,
  maxLength: 255,
  examples: ['agent://acme/ops'],
})

export const CallbackUrl: TUnsafe<string> = Type.Unsafe<string>({
  type: 'string',
  format: 'uri',
  minLength: 8,
  maxLength: 2_048,
  examples: ['https://example.com/hooks'],
})

export const EventSelectors: TUnsafe<readonly string[]> = Type.Unsafe<readonly string[]>({
  type: 'array',
  items: { type: 'string', maxLength: 100, pattern: selectorPattern },
  minItems: 1,
  maxItems: 32,
  examples: [['inbox.thread_created'], ['inbox.*'], ['*']],
})

export const EventType: TUnsafe<string> = Type.Unsafe<string>({
  type: 'string',
  minLength: 3,
  maxLength: 100,
  examples: ['inbox.thread_created'],
})

export const EventSource: TUnsafe<string> = Type.Unsafe<string>({
  type: 'string',
  minLength: 2,
  maxLength: 100,
  examples: ['crm'],
})

export const SecretText: TUnsafe<string> = Type.Unsafe<string>({
  type: 'string',
  minLength: 16,
  maxLength: 128,
  writeOnly: true,
})

export const Description: TUnsafe<string> = Type.Unsafe<string>({ type: 'string', maxLength: 255 })

/** A text of this schema, or null. */
export function orNull(schema: TUnsafe<string>): TUnsafe<string | null> {
  return Type.Unsafe<string | null>({ anyOf: [schema, { type: 'null' }] })
}

export function oneOf<const Values extends readonly string[]>(
  values: Values,
): TUnsafe<Values[number]> {
  return Type.Unsafe<Values[number]>({ type: 'string', enum: [...values] })
}

/** An answer that says it went well. */
export function success<Fields extends Record<string, TSchema>>(fields: Fields) {
  return Type.Object({ ok: Type.Unsafe<true>({ const: true }), ...fields }, closed)
}

/** The body of a call that has nothing to say; there need not be one. */
export const Nothing: TObject = Type.Object({}, closed)
