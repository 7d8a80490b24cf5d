import { type Static, type TObject, Type } from 'typebox'
import { attemptStatuses } from '../books/attempt-record.ts'
import { page, pageFields } from './envelope.ts'
import { closed, Moment, oneOf, orNull, Text, Uuid } from './fields.ts'

/** One request to an integration's callback URL. */
export const AttemptBody: TObject = Type.Object(
  {
    id: Uuid,
    normalizedEventId: Uuid,
    integrationId: Uuid,
    attemptNo: Type.Integer({ minimum: 1, description: 'Of its delivery' }),
    status: oneOf(attemptStatuses),
    httpStatus: Type.Unsafe<number | null>({
      description: 'null when there was no answer',
      anyOf: [{ type: 'integer' }, { type: 'null' }],
    }),
    responseBody: Type.Unsafe<string | null>({
      ...orNull(Text),
      description: 'Its first 8 KiB (`host.deliveries.kept_reply`)',
    }),
    errorMessage: orNull(Text),
    durationMs: Type.Number({ minimum: 0 }),
    createdAt: Moment,
  },
  { ...closed, title: 'DeliveryAttempt' },
)

export const DeliveriesQuery = Type.Object(
  {
    ...pageFields,
    status: Type.Optional(oneOf(attemptStatuses, 'Only those that ended so')),
    eventId: Type.Optional(
      Type.Unsafe<string>({ ...Uuid, description: 'Only attempts to deliver this event' }),
    ),
  },
  closed,
)

export type DeliveriesQuery = Static<typeof DeliveriesQuery>

export const DeliveriesAnswer: TObject = page(AttemptBody)
