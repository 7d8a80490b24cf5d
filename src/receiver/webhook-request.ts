import { CarabinerError } from '../errors.ts'

/**
 * A request as it came: a web `Request` whose body nobody has read yet, or its headers and the exact bytes of its body.
 *
 * A body that was parsed and written again has other bytes than those that were signed.
 */
export type WebhookRequest = Request | RawRequest

/** A request's headers and the exact bytes of its body. */
export interface RawRequest {
  readonly headers: RequestHeaders
  readonly body: Uint8Array | ArrayBuffer | string
}

/** Web `Headers`, Node's `IncomingHttpHeaders` or any record, or pairs. */
export type RequestHeaders =
  | Iterable<readonly [string, string]>
  | Readonly<Record<string, string | readonly string[] | undefined>>

/** A request read to the end. */
export interface ReceivedRequest {
  /** Names in lower case; what came several times is joined with a comma. */
  readonly headers: ReadonlyMap<string, string>
  readonly body: Uint8Array
}

/** @throws {CarabinerError} MESSAGE_TOO_LARGE when a `Request` has more than `limit` bytes */
export async function readRequest(
  request: WebhookRequest,
  limit: number,
): Promise<ReceivedRequest> {
  if (!isWebRequest(request)) return readRaw(request)

  const headers = readHeaders(request.headers)
  if (Number(headers.get('content-length') ?? 0) > limit) throw tooLarge(limit)
  return { headers, body: await readBody(request, limit) }
}

export function readRaw({ headers, body }: RawRequest): ReceivedRequest {
  return { headers: readHeaders(headers), body: bytesOf(body) }
}

function isWebRequest(request: WebhookRequest): request is Request {
  return 'arrayBuffer' in request
}

export function readHeaders(headers: RequestHeaders): Map<string, string> {
  const read = new Map<string, string>()
  for (const [name, value] of Symbol.iterator in headers ? headers : Object.entries(headers)) {
    if (value === undefined) continue
    const key = name.toLowerCase()
    const before = read.get(key)
    const joined = typeof value === 'string' ? value : value.join(', ')
    read.set(key, before === undefined ? joined : `${before}, ${joined}`)
  }
  return read
}

function bytesOf(body: unknown): Uint8Array {
  if (body instanceof Uint8Array) return body
  if (body instanceof ArrayBuffer) return new Uint8Array(body)
  if (typeof body === 'string') return Buffer.from(body, 'utf8')
  throw new TypeError(
    'expected the raw body (Uint8Array, ArrayBuffer or string); a parsed one has lost the bytes that were signed',
  )
}

async function readBody(request: Request, limit: number): Promise<Uint8Array> {
  if (request.bodyUsed) {
    throw new TypeError('expected a request whose body has not been read: its raw bytes are needed')
  }
  const chunks: Uint8Array[] = []
  let size = 0
  // The body of a Request is a stream of bytes; its type says `any`.
  for await (const chunk of (request.body ?? []) as AsyncIterable<Uint8Array>) {
    size += chunk.length
    if (size > limit) throw tooLarge(limit)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

function tooLarge(limit: number): CarabinerError {
  return new CarabinerError('MESSAGE_TOO_LARGE', `body has more than ${limit} bytes`)
}
