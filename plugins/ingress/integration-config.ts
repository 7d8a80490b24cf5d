import { Duration, SecretList } from 'carabiner'
import { type TSchema, type TUnsafe, Type } from 'typebox'

/** The part of an integration's stanza that says which provider it is, and how its requests are verified and read. */
export interface ProviderConfig {
  /** A built-in provider, or the name of one that `verify` and `normalize` declare. */
  readonly provider: string
  /** All that are valid now. */
  readonly secret?: readonly string[]
  readonly verify?: 'none' | VerifyConfig
  readonly normalize?: NormalizeConfig
  readonly sign_with?: SignWithConfig
}

export interface VerifyConfig {
  /** Of a declared provider; a built-in one has its own. */
  readonly scheme?: string
  readonly header?: string
  /** For `hmac` alone. */
  readonly algorithm?: HmacAlgorithm
  /** For `hmac` alone. */
  readonly encoding?: HmacEncoding
  /** For `hmac` alone: what stands before the digest. */
  readonly prefix?: string
  /** Milliseconds. */
  readonly tolerance?: number
}

type HmacAlgorithm = 'sha1' | 'sha256' | 'sha512'
type HmacEncoding = 'hex' | 'base64'

/** Where a declared provider's requests say what. */
export interface NormalizeConfig {
  readonly id?: Source
  readonly type: Source | ConstantSource
  readonly occurredAt?: Source
  readonly subject?: Source
  /** A JSON Pointer; empty: the whole payload. */
  readonly data?: string
}

/** A JSON Pointer into the payload, or a header. */
export type Source = string | { readonly header: string }
export interface ConstantSource {
  readonly value: string
}

/** How deliveries to the integration's callback URL are signed. */
export interface SignWithConfig {
  readonly scheme: string
  readonly secret: readonly string[]
}

const closed = { additionalProperties: false }
const headerName = { pattern: "^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,64}$" }
/** RFC 6901; the empty one is the whole document. */
const pointer = '^(?:/(?:[^~/]|~[01])*)*$'

const Pointer = {
  type: 'string',
  pattern: pointer,
  maxLength: 512,
  examples: ['/event/type', '/order/id'],
}
const HeaderSource = {
  type: 'object',
  properties: {
    header: {
      type: 'string',
      ...headerName,
      description: 'The name of the header',
      examples: ['X-Event-Id'],
    },
  },
  required: ['header'],
  ...closed,
}
const Constant = {
  type: 'object',
  properties: {
    value: {
      type: 'string',
      minLength: 1,
      maxLength: 128,
      description: 'What it always is',
      examples: ['order.changed'],
    },
  },
  required: ['value'],
  ...closed,
}

const Verify: TSchema = Type.Unsafe<'none' | VerifyConfig>({
  description:
    'How requests are verified. A built-in provider brings its own way; `none` takes whatever comes',
  examples: [{ scheme: 'github', header: 'X-Signature' }, 'none'],
  anyOf: [
    { const: 'none' },
    Type.Object(
      {
        scheme: Type.Optional(
          Type.String({
            description: 'A signature scheme, or `hmac` for one put together here',
            examples: ['github', 'hmac'],
          }),
        ),
        header: Type.Optional(
          Type.String({
            ...headerName,
            description: 'The header with the signature. Default: that of the scheme',
            examples: ['X-Signature'],
          }),
        ),
        algorithm: Type.Optional(
          Type.Unsafe<HmacAlgorithm>({
            type: 'string',
            enum: ['sha1', 'sha256', 'sha512'],
            description: 'hmac: the hash function. Default: sha256',
            examples: ['sha512'],
          }),
        ),
        encoding: Type.Optional(
          Type.Unsafe<HmacEncoding>({
            type: 'string',
            enum: ['hex', 'base64'],
            description: 'hmac: how the digest is written. Default: hex',
            examples: ['base64'],
          }),
        ),
        prefix: Type.Optional(
          Type.String({
            pattern: '^[!-~]{0,32}$',
            description: 'hmac: what stands before the digest. Default: nothing',
            examples: ['sha256='],
          }),
        ),
        tolerance: Type.Optional(
          Duration({
            description: 'How far a signed time may be off, both ways. Default: 5m',
            examples: ['10m'],
          }),
        ),
      },
      closed,
    ),
  ],
})

const Normalize: TSchema = Type.Object(
  {
    id: Type.Optional(
      Type.Unsafe<Source>({
        description:
          'Where the id of the event stands. Default: none, the payload tells duplicates',
        examples: ['/event/id', { header: 'X-Event-Id' }],
        anyOf: [Pointer, HeaderSource],
      }),
    ),
    type: Type.Unsafe<Source | ConstantSource>({
      description: 'Where the type of the event stands, or the one type there is',
      examples: ['/event/type', { header: 'X-Event-Type' }, { value: 'order.changed' }],
      anyOf: [Pointer, HeaderSource, Constant],
    }),
    occurredAt: Type.Optional(
      Type.Unsafe<Source>({
        description:
          'Where it says when it happened: ISO 8601, seconds or milliseconds. Default: when it came in',
        examples: ['/event/time'],
        anyOf: [Pointer, HeaderSource],
      }),
    ),
    subject: Type.Optional(
      Type.Unsafe<Source>({
        description: 'Where it says what it is about. Default: nowhere',
        examples: ['/order/id'],
        anyOf: [Pointer, HeaderSource],
      }),
    ),
    data: Type.Optional(
      Type.Unsafe<string>({
        ...Pointer,
        description: 'What is delivered. Default: the whole payload',
        examples: ['/order'],
      }),
    ),
  },
  {
    ...closed,
    description: 'How the requests of a declared provider are read: JSON Pointers, or headers',
    examples: [{ id: '/event/id', type: '/event/type', occurredAt: '/event/time' }],
  },
)

const SignWith: TSchema = Type.Object(
  {
    scheme: Type.String({ description: 'A signature scheme', examples: ['standard'] }),
    secret: SecretList({
      description: 'A list while it is rotated: the first one signs first',
      // biome-ignore lint/suspicious/noTemplateCurlyInString: how an assembly refers to its environment
      examples: ['${CALLBACK_SECRET}'],
    }),
  },
  {
    ...closed,
    description: 'How deliveries to the callback URL are signed. Default: not at all',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: how an assembly refers to its environment
    examples: [{ scheme: 'standard', secret: '${CALLBACK_SECRET}' }],
  },
)

/** The properties of an integration's schema that make a `ProviderConfig`; the others stand beside them in `config.ts`. */
export const providerProperties: {
  readonly provider: TUnsafe<string>
  readonly secret: TSchema
  readonly verify: TSchema
  readonly normalize: TSchema
  readonly sign_with: TSchema
} = {
  provider: Type.Unsafe<string>({
    type: 'string',
    pattern: '^[a-z][a-z0-9_-]{0,63}$',
    description: 'A built-in provider, or a name for one that is declared here',
    examples: ['github', 'orders'],
  }),
  secret: Type.Optional(
    SecretList({
      description: 'What requests are verified with. A list while it is rotated: any of them fits',
      // biome-ignore lint/suspicious/noTemplateCurlyInString: how an assembly refers to its environment
      examples: ['${GITHUB_SECRET}'],
    }),
  ),
  verify: Type.Optional(Verify),
  normalize: Type.Optional(Normalize),
  sign_with: Type.Optional(SignWith),
}
