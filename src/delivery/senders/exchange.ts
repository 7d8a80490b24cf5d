import type { Clock } from '../../clock.ts'
import type { NoReplyCause, OutboundRequest, Reply, Timings } from '../sender.ts'
import type { ConnectPhases } from './connector.ts'
import { codedLimit, decodeBody } from './content-encoding.ts'
import { inMicroseconds } from './microseconds.ts'
import type { SenderLimits } from './sender-options.ts'

export type HeaderPairs = readonly (readonly [string, string])[]

interface Head {
  readonly status: number
  readonly statusText: string
  readonly headers: HeaderPairs
}

/**
 * One request's life, whichever client carries it: the deadline, the caller's signal, the limits, and the reply, which
 * is settled once. What comes after that is ignored.
 */
export class Exchange {
  readonly reply: Promise<Reply>
  readonly request: OutboundRequest
  readonly #clock: Clock
  readonly #limits: SenderLimits
  readonly #live: Set<Exchange>
  readonly #resolve: (reply: Reply) => void
  readonly #started: number
  readonly #deadline: Disposable
  readonly #abort: (() => void) | undefined
  #settled = false
  #sentAt: number
  #phases: ConnectPhases | undefined
  #head: Head | undefined
  #headAt = 0
  #interim = 0
  #bodyBytes = 0
  #bodyLimit = 0
  #encoding: string | undefined
  #chunks: Uint8Array[] = []
  /** Ends whatever the client is still doing for this request. Set by the client; called at most once. */
  stop: (() => void) | undefined

  /** @param live - holds the exchange until it is settled */
  constructor(request: OutboundRequest, clock: Clock, limits: SenderLimits, live: Set<Exchange>) {
    const { promise, resolve } = Promise.withResolvers<Reply>()
    this.reply = promise
    this.#resolve = resolve
    this.request = request
    this.#clock = clock
    this.#limits = limits
    this.#live = live
    live.add(this)
    this.#started = clock.monotonic()
    this.#sentAt = this.#started
    this.#deadline = clock.after(request.timeoutMs, () => this.#expire())
    this.#abort = this.#listen(request.signal)
    if (request.signal?.aborted === true) this.fail('aborted', 'given up by the caller')
  }

  get settled(): boolean {
    return this.#settled
  }

  /** Whether the reply's status line has arrived. */
  get answered(): boolean {
    return this.#head !== undefined
  }

  /** The request goes out on a connection now; `phases` tell how that one was made, if it was made for this request. */
  sending(phases: ConnectPhases | undefined): void {
    this.#sentAt = this.#clock.monotonic()
    this.#phases = phases
  }

  /** An interim answer (1xx) arrived. */
  interim(): void {
    this.#interim += 1
    if (this.#interim <= this.#limits.interimAnswers) return
    this.fail('protocol', `more than ${this.#limits.interimAnswers} interim answers`)
  }

  head(status: number, statusText: string, headers: HeaderPairs): void {
    if (this.#settled) return
    this.#headAt = this.#clock.monotonic()
    this.#head = { status, statusText, headers }
    if (headers.length > this.#limits.headerCount) {
      this.fail('over-limit', `the reply has more than ${this.#limits.headerCount} headers`)
      return
    }
    this.#encoding = encodingOf(headers)
    const { replyLimit } = this.request
    this.#bodyLimit = this.#encoding === undefined ? replyLimit : codedLimit(replyLimit)
  }

  data(chunk: Uint8Array): void {
    if (this.#settled) return
    this.#bodyBytes += chunk.byteLength
    if (this.#bodyBytes > this.#bodyLimit) this.#overLimit()
    else this.#chunks.push(chunk)
  }

  /** The reply's last byte has arrived. */
  end(): void {
    if (this.#settled || this.#head === undefined) return
    const body = joined(this.#chunks, this.#bodyBytes)
    if (this.#encoding === undefined || body.byteLength === 0) this.#complete(this.#head, body)
    else void this.#decode(this.#head, body, this.#encoding)
  }

  fail(error: NoReplyCause, message: string): void {
    if (this.#settled) return
    this.#settle({
      kind: 'no-reply',
      error,
      message,
      ...(this.#head !== undefined && { head: this.#head }),
      timings: this.#timings(),
    })
    this.stop?.()
  }

  async #decode(head: Head, body: Uint8Array, encoding: string): Promise<void> {
    const decoded = await decodeBody(body, encoding, this.request.replyLimit)
    switch (decoded.kind) {
      case 'decoded':
        this.#complete(head, decoded.body)
        return
      case 'over-limit':
        this.#overLimit()
        return
      case 'broken':
        this.fail('protocol', decoded.reason)
    }
  }

  #complete(head: Head, body: Uint8Array): void {
    if (this.#settled) return
    const { status, statusText, headers } = head
    this.#settle({ kind: 'reply', status, statusText, headers, body, timings: this.#timings() })
  }

  #overLimit(): void {
    this.fail('over-limit', `the reply is larger than ${this.request.replyLimit} bytes`)
  }

  #expire(): void {
    this.fail('timeout', `no complete reply within ${Math.round(this.request.timeoutMs)} ms`)
  }

  #listen(signal: AbortSignal | undefined): (() => void) | undefined {
    if (signal === undefined) return undefined
    const abort = (): void => this.fail('aborted', 'given up by the caller')
    signal.addEventListener('abort', abort, { once: true })
    return abort
  }

  #settle(reply: Reply): void {
    this.#settled = true
    this.#live.delete(this)
    this.#chunks = []
    this.#deadline[Symbol.dispose]()
    if (this.#abort !== undefined) this.request.signal?.removeEventListener('abort', this.#abort)
    this.#resolve(reply)
  }

  #timings(): Timings {
    const now = this.#clock.monotonic()
    const totalMs = inMicroseconds(now - this.#started)
    if (this.#head === undefined) return { totalMs, ...this.#phases }
    return {
      totalMs,
      ...this.#phases,
      firstByte: inMicroseconds(this.#headAt - this.#sentAt),
      download: inMicroseconds(now - this.#headAt),
    }
  }
}

function encodingOf(headers: HeaderPairs): string | undefined {
  let encoding: string | undefined
  for (const [name, value] of headers) {
    if (name === 'content-encoding')
      encoding = encoding === undefined ? value : `${encoding}, ${value}`
  }
  return encoding
}

function joined(chunks: readonly Uint8Array[], bytes: number): Uint8Array {
  const [first] = chunks
  return chunks.length === 1 && first !== undefined ? first : Buffer.concat(chunks, bytes)
}
