import { type Static, type TObject, Type } from 'typebox'
import {
  CallbackUrl,
  closed,
  Description,
  EventSelectors,
  Moment,
  Owner,
  orNull,
  SecretText,
  success,
  Uuid,
} from './fields.ts'

/** A subscription as callers see it. */
const SubscriptionBody = Type.Object(
  {
    subscription_id: Uuid,
    owner_agent: Owner,
    callback_url: CallbackUrl,
    event_types: EventSelectors,
    active: Type.Boolean(),
    description: orNull(Description),
    created_at: Moment,
    updated_at: Moment,
    revoked_at: orNull(Moment),
    secret_hint: orNull(
      Type.Unsafe<string>({
        type: 'string',
        description: '`****` and the last four characters of the secret that signs first',
        examples: ['****x7Qz'],
      }),
    ),
  },
  { ...closed, title: 'Subscription' },
)

export const UpsertBody = Type.Object(
  {
    callback_url: CallbackUrl,
    event_types: EventSelectors,
    secret: Type.Optional(SecretText),
    active: Type.Optional(Type.Boolean({ default: true })),
    description: Type.Optional(Description),
  },
  { ...closed, title: 'SubscriptionUpsert' },
)

export type UpsertBody = Static<typeof UpsertBody>

export const PatchBody = Type.Object(
  {
    callback_url: Type.Optional(CallbackUrl),
    event_types: Type.Optional(EventSelectors),
    active: Type.Optional(Type.Boolean()),
    description: Type.Optional(orNull(Description)),
  },
  { ...closed, minProperties: 1 },
)

export type PatchBody = Static<typeof PatchBody>

export const RotateBody = Type.Object(
  {
    secret: Type.Optional(SecretText),
    grace: Type.Optional(
      Type.Unsafe<string | number>({
        description: 'How long the old secret signs beside the new one: `24h`, or seconds',
        anyOf: [
          { type: 'number', minimum: 0, maximum: 31_536_000 },
          { type: 'string', minLength: 1, maxLength: 32 },
        ],
        examples: ['24h', 0],
      }),
    ),
  },
  closed,
)

export type RotateBody = Static<typeof RotateBody>

export const ListQuery = Type.Object(
  {
    include_inactive: Type.Optional(
      Type.Boolean({ default: false, description: 'Those that are paused or revoked, too' }),
    ),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1_000, default: 100 })),
    cursor: Type.Optional(
      Type.String({ maxLength: 512, description: 'The X-Next-Cursor of the page before' }),
    ),
  },
  closed,
)

export type ListQuery = Static<typeof ListQuery>

export const SubscriptionPath: TObject = Type.Object({ subscription_id: Uuid }, closed)

export const SubscriptionAnswer: TObject = success({ subscription: SubscriptionBody })

export const SubscriptionsAnswer: TObject = success({
  subscriptions: Type.Array(SubscriptionBody, { maxItems: 1_000 }),
})

export const RevokedAnswer: TObject = success({ subscription_id: Uuid, revoked_at: Moment })

export const RotatedAnswer: TObject = success({
  subscription: SubscriptionBody,
  secret: Type.Optional(
    Type.String({
      description:
        'The new secret, when it was generated: told here alone, and to a retry with the same Idempotency-Key while the subscription has it',
    }),
  ),
})
