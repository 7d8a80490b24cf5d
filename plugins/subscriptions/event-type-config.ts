import { type TUnsafe, Type } from 'typebox'

/** `any`, a list of names, or a map from name to what is known of it. */
export type EventTypesConfig = 'any' | readonly string[] | Readonly<Record<string, EventTypeConfig>>

export interface EventTypeConfig {
  readonly description?: string
  readonly schema?: Readonly<Record<string, unknown>>
}

/** Event types that a stanza without `event_types` takes. */
const defaultEventTypes = [
  'inbox.thread_created',
  'inbox.thread_updated',
  'inbox.reply_received',
  'invite.accepted',
  'auth.session_revoked',
]

const EventTypeOptions = Type.Object(
  {
    description: Type.Optional(
      Type.String({ description: 'For people', examples: ['Somebody answered'] }),
    ),
    schema: Type.Optional(
      Type.Unsafe<Readonly<Record<string, unknown>>>({
        type: 'object',
        description: 'JSON Schema (2020-12) that payloads must match',
        examples: [{ properties: { thread: { type: 'string' } }, required: ['thread'] }],
      }),
    ),
  },
  { additionalProperties: false },
)

export const EventTypes: TUnsafe<EventTypesConfig> = Type.Unsafe<EventTypesConfig>({
  description:
    'Event types that are taken: a list, a map of name to { description, schema }, or any',
  anyOf: [
    { const: 'any' },
    { type: 'array', items: { type: 'string' }, minItems: 1, uniqueItems: true },
    { type: 'object', additionalProperties: EventTypeOptions, minProperties: 1 },
  ],
  default: defaultEventTypes,
  examples: ['any', ['order.created'], { 'order.created': { description: 'An order came in' } }],
})
