import { type Static, type TObject, type TUnsafe, Type } from 'typebox'
import { counterFields } from './counters.ts'
import { ErrorBody } from './error.ts'
import {
  anyObject,
  closed,
  EventSource,
  EventType,
  Moment,
  Owner,
  orNull,
  success,
  Uuid,
} from './fields.ts'

const Payload: TUnsafe<Readonly<Record<string, unknown>>> = Type.Unsafe({ ...anyObject })

export const PublishBody = Type.Object(
  { event_type: EventType, source: EventSource, payload: Payload },
  { ...closed, title: 'Publication' },
)

export type PublishBody = Static<typeof PublishBody>

export const BatchBody = Type.Object(
  { events: Type.Array(PublishBody, { minItems: 1, maxItems: 100 }) },
  closed,
)

export type BatchBody = Static<typeof BatchBody>

export const EventPath: TObject = Type.Object({ event_id: Uuid }, closed)

const publishedFields = {
  accepted_at: Moment,
  event_type: EventType,
  source: EventSource,
  owner_agent: Owner,
  event_id: Uuid,
  ...counterFields,
}

export const PublishedAnswer: TObject = success(publishedFields)

export const BatchAnswer: TObject = success({
  results: Type.Array(
    Type.Union([
      success(publishedFields),
      Type.Object({ ok: Type.Unsafe<false>({ const: false }), ...ErrorBody.properties }, closed),
    ]),
    { description: 'One for each event, in their order' },
  ),
})

export const ReplayedAnswer: TObject = success({
  event_id: Uuid,
  owner_agent: Owner,
  event_type: EventType,
  ...counterFields,
  replayed_at: Moment,
})

export const EventAnswer: TObject = success({
  event: Type.Object(
    {
      event_id: Uuid,
      event_type: EventType,
      source: EventSource,
      owner_agent: Owner,
      occurred_at: Moment,
      payload: Type.Unsafe<Readonly<Record<string, unknown>> | null>({
        description: 'null once it was erased',
        anyOf: [anyObject, { type: 'null' }],
      }),
      erased_at: orNull(Moment),
      replayed_at: orNull(Moment),
      ...counterFields,
    },
    { ...closed, description: 'The counters are of its publication and its last 99 replays' },
  ),
})
