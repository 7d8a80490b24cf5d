import { type TObject, Type } from 'typebox'
import { success } from './envelope.ts'
import { closed, Moment, Text } from './fields.ts'

/** Any JSON object. */
export const SinkBody: TObject = Type.Object({}, { additionalProperties: true })

export const SinkAnswer: TObject = success(
  Type.Object(
    { accepted: Type.Unsafe<true>({ const: true }), provider: Text, receivedAt: Moment },
    closed,
  ),
)
