import type { Enveloped } from './enveloped.ts'
import type { Call, CallOptions, Transport } from './transport.ts'

/** Where a callback stands. */
export type CallbackState = 'WaitingExternal' | 'Completed' | 'Failed'

/** Something that waits until it is answered. Times in RFC 3339. */
export interface Callback {
  /** UUID. */
  readonly id: string
  readonly state: CallbackState
  /** Who waits for the answer. */
  readonly waiter: string
  /** The connector, or `connector/webhook`, that opened it; `null` for one that another program made. */
  readonly by: string | null
  /** The event whose handler opened it. */
  readonly event: string | null
  /** The dispatch that waits for it. */
  readonly dispatchId: string | null
  /** What whoever opened it wanted to know again. */
  readonly meta?: unknown
  readonly createdAt: string
  readonly deadline: string
  /** `null` while it waits. */
  readonly resolvedAt: string | null
  readonly resolvedBy: 'complete' | 'fail' | 'expiry' | null
  /** Why it failed; `null` unless it did, and after an erasure. */
  readonly error: string | null
}

/** A callback with what was answered. */
export interface CallbackDetail extends Callback {
  /** What it was completed with; `null` without one, and after an erasure. */
  readonly payload?: unknown
}

/** Which callbacks: those that wait, that failed, that completed; each newest first. */
export interface ListCallbacks {
  readonly state?: CallbackState
  /** 1 to 1,000. @defaultValue 100 */
  readonly limit?: number
  /** `nextCursor` of the page before. */
  readonly cursor?: string
}

/** A page of callbacks. */
export interface CallbacksPage {
  readonly callbacks: readonly Callback[]
  /** `null` on the last page. */
  readonly nextCursor: string | null
}

/** What a callback is after an answer was taken. */
export interface CallbackAnswered {
  readonly id: string
  readonly state: CallbackState
}

/** Options of a call about callbacks. */
export interface CallbackCallOptions extends Pick<CallOptions, 'traceId' | 'signal'> {
  /** Who it is, for the audit trail. @defaultValue the name of the management key */
  readonly actor?: string
}

/**
 * An operator's way to the callbacks of a host, with its management key. An answer is taken once: `ApiError` with status 404 when nobody waits for it any
 * more.
 */
export interface CallbacksClient {
  list(query?: ListCallbacks, options?: CallbackCallOptions): Promise<CallbacksPage>
  get(id: string, options?: CallbackCallOptions): Promise<CallbackDetail>
  /** It is done, or allowed. @param body - `payload`: any JSON @defaultValue none */
  complete(
    id: string,
    body?: { readonly payload?: unknown },
    options?: CallbackCallOptions,
  ): Promise<CallbackAnswered>
  /** It is not done, or refused. */
  fail(
    id: string,
    body: { readonly error: string },
    options?: CallbackCallOptions,
  ): Promise<CallbackAnswered>
  /** It waits so long from now. @param body - `timeout_seconds`: at most 30 days @defaultValue an hour */
  heartbeat(
    id: string,
    body?: { readonly timeout_seconds?: number },
    options?: CallbackCallOptions,
  ): Promise<CallbackAnswered>
}

export function callbacksClient(transport: Pick<Transport, 'call'>): CallbacksClient {
  /** The server holds every answer against the schema that these types follow; a test holds the two together. */
  const call = async (given: Omit<Call, 'access'>): Promise<Enveloped> =>
    (await transport.call({ ...given, access: 'management' })).body as Enveloped
  const data = async <T>(given: Omit<Call, 'access'>): Promise<T> => (await call(given)).data as T
  const post = (id: string, action: string, body: object, options?: CallbackCallOptions) =>
    data<CallbackAnswered>({ ...options, method: 'POST', path: `${below(id)}/${action}`, body })

  return {
    async list(query, options) {
      const page = await call({ ...options, method: 'GET', path: callbacks, query: { ...query } })
      // Proof of the casts: the schema of the list.
      const found = page.data as readonly Callback[]
      return { callbacks: found, nextCursor: page.meta['nextCursor'] as string | null }
    },
    get: (id, options) => data({ ...options, method: 'GET', path: below(id) }),
    complete: (id, body = {}, options) => post(id, 'complete', body, options),
    fail: (id, body, options) => post(id, 'fail', body, options),
    heartbeat: (id, body = {}, options) => post(id, 'heartbeat', body, options),
  }
}

const callbacks = '/api/v1/callbacks'

function below(id: string): string {
  return `${callbacks}/${encodeURIComponent(id)}`
}
