import { type Clock, systemClock } from '../clock.ts'
import { type CallbacksClient, callbacksClient } from './callbacks.ts'
import type {
  BatchAnswer,
  DeliveriesPage,
  EventAnswer,
  ListDeliveries,
  PublishedAnswer,
  PublishWebhookEvent,
  ReplayedAnswer,
  TestedAnswer,
} from './events.ts'
import { type ExecutionsClient, executionsClient } from './executions.ts'
import type {
  ListWebhookSubscriptions,
  RevokedAnswer,
  RotatedAnswer,
  RotateSecret,
  SubscriptionAnswer,
  SubscriptionsPage,
  UpdateWebhookSubscription,
  UpsertWebhookSubscription,
} from './subscriptions.ts'
import { type Answer, type Call, type CallOptions, Transport } from './transport.ts'

/** Where the server is, and how it is called. */
export interface ClientOptions {
  /** `https://hooks.example.com`: what stands before `/v1`. */
  readonly baseUrl: string
  /** From the assembly, or `carabiner keys create`. @defaultValue none: `health` alone works without one */
  readonly apiKey?: string
  /** `host.server.management_key`: for `callbacks` and `executions`, and sent with those calls alone. @defaultValue none */
  readonly managementKey?: string
  /** @defaultValue the runtime's */
  readonly fetch?: typeof fetch
  /** How often a call that may be repeated is, after 429, 5xx and connections that fail. @defaultValue 2 */
  readonly retries?: number
  readonly clock?: Clock
}

/** What the host can do. */
export interface Capabilities {
  readonly ok: true
  readonly capabilities: readonly string[]
  /** `intent.<event>.v1` */
  readonly supported_intent_types: readonly string[]
}

/** What is well and what is not. A host that is not ready answers too. */
export interface Health {
  readonly ok: boolean
  readonly status: 'ok' | 'degraded'
  readonly version: string
  readonly checks: Readonly<
    Record<string, { readonly status: 'ok' | 'error'; readonly detail?: string }>
  >
}

/** Programs' way to the subscriptions of a host: one method for each call, all with {@link CallOptions}; and operators' to its callbacks and executions. */
export interface Client {
  readonly callbacks: CallbacksClient
  readonly executions: ExecutionsClient
  upsertWebhookSubscription(
    body: UpsertWebhookSubscription,
    options?: CallOptions,
  ): Promise<SubscriptionAnswer>
  listWebhookSubscriptions(
    query?: ListWebhookSubscriptions,
    options?: CallOptions,
  ): Promise<SubscriptionsPage>
  getWebhookSubscription(id: string, options?: CallOptions): Promise<SubscriptionAnswer>
  updateWebhookSubscription(
    id: string,
    body: UpdateWebhookSubscription,
    options?: CallOptions,
  ): Promise<SubscriptionAnswer>
  deleteWebhookSubscription(id: string, options?: CallOptions): Promise<RevokedAnswer>
  rotateWebhookSubscriptionSecret(
    id: string,
    body?: RotateSecret,
    options?: CallOptions,
  ): Promise<RotatedAnswer>
  testWebhookSubscription(id: string, options?: CallOptions): Promise<TestedAnswer>
  listWebhookSubscriptionDeliveries(
    id: string,
    query?: ListDeliveries,
    options?: CallOptions,
  ): Promise<DeliveriesPage>
  publishWebhookEvent(body: PublishWebhookEvent, options?: CallOptions): Promise<PublishedAnswer>
  /** 1 to 100 events, each gated by itself. */
  publishWebhookEvents(
    events: readonly PublishWebhookEvent[],
    options?: CallOptions,
  ): Promise<BatchAnswer>
  replayWebhookEvent(id: string, options?: CallOptions): Promise<ReplayedAnswer>
  getWebhookEvent(id: string, options?: CallOptions): Promise<EventAnswer>
  listWebhookEventDeliveries(
    id: string,
    query?: ListDeliveries,
    options?: CallOptions,
  ): Promise<DeliveriesPage>
  getCapabilities(options?: CallOptions): Promise<Capabilities>
  health(options?: CallOptions): Promise<Health>
}

