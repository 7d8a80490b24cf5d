import { Duration, SecretList } from 'carabiner'
import { defaultCallbackPrefix } from 'carabiner/callbacks'
import { type TUnsafe, Type } from 'typebox'

/** The connector's stanza as it is read: durations are milliseconds, defaults filled in. */
export interface CallbacksConfig {
  /** 64 hex digits each; any of them may have signed, the first one signs. @defaultValue none: `allow_unsigned` has to be true */
  readonly secret?: readonly string[]
  readonly allow_unsigned: boolean
  /** As it is written: see `callbackPrefix`. */
  readonly path_prefix: string
  readonly sweep: number
  readonly signatures: readonly 'standard'[]
}

const stanza = Type.Object(
  {
    secret: Type.Optional(
      SecretList({
        description:
          'Signs the ids of callbacks: 32 bytes as 64 hex digits (`openssl rand -hex 32`). A list while it is rotated: the first one signs, any is accepted',
        examples: ['$' + '{CALLBACK_SECRET}'],
      }),
    ),
    allow_unsigned: Type.Optional(
      Type.Boolean({
        description:
          'Whether everybody may answer who can reach the routes. They change state: protect them by other means',
        default: false,
        examples: [true],
      }),
    ),
    path_prefix: Type.Optional(
      Type.String({
        description: 'What the paths of the three routes begin with; blank for none',
        default: defaultCallbackPrefix,
        examples: ['/hooks'],
      }),
    ),
    sweep: Type.Optional(
      Duration({
        description: 'How often callbacks whose deadline has come are made to fail',
        default: '5s',
        examples: ['1s'],
      }),
    ),
    signatures: Type.Optional(
      Type.Array(Type.Unsafe<'standard'>({ const: 'standard' }), {
        description:
          'standard: a Standard Webhooks signature over the body is needed as well, for those who need replay protection',
        default: [],
        uniqueItems: true,
        examples: [['standard']],
      }),
    ),
  },
  {
    additionalProperties: false,
    title: 'callbacks',
    description: 'Takes the answers to callbacks: work and decisions that are answered later',
  },
)

/** Schema of the connector's stanza. */
export const CallbacksConfig: TUnsafe<CallbacksConfig> = Type.Unsafe<CallbacksConfig>(stanza)
