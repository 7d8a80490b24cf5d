import { defineEvent, type EventDefinition } from 'carabiner'
import { type Static, Type } from 'typebox'
import { counterFields } from './schemas/counters.ts'
import { Uuid } from './schemas/fields.ts'

const Params = Type.Object(
  {
    tenant: Type.Optional(
      Type.String({ minLength: 1, description: 'Whose configured receivers get it' }),
    ),
    owner: Type.Optional(
      Type.String({
        pattern: '^[\\x21-\\x7e]{3,255}$',
        description: 'Whose subscriptions get it; with a tenant it is only recorded',
      }),
    ),
    type: Type.String({ minLength: 1, maxLength: 255 }),
    source: Type.Optional(Type.String({ maxLength: 100 })),
    payload: Type.Unsafe<Readonly<Record<string, unknown>>>({ type: 'object' }),
    id: Type.Optional(Uuid),
  },
  { anyOf: [{ required: ['owner'] }, { required: ['tenant'] }] },
)

const Result = Type.Object({
  event_id: Type.String(),
  accepted_at: Type.String(),
  ...counterFields,
})

/** What came of a publication to an owner's subscriptions. */
export type Publication = Static<typeof Result>

/** Somebody publishes something: before handlers may say no, and nothing is stored then. */
export const publishEvent: EventDefinition<'subscriptions.publish', typeof Params, typeof Result> =
  defineEvent('subscriptions.publish', {
    description: 'Something is published to the subscriptions of an owner or a tenant',
    params: Params,
    result: Result,
    // A subscriber's handler may publish in turn; the depth of the chain is bounded.
    reentrant: true,
  })
