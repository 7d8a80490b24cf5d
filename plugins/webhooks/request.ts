import {
  type AfterContext,
  type AnyEvent,
  type CallbackTicket,
  type EventResult,
  type HandlerContext,
  signedForm,
  toJson,
} from 'carabiner'
import { type Static, type TSchema, Type } from 'typebox'

/** What one webhook request carries. */
export interface WebhookContent {
  /** `before:adjust` */
  readonly hook: string
  readonly contentType: string
  /** The exact bytes that are signed and sent, over all attempts. */
  readonly body: Uint8Array
}

/** What a request is stamped with: decided once, the same over all attempts. */
export interface Stamp {
  /** `webhook-id`, `Idempotency-Key` and the body's `id`. */
  readonly id: string
  /** UTC milliseconds. */
  readonly createdAt: number
}

/** What of a handler's context goes into a body. */
type Facts = Pick<
  HandlerContext,
  'event' | 'params' | 'dispatchId' | 'traceId' | 'actor' | 'dryRun' | 'deadline'
>
export type BeforeFacts = Facts
export type AfterFacts = Omit<Facts, 'dryRun' | 'deadline'> & Pick<AfterContext, 'results'>

/** What an endpoint wants of a body. */
export interface BodyForm {
  /** @defaultValue `application/vnd.carabiner.<phase>.<event>+json; version=1` */
  readonly contentType?: string | undefined
  /** Names of signature schemes: `pyfly` wants canonical JSON. @defaultValue none */
  readonly signatures?: readonly string[]
}

/** The phases that webhooks hook into. */
export type WebhookPhase = 'before' | 'after'

/** The request that asks for a decision: the reply's, or that of the callback it hands out. */
export function beforeRequest(
  context: BeforeFacts,
  stamp: Stamp,
  form: BodyForm = {},
  callback?: CallbackTicket,
): WebhookContent {
  const hook = `before:${context.event}`
  const { params, dryRun, deadline } = context
  return serialise(hook, defaultContentType('before', context.event), form, {
    ...opening(hook, context, stamp),
    params,
    ...closing(context),
    dry_run: dryRun,
    deadline: rfc3339(deadline),
    ...(callback && { callback: asBody(callback) }),
  })
}

/** The request that tells what has happened. */
export function afterRequest(
  context: AfterFacts,
  stamp: Stamp,
  form: BodyForm = {},
): WebhookContent {
  const hook = `after:${context.event}`
  return serialise(hook, defaultContentType('after', context.event), form, {
    ...opening(hook, context, stamp),
    params: context.params,
    results: context.results.map(asResult),
    ...closing(context),
  })
}

/** The content type of a body, unless the webhook has its own. */
export function defaultContentType(phase: WebhookPhase, event: string): string {
  return `application/vnd.carabiner.${phase}.${event}+json; version=1`
}

/** Which of the bodies that one hook sends hand out a callback: it depends on the webhook. */
export type CallbackShare = 'none' | 'some' | 'all'

/** JSON Schema (2020-12) of the body that {@link beforeRequest} or {@link afterRequest} makes, from the event's signature. */
export function bodySchema(
  phase: WebhookPhase,
  event: AnyEvent,
  callbacks: CallbackShare = 'none',
): TSchema {
  const hook = `${phase}:${event.name}`
  const schema = {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: hook,
    ...(event.description !== undefined && { description: event.description }),
  }
  const begin = {
    id: Type.String({ format: 'uuid', description: 'The same over all attempts: `webhook-id`' }),
    event: Type.Literal(hook),
    dispatch_id: Type.String({ format: 'uuid' }),
    created_at: Type.String({ format: 'date-time', description: 'RFC 3339, UTC' }),
    params: event.params,
  }
  const end = {
    actor: Type.Union([Type.String(), Type.Null()], { description: 'Who caused the event' }),
    trace_id: Type.String(),
  }
  if (phase === 'after') {
    return Type.Object({ ...begin, results: Type.Array(resultSchema(event)), ...end }, schema)
  }
  const decision = {
    dry_run: Type.Boolean({ description: 'true: nothing will happen, whatever the answer' }),
    deadline: Type.String({ format: 'date-time', description: 'An answer after it is not heard' }),
  }
  return Type.Object({ ...begin, ...end, ...decision, ...callbackSchemas[callbacks] }, schema)
}

const callbackSchema = Type.Object(
  {
    id: Type.String({ format: 'uuid' }),
    url: Type.String({
      description: 'Where the decision is posted; `…/fail` and `…/heartbeat` stand beside it',
      examples: [
        'https://hooks.example.com/api/callbacks/550e8400-e29b-41d4-a716-446655440000/complete',
      ],
    }),
    signature: Type.Union([Type.String(), Type.Null()], {
      description: 'For `X-Awa-Signature`; null where answers need none',
      examples: ['7c1d7a5a4d7a0f1b6f5b3f6b0d3f2f4a9e8d7c6b5a4938271605f4e3d2c1b0a9'],
    }),
    expires_at: Type.String({
      format: 'date-time',
      description: 'An answer after it is too late, unless a heartbeat has moved it',
    }),
  },
  { description: 'Where the decision is awaited' },
)

const callbackSchemas = {
  none: {},
  some: { callback: Type.Optional(callbackSchema) },
  all: { callback: callbackSchema },
} as const satisfies Record<CallbackShare, object>

const errorSchema = Type.Object({ name: Type.String(), message: Type.String() })
type ResultBody = {
  readonly connector: string
} & ({ readonly value: unknown } | { readonly error: Static<typeof errorSchema> })

function resultSchema(event: AnyEvent): TSchema {
  const connector = Type.String()
  return Type.Union([
    Type.Object({ connector, value: event.result }),
    Type.Object({ connector, error: errorSchema }),
  ])
}

function opening(
  hook: string,
  { dispatchId }: AfterFacts | BeforeFacts,
  { id, createdAt }: Stamp,
): object {
  return { id, event: hook, dispatch_id: dispatchId, created_at: rfc3339(createdAt) }
}

function closing({ actor, traceId }: AfterFacts | BeforeFacts): object {
  return { actor: actor ?? null, trace_id: traceId }
}

function asBody({ id, url, signature, expiresAt }: CallbackTicket): Static<typeof callbackSchema> {
  return { id, url, signature, expires_at: rfc3339(expiresAt) }
}

function asResult(result: EventResult): ResultBody {
  const { connector } = result
  if ('value' in result) return { connector, value: result.value ?? null }
  const { name, message } = result.error
  return { connector, error: { name, message } }
}

function serialise(
  hook: string,
  defaultType: string,
  { contentType = defaultType, signatures = [] }: BodyForm,
  body: object,
): WebhookContent {
  const bytes = new TextEncoder().encode(stringify(body))
  return { hook, contentType, body: signedForm(signatures, bytes) }
}

/** Params and results as JSON. What no JSON can say must not keep a message from being sent: the event has happened. */
function stringify(body: object): string {
  try {
    return JSON.stringify(body)
  } catch {
    // A bigint, a cycle, a `toJSON` that throws: they stand here as they stand in the outcome over HTTP.
    return JSON.stringify(toJson(body))
  }
}

function rfc3339(utcMs: number): string {
  return new Date(utcMs).toISOString()
}
