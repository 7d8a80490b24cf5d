import { defineEvent, type EventDefinition } from 'carabiner'
import { Type } from 'typebox'

const uuid = '^[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$'
const EventId = Type.String({ pattern: uuid, description: 'The event’s id' })
const ProviderName = Type.String({ minLength: 1, maxLength: 64 })
const orNull = (description: string) =>
  Type.Unsafe<string | null>({ anyOf: [{ type: 'string' }, { type: 'null' }], description })

/** What comes in has all of it; who rehearses a veto need not say the rest. */
const Received = Type.Object({
  eventId: Type.Optional(EventId),
  provider: ProviderName,
  eventType: Type.String(),
  externalEventId: orNull('The provider’s own id of it; null without one'),
  subject: Type.Optional(orNull('What it is about')),
  occurredAt: Type.Optional(Type.Number({ description: 'UTC milliseconds' })),
  payload: Type.Unsafe<Readonly<Record<string, unknown>>>({
    type: 'object',
    description: 'What is delivered',
  }),
})

/** A provider told of something: before handlers may keep it from being delivered. */
export const ingressReceived: EventDefinition<'ingress.received', typeof Received> = defineEvent(
  'ingress.received',
  {
    description: 'A provider’s webhook was taken in and is about to be delivered',
    params: Received,
    // What a handler does may come back as a webhook of another provider; the depth of the chain is bounded.
    reentrant: true,
    parks: false,
  },
)

const Replayed = Type.Object({
  eventId: EventId,
  provider: Type.Optional(ProviderName),
  requestedBy: Type.Optional(
    Type.String({ minLength: 2, maxLength: 120, description: 'Default: api-user' }),
  ),
  reason: Type.String({ minLength: 5, maxLength: 500 }),
})

const ReplayResult = Type.Object({ replayRequestId: Type.String(), eventId: Type.String() })

/** Somebody wants an event to be delivered once more: before handlers may say no, and nothing is stored then. */
export const ingressReplay: EventDefinition<
  'ingress.replay',
  typeof Replayed,
  typeof ReplayResult
> = defineEvent('ingress.replay', {
  description: 'An event is to be delivered to its integration once more',
  params: Replayed,
  result: ReplayResult,
  reentrant: true,
  parks: false,
})
