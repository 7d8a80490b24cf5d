import { Duration, type RetryChoice, RetrySetting, SecretList } from 'carabiner'
import { type Static, type TUnsafe, Type } from 'typebox'

/** What a worker has that its stanza leaves out. */
export const defaults = {
  mode: 'async',
  requestTimeoutMs: 30_000,
  callbackTimeoutMs: 3_600_000,
  preset: 'awa',
} as const

const closed = { additionalProperties: false }

const Worker = Type.Object(
  {
    name: Type.Optional(
      Type.String({
        pattern: '^[!-.0-~]{1,128}$',
        description: 'Unique. Default: `<event>@<host of the URL>`',
        examples: ['resizer'],
      }),
    ),
    event: Type.String({
      description: 'The event that the worker does',
      examples: ['image.resize'],
    }),
    url: Type.String({
      description: 'Where jobs are posted: http or https, without user name and password',
      examples: ['https://workers.example.com/resize'],
    }),
    mode: Type.Optional(
      Type.Unsafe<'async' | 'sync'>({
        type: 'string',
        enum: ['async', 'sync'],
        description:
          'async: a 2xx takes the job, and its result is posted to the callback in the request; sync: the reply is the result. Default: async',
        examples: ['sync'],
      }),
    ),
    headers: Type.Optional(
      Type.Unsafe<Readonly<Record<string, string>>>({
        type: 'object',
        additionalProperties: { type: 'string', maxLength: 8_192 },
        maxProperties: 64,
        description: 'Sent with every request',
        default: {},
        examples: [{ 'x-team': 'platform' }],
      }),
    ),
    request_timeout: Type.Optional(
      Duration({
        description: 'One request, from queue to last byte',
        default: '30s',
        examples: ['5s'],
      }),
    ),
    callback_timeout: Type.Optional(
      Duration({
        description:
          'async: how long a job may take, at most 30d; a heartbeat moves it. Default: 1h',
        examples: ['15m'],
      }),
    ),
    retry: Type.Optional(
      RetrySetting({
        description:
          'When a job is posted again that got a 5xx or no answer, as long as it fits into the deadline of the event. Default: awa',
      }),
    ),
    secret: Type.Optional(
      SecretList({
        description:
          'Signs each request with Standard Webhooks as well. A list while it is rotated. Default: not signed so',
        // biome-ignore lint/suspicious/noTemplateCurlyInString: how an assembly refers to its environment
        examples: ['${WORKER_SECRET}'],
      }),
    ),
  },
  { ...closed, title: 'worker' },
)

/** One worker as its stanza in the assembly says it; durations are milliseconds. */
export interface WorkerConfig {
  readonly name?: string
  readonly event: string
  readonly url: string
  readonly mode?: 'async' | 'sync'
  readonly headers?: Readonly<Record<string, string>>
  readonly request_timeout?: number
  readonly callback_timeout?: number
  readonly retry?: RetryChoice
  readonly secret?: readonly string[]
}

/** The connector's stanza: a list of workers. */
export const HttpWorkerConfig: TUnsafe<readonly WorkerConfig[]> = Type.Unsafe<
  readonly Static<typeof Worker>[]
>(
  Type.Array(Worker, {
    title: 'http-worker',
    description: 'Services that do events over HTTP: at once, or in their own time',
  }),
)
