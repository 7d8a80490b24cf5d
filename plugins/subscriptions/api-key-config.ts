import { Secret } from 'carabiner'
import { type TUnsafe, Type } from 'typebox'
import { ownerPattern } from './owner.ts'

/** What API keys may be good for. */
const keyScopes = ['subscriptions:write', 'events:publish', 'events:replay', 'read'] as const

export type KeyScope = (typeof keyScopes)[number]

/** A key as an assembly writes it. */
export interface ApiKeyConfig {
  readonly key: string
  readonly owner: string
  readonly scopes: 'all' | readonly KeyScope[]
  readonly may_act_for: readonly string[]
}

const closed = { additionalProperties: false }

/** An agent, a team, a customer: whoever subscriptions and events belong to. */
const owner = { type: 'string', pattern: ownerPattern }

export const ApiKey: TUnsafe<ApiKeyConfig> = Type.Unsafe<ApiKeyConfig>(
  Type.Object(
    {
      key: Secret({
        minLength: 16,
        description: 'What callers send as x-api-key or as a bearer token',
        // biome-ignore lint/suspicious/noTemplateCurlyInString: how an assembly refers to its environment
        examples: ['${AXME_KEY}'],
      }),
      owner: Type.Unsafe<string>({
        ...owner,
        description: 'Whose subscriptions and events it reaches',
        examples: ['agent://acme/ops'],
      }),
      scopes: Type.Optional(
        Type.Unsafe<'all' | readonly KeyScope[]>({
          description: 'What it may do; all: everything',
          anyOf: [
            { const: 'all' },
            { type: 'array', items: { type: 'string', enum: [...keyScopes] }, uniqueItems: true },
          ],
          default: 'all',
          examples: [['events:publish', 'read']],
        }),
      ),
      may_act_for: Type.Optional(
        Type.Array(Type.Unsafe<string>(owner), {
          description: 'Other owners it may act for; `*` stands for any characters',
          default: [],
          examples: [['agent://acme/*']],
        }),
      ),
    },
    closed,
  ),
)
