import { type Static, type TObject, Type } from 'typebox'
import { success } from './envelope.ts'
import { closed, Moment, ProviderName, searched, Text, Uuid } from './fields.ts'

const IntegrationBody = Type.Object(
  {
    id: Uuid,
    provider: ProviderName,
    callbackUrl: Type.Unsafe<string>({
      ...Text,
      description: 'Credentials and values of its query are masked',
    }),
    active: Type.Boolean(),
    createdAt: Moment,
    updatedAt: Moment,
  },
  { ...closed, title: 'Integration' },
)

export const IntegrationsQuery = Type.Object(
  {
    provider: Type.Optional(searched('Only of this provider', 'github')),
    activeOnly: Type.Optional(
      Type.Boolean({ default: false, description: 'Only those that take webhooks' }),
    ),
  },
  closed,
)

export type IntegrationsQuery = Static<typeof IntegrationsQuery>

export const IntegrationsAnswer: TObject = success(
  Type.Array(IntegrationBody),
  Type.Object({ total: Type.Integer({ minimum: 0 }) }, closed),
)
