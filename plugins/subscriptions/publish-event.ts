import { Duration, defineEvent, type EventDefinition } from 'carabiner'
import { type Static, Type } from 'typebox'
import { ownerPattern } from './owner.ts'
import { counterFields } from './schemas/counters.ts'
import { Uuid } from './schemas/fields.ts'
import { Execution } from './tenants/execution.ts'

const Params = Type.Object(
  {
    tenant: Type.Optional(
      Type.String({ minLength: 1, description: 'Whose configured receivers get it' }),
    ),
    owner: Type.Optional(
      Type.String({
        pattern: ownerPattern,
        description: 'Whose subscriptions get it; with a tenant it is only recorded',
      }),
    ),
    type: Type.String({ minLength: 1, maxLength: 255 }),
    source: Type.Optional(Type.String({ maxLength: 100 })),
    payload: Type.Unsafe<Readonly<Record<string, unknown>>>({ type: 'object' }),
    id: Type.Optional(Uuid),
    wait: Type.Optional(
      Type.Unsafe<string | number>(
        Duration({
          zero: true,
          description:
            'With a tenant: how long the result waits for executions to be over; 10s, or seconds',
        }),
      ),
    ),
  },
  { anyOf: [{ required: ['owner'] }, { required: ['tenant'] }] },
)

const Result = Type.Object({
  event_id: Type.String(),
  accepted_at: Type.String(),
  ...counterFields,
  executions: Type.Optional(Type.Array(Execution)),
})

/** What came of a publication; `executions` when it was to a tenant. */
export type Publication = Static<typeof Result>

/** Somebody publishes something: before handlers may say no, and nothing is stored then. */
export const publishEvent: EventDefinition<'subscriptions.publish', typeof Params, typeof Result> =
  defineEvent('subscriptions.publish', {
    description: 'Something is published to the subscriptions of an owner or a tenant',
    params: Params,
    result: Result,
    // A subscriber's handler may publish in turn; the depth of the chain is bounded.
    reentrant: true,
    parks: false,
  })
