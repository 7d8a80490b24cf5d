import { type Static, type TObject, Type } from 'typebox'
import { closed, Moment, oneOf, orNull, success, Uuid } from './fields.ts'

const states = ['pending', 'sending', 'delivered', 'dead', 'cancelled'] as const

const DeliveryBody = Type.Object(
  {
    delivery_id: Type.Unsafe<string>({ ...Uuid, description: 'The `webhook-id` of its requests' }),
    event_id: Type.Unsafe<string | null>({
      description: 'null for a test',
      anyOf: [Uuid, { type: 'null' }],
    }),
    subscription_id: Uuid,
    status: oneOf(states),
    attempts: Type.Integer({ minimum: 0 }),
    due_at: Moment,
    last_error: orNull(Type.Unsafe<string>({ type: 'string' })),
    created_at: Moment,
    settled_at: orNull(Moment),
  },
  { ...closed, title: 'Delivery' },
)

export const DeliveriesQuery = Type.Object(
  {
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000, default: 100 })),
    cursor: Type.Optional(
      Type.String({ maxLength: 512, description: 'The X-Next-Cursor of the page before' }),
    ),
  },
  closed,
)

export type DeliveriesQuery = Static<typeof DeliveriesQuery>

export const DeliveriesAnswer: TObject = success({
  deliveries: Type.Array(DeliveryBody, { maxItems: 1_000 }),
})

export const TestedAnswer: TObject = success({
  subscription_id: Uuid,
  delivery: Type.Object(
    {
      delivery_id: Uuid,
      status: oneOf(states),
      attempts: Type.Integer({ minimum: 0 }),
      response_status: Type.Unsafe<number | null>({
        anyOf: [{ type: 'integer' }, { type: 'null' }],
      }),
      last_error: orNull(Type.Unsafe<string>({ type: 'string' })),
    },
    closed,
  ),
})