/**
 * Makes a client. It keeps nothing open.
 *
 * Every method rejects with `AuthError` (401, 403), `ValidationError` (400, 422), `RateLimitError` (429), `ServerError` (5xx), `ApiError` (any
 * other), or `ConnectionError` when no answer came. GET, DELETE, and calls with an `idempotencyKey` are repeated twice before that, 200 and 400 ms
 * later, or when `Retry-After` says.
 *
 * @throws {TypeError} a base URL that is none
 * @example
 * ```ts
 * import { createClient } from 'carabiner/client'
 *
 * const client = createClient({ baseUrl: 'http://localhost:8080', apiKey: 'cbk_…' })
 * const { event_id } = await client.publishWebhookEvent(
 *   { event_type: 'inbox.thread_created', source: 'crm', payload: { thread: 7 } },
 *   { idempotencyKey: 'thread-7' },
 * )
 * ```
 */
export function createClient({
  baseUrl,
  apiKey,
  managementKey,
  fetch: given = fetch,
  retries = 2,
  clock = systemClock,
}: ClientOptions): Client {
  const transport = new Transport({
    baseUrl: new URL(baseUrl),
    apiKey,
    managementKey,
    fetch: given,
    clock,
    retries,
  })
  /** The server holds every answer against the schema that these types follow; a test holds the two together. */
  const call = async <T>(call: Call): Promise<T> => (await transport.call(call)).body as T
  const page = async <T>(call: Call): Promise<T> => withCursor(await transport.call(call)) as T

  return {
    callbacks: callbacksClient(transport),
    executions: executionsClient(transport),
    upsertWebhookSubscription: (body, options) =>
      call({ ...options, method: 'POST', path: subscriptions, body }),
    listWebhookSubscriptions: (query, options) =>
      page({ ...options, method: 'GET', path: subscriptions, query: { ...query } }),
    getWebhookSubscription: (id, options) =>
      call({ ...options, method: 'GET', path: below(subscriptions, id) }),
    updateWebhookSubscription: (id, body, options) =>
      call({ ...options, method: 'PATCH', path: below(subscriptions, id), body }),
    deleteWebhookSubscription: (id, options) =>
      call({ ...options, method: 'DELETE', path: below(subscriptions, id) }),
    rotateWebhookSubscriptionSecret: (id, body = {}, options) =>
      call({ ...options, method: 'POST', path: below(subscriptions, id, 'rotate-secret'), body }),
    testWebhookSubscription: (id, options) =>
      call({ ...options, method: 'POST', path: below(subscriptions, id, 'test') }),
    listWebhookSubscriptionDeliveries: (id, query, options) =>
      page({
        ...options,
        method: 'GET',
        path: below(subscriptions, id, 'deliveries'),
        query: { ...query },
      }),
    publishWebhookEvent: (body, options) =>
      call({ ...options, method: 'POST', path: events, body }),
    publishWebhookEvents: (list, options) =>
      call({ ...options, method: 'POST', path: below(events, 'batch'), body: { events: list } }),
    replayWebhookEvent: (id, options) =>
      call({ ...options, method: 'POST', path: below(events, id, 'replay') }),
    getWebhookEvent: (id, options) => call({ ...options, method: 'GET', path: below(events, id) }),
    listWebhookEventDeliveries: (id, query, options) =>
      page({
        ...options,
        method: 'GET',
        path: below(events, id, 'deliveries'),
        query: { ...query },
      }),
    getCapabilities: (options) => call({ ...options, method: 'GET', path: '/v1/capabilities' }),
    health: (options) => call({ ...options, method: 'GET', path: '/health', answers: [503] }),
  }
}

const subscriptions = '/v1/webhooks/subscriptions'
const events = '/v1/webhooks/events'

function below(path: string, ...segments: readonly string[]): string {
  return [path, ...segments.map(encodeURIComponent)].join('/')
}

/** Where a list goes on stands in a header. */
function withCursor({ headers, body }: Answer): object {
  return { ...Object(body), next_cursor: headers.get('x-next-cursor') }
}
