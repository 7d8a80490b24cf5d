import { type RequestHeaders, readHeaders } from '../receiver/webhook-request.ts'
import type { CallbackAction } from './callback.ts'
import type { CallbackBook, CallbackStore } from './callback-book.ts'
import {
  answerCallback,
  bookOf,
  type CallbackConfig,
  CallbackReceiver,
  type CallbackReply,
} from './callback-receiver.ts'

/** An answer as it came, of somebody who is known by other means than a signature. */
export interface TrustedCallbackRequest {
  readonly id: string
  /** The bytes of the wire's body, or their text: `{ "payload": … }`, `{ "error": … }` or `{ "timeout_seconds": … }`. */
  readonly body: Uint8Array | string
  /** Who answers, for the store's audit trail. @defaultValue there is no row */
  readonly actor?: string | undefined
}

/** An answer as it came. */
export interface CallbackRequest extends Omit<TrustedCallbackRequest, 'actor'> {
  /** Exactly as it stands in the path: not decoded, not in another case. */
  readonly id: string
  readonly action: CallbackAction
  /** The header `X-Awa-Signature`. */
  readonly signature?: string | undefined
  /** All headers. Only `signatures: ['standard']` looks at them. @defaultValue none */
  readonly headers?: RequestHeaders | undefined
}

/**
 * One request of any server, from its signature to what is answered.
 *
 * It does all that the adapters do but read the request and write the reply. Keys are prepared with each call, which the adapters do once.
 *
 * @throws {CarabinerError} SECRET_INVALID for a config without a secret and without `allowUnsigned`, or with both
 * @example
 * ```ts
 * import { openStore } from 'carabiner'
 * import { receiveCallback } from 'carabiner/callbacks'
 *
 * await using store = await openStore('sqlite:/var/lib/carabiner/carabiner.db')
 * const { status, body } = await receiveCallback(
 *   store,
 *   {
 *     id: '550e8400-e29b-41d4-a716-446655440000',
 *     action: 'complete',
 *     signature: request.headers.get('x-awa-signature') ?? undefined,
 *     body: new Uint8Array(await request.arrayBuffer()),
 *   },
 *   { secret },
 * )
 * ```
 */
export async function receiveCallback(
  store: CallbackStore,
  request: CallbackRequest,
  config: CallbackConfig,
): Promise<CallbackReply> {
  const { id, signature, headers = [], body } = request
  const receiver = new CallbackReceiver(store, config)
  const refusal = receiver.refuseHead(id, signature)
  if (refusal !== undefined) return refusal
  const given = readHeaders(headers)
  return receiver.answer(request, (name) => given.get(name), bytesOf(body))
}

/**
 * Completes a callback for somebody who is known by other means: no signature is looked at.
 *
 * @throws {CarabinerError} STORE_UNAVAILABLE
 */
export function completeCallback(
  store: CallbackStore | CallbackBook,
  request: TrustedCallbackRequest,
): Promise<CallbackReply> {
  return answerTrusted(store, request, 'complete')
}

/**
 * Lets a callback fail for somebody who is known by other means: no signature is looked at.
 *
 * @throws {CarabinerError} STORE_UNAVAILABLE
 */
export function failCallback(
  store: CallbackStore | CallbackBook,
  request: TrustedCallbackRequest,
): Promise<CallbackReply> {
  return answerTrusted(store, request, 'fail')
}

/**
 * Moves a callback's deadline for somebody who is known by other means: no signature is looked at.
 *
 * @throws {CarabinerError} STORE_UNAVAILABLE
 */
export function heartbeatCallback(
  store: CallbackStore | CallbackBook,
  request: TrustedCallbackRequest,
): Promise<CallbackReply> {
  return answerTrusted(store, request, 'heartbeat')
}

function answerTrusted(
  store: CallbackStore | CallbackBook,
  { id, body, actor }: TrustedCallbackRequest,
  action: CallbackAction,
): Promise<CallbackReply> {
  return answerCallback(bookOf(store), { id, action, actor }, bytesOf(body))
}

function bytesOf(body: Uint8Array | string): Uint8Array {
  return typeof body === 'string' ? Buffer.from(body, 'utf8') : body
}
