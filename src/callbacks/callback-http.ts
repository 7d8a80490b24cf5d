import type { HeaderLookup } from './callback-access.ts'
import {
  bodyTooLong,
  type CallbackConfig,
  type CallbackReceiver,
  type CallbackReply,
  invalid,
} from './callback-receiver.ts'
import { parseCallbackPath } from './callback-url.ts'

/** What the routes are mounted with. */
export interface CallbackRoutesConfig extends CallbackConfig {
  /** What their paths begin with; blank for none. @defaultValue `/api/callbacks` */
  readonly pathPrefix?: string | undefined
}

/** A request as every server has it. */
export interface CallbackHttpRequest {
  readonly method: string
  /** Without query, not decoded. */
  readonly path: string
  readonly header: HeaderLookup
  /** Read only when it is wanted. */
  readonly body: () => Promise<BodyReading>
}

/** `broken`: the sender went away while it was sending. */
export type BodyReading =
  | { readonly kind: 'body'; readonly bytes: Uint8Array }
  | { readonly kind: 'too-long' }
  | { readonly kind: 'broken' }

/** A reply as every server can send it. */
export interface CallbackHttpReply {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  /** JSON. */
  readonly body: string
}

/** Resolves to `undefined` for a path that is none of the routes. @param prefix - as `callbackPrefix` gives it */
export async function replyTo(
  receiver: CallbackReceiver,
  prefix: string,
  request: CallbackHttpRequest,
): Promise<CallbackHttpReply | undefined> {
  const path = parseCallbackPath(prefix, request.path)
  if (path === undefined) return undefined
  if (request.method !== 'POST') return httpReply(methodNotAllowed, { allow: 'POST' })
  const refusal = receiver.refuseHead(path.id, request.header('x-awa-signature'))
  if (refusal !== undefined) return httpReply(refusal)

  const reading = await request.body()
  switch (reading.kind) {
    case 'body':
      return httpReply(await receiver.answer(path, request.header, reading.bytes))
    case 'too-long':
      return httpReply(bodyTooLong)
    case 'broken':
      return httpReply(invalid('body is not complete'))
  }
}

export function httpReply(
  { status, body }: Pick<CallbackReply, 'status' | 'body'>,
  headers: Readonly<Record<string, string>> = {},
): CallbackHttpReply {
  const contentType = { 'content-type': 'application/json; charset=utf-8' }
  return { status, headers: { ...contentType, ...headers }, body: JSON.stringify(body) }
}

const methodNotAllowed: CallbackReply = { status: 405, body: { error: 'method not allowed' } }

/** What is said on a path that is none of the routes, where nobody else answers. */
export const noRoute: CallbackHttpReply = httpReply({ status: 404, body: { error: 'not found' } })
