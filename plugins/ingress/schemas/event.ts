import { type Static, type TObject, Type } from 'typebox'
import { eventStatuses } from '../books/event.ts'
import { mostCounted } from '../books/event-book.ts'
import { AttemptBody } from './attempt.ts'
import { CountedPageMeta, page, pageFields, success } from './envelope.ts'
import {
  AskedMoment,
  anyObject,
  closed,
  count,
  Moment,
  oneOf,
  orNull,
  ProviderName,
  searched,
  Text,
  Uuid,
} from './fields.ts'
import { JobBody } from './job.ts'
import { WebhookBody } from './webhook.ts'

const standing = {
  status: oneOf(eventStatuses),
  processingAttempts: count('Attempts that are finished'),
  lastError: orNull(Text),
  lastProcessedAt: orNull(Moment),
}

const EventBody = Type.Object(
  {
    id: Uuid,
    webhookEventId: Uuid,
    integrationId: Uuid,
    provider: ProviderName,
    eventType: Text,
    subject: orNull(Text),
    occurredAt: Moment,
    normalizedPayload: Type.Unsafe<Readonly<Record<string, unknown>> | null>({
      description: 'What is delivered; null once it was erased',
      anyOf: [anyObject, { type: 'null' }],
    }),
    ...standing,
    createdAt: Moment,
    updatedAt: Moment,
    externalEventId: orNull(Text),
    receivedAt: Moment,
  },
  { ...closed, title: 'ReceivedEvent' },
)

const sortings = ['createdAt', 'occurredAt', 'status', 'receivedAt'] as const

export const EventsQuery = Type.Object(
  {
    ...pageFields,
    provider: Type.Optional(searched('Only of this provider', 'github')),
    status: Type.Optional(oneOf(eventStatuses, 'Only those that stand so')),
    eventType: Type.Optional(searched('Only of this type', 'order.created')),
    subject: Type.Optional(
      searched('Only those whose subject has this in it, whatever the case', 'order-7'),
    ),
    from: Type.Optional(
      Type.Unsafe<string>({ ...AskedMoment, description: 'Only what occurred then or later' }),
    ),
    to: Type.Optional(
      Type.Unsafe<string>({ ...AskedMoment, description: 'Only what occurred then or before' }),
    ),
    sortBy: Type.Optional(
      Type.Unsafe<(typeof sortings)[number]>({
        ...oneOf(sortings, 'What is equal follows by id; of one status, by occurredAt before that'),
        default: 'receivedAt',
      }),
    ),
    sortOrder: Type.Optional(
      Type.Unsafe<'asc' | 'desc'>({ ...oneOf(['asc', 'desc']), default: 'desc' }),
    ),
    total: Type.Optional(
      Type.Unsafe<'bounded' | 'exact'>({
        ...oneOf(
          ['bounded', 'exact'],
          `Whether a search by subject counts all it finds, or at most ${mostCounted}: then \`totalIsExact\` is false where there are more`,
        ),
        default: 'bounded',
      }),
    ),
  },
  closed,
)

export type EventsQuery = Static<typeof EventsQuery>

export const EventsAnswer: TObject = page(EventBody, CountedPageMeta)

export const EventAnswer: TObject = success(
  Type.Object(
    {
      event: EventBody,
      webhook: Type.Unsafe<unknown>({ anyOf: [WebhookBody, { type: 'null' }] }),
      deliveryAttempts: Type.Array(AttemptBody, { description: 'The newest 100' }),
      processingJobs: Type.Array(JobBody, { maxItems: 20, description: 'The newest 20' }),
    },
    closed,
  ),
)

export const EventStatusAnswer: TObject = success(
  Type.Object(
    {
      eventId: Uuid,
      ...standing,
      jobs: Type.Array(JobBody, { maxItems: 10, description: 'The newest 10' }),
    },
    closed,
  ),
)
