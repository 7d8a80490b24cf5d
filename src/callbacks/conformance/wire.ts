import assert from 'node:assert/strict'
import type { Callback, CallbackAction } from '../callback.ts'
import type { CallbackBook } from '../callback-book.ts'
import { signCallback } from '../callback-signature.ts'
import { secret } from './secrets.ts'

/** The bytes of a body, at once or bit by bit. */
export type WireBody = string | Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array>

/** A request of a case. */
export interface WireRequest {
  /** As it stands in the path. @defaultValue a new callback's */
  readonly id?: string
  /** @defaultValue `complete` */
  readonly action?: CallbackAction
  /** Instead of `/{id}/{action}`. */
  readonly path?: string
  /** @defaultValue `POST` */
  readonly method?: string
  /** @defaultValue what completes, fails or extends */
  readonly body?: WireBody | null
  /** `null` for none. @defaultValue that of the id, made with the secret */
  readonly signature?: string | null
  readonly headers?: Readonly<Record<string, string>>
}

/** What a server says. */
export interface WireReply {
  readonly status: number
  readonly body: unknown
  readonly headers: Headers
}

const bodies: Readonly<Record<CallbackAction, string>> = {
  complete: '{"payload":{"ok":true}}',
  fail: '{"error":"no"}',
  heartbeat: '{"timeout_seconds":60}',
}

/** A server with the routes, and what stands in its store. */
export class Wire {
  readonly book: CallbackBook
  readonly #url: string
  readonly #prefix: string

  constructor(book: CallbackBook, url: string, prefix: string) {
    this.book = book
    this.#url = url
    this.#prefix = prefix
  }

  /** A new callback's id. */
  async create(timeoutMs: number = 3_600_000): Promise<string> {
    const { id } = await this.book.create({ waiter: 'conformance', timeoutMs })
    return id
  }

  async find(id: string): Promise<Callback | undefined> {
    const [callback] = await this.book.find([id])
    return callback
  }

  async send(request: WireRequest = {}): Promise<WireReply> {
    const { action = 'complete', method = 'POST', headers = {} } = request
    const id = request.id ?? (await this.create())
    const { path = `/${id}/${action}`, signature = signCallback(id, secret) } = request
    const body = request.body === undefined ? bodies[action] : request.body
    const response = await fetch(`${this.#url}${this.#prefix}${path}`, {
      method,
      headers: {
        'content-type': 'application/json',
        ...(signature !== null && { 'x-awa-signature': signature }),
        ...headers,
      },
      body: method === 'GET' || method === 'HEAD' ? null : body,
      ...(body instanceof ReadableStream && { duplex: 'half' }),
    })
    const text = await response.text()
    return { status: response.status, body: jsonOr(text), headers: response.headers }
  }

  /** The reply must be this error, and the callback must still wait. */
  async refuses(request: WireRequest, status: number, error: string): Promise<void> {
    const id = request.id ?? (await this.create())
    const before = await this.find(id)

    const reply = await this.send({ id, ...request })

    assert.deepEqual([reply.status, reply.body], [status, { error }])
    assert.match(reply.headers.get('content-type') ?? '', /^application\/json\b/)
    assert.deepEqual(await this.find(id), before)
  }

  /** The reply must be 200, and the callback must stand where it says. */
  async takes(request: WireRequest, state: Callback['state']): Promise<Callback> {
    const id = request.id ?? (await this.create())

    const reply = await this.send({ id, ...request })

    assert.deepEqual([reply.status, reply.body], [200, { id, state }])
    assert.match(reply.headers.get('content-type') ?? '', /^application\/json\b/)
    const callback = await this.find(id)
    assert.ok(callback)
    assert.equal(callback.state, state)
    return callback
  }
}

function jsonOr(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text // No JSON where it was expected is the case's to say.
  }
}
