import type { Clock } from '../../clock.ts'
import type { NoReplyCause, OutboundRequest, Reply, Timings } from '../sender.ts'
import { type Abortable, Callers } from './callers.ts'
import type { ConnectPhases } from './connector.ts'
import { codedLimit, decodeBody } from './content-encoding.ts'
import { type Bounded, type Deadline, Deadlines } from './deadlines.ts'
import { inMicroseconds } from './microseconds.ts'
import type { SenderLimits } from './sender-options.ts'

export type HeaderPairs = readonly (readonly [string, string])[]

/** The client's part in an exchange. */
export interface Carrier {
  stop(): void
}

interface Head {
  readonly status: number
  readonly statusText: string
  readonly headers: HeaderPairs
}

/** A sender's exchanges under way. */
export class Exchanges {
  readonly clock: Clock
  readonly limits: SenderLimits
  readonly deadlines: Deadlines
  readonly callers: Callers = new Callers()
  #closed = false

  constructor(clock: Clock, limits: SenderLimits) {
    this.clock = clock
    this.limits = limits
    this.deadlines = new Deadlines(clock)
  }

  /**
   * Begins one; it may be settled already.
   *
   * @param replied - told the reply in the turn in which it is complete
   */
  open(request: OutboundRequest, replied?: (reply: Reply) => void): Exchange {
    const exchange = new Exchange(request, this, replied)
    if (this.#closed) exchange.fail('aborted', 'the sender is closed')
    else if (request.signal?.aborted === true) exchange.giveUp()
    return exchange
  }

  /** Ends all of them, and every one that is opened from now on. */
  close(): void {
    this.#closed = true
    for (const exchange of [...this.deadlines.all()]) exchange.close()
  }
}

/**
 * One request's life, whichever client carries it: the deadline, the caller's signal, the limits, and the reply, which
 * is settled once. What comes after that is ignored.
 */
export class Exchange implements Bounded, Abortable {
  readonly request: OutboundRequest
  readonly #parts: Exchanges
  readonly #replied: ((reply: Reply) => void) | undefined
  readonly #started: number
  readonly #deadline: Deadline
  #reply: Reply | undefined
  #awaited: PromiseWithResolvers<Reply> | undefined
  #sentAt: number
  #isSent = false
  #phases: ConnectPhases | undefined
  #head: Head | undefined
  #headAt = 0
  #interim = 0
  #bodyBytes = 0
  #bodyLimit = 0
  #encoding: string | undefined
  #body: Uint8Array | undefined
  /** What comes after the first chunk. Most replies are one. */
  #rest: Uint8Array[] | undefined
  /** Ends whatever the client is still doing for this request. Set by the client; called at most once. */
  carrier: Carrier | undefined

  constructor(
    request: OutboundRequest,
    parts: Exchanges,
    replied: ((reply: Reply) => void) | undefined,
  ) {
    this.request = request
    this.#parts = parts
    this.#replied = replied
    this.#started = parts.clock.monotonic()
    this.#sentAt = this.#started
    this.#deadline = parts.deadlines.start(this, request.timeoutMs, this.#started)
    if (request.signal !== undefined) parts.callers.add(request.signal, this)
  }

  get settled(): boolean {
    return this.#reply !== undefined
  }

  /** Made for those who wait for it: most are told. */
  get reply(): Promise<Reply> {
    if (this.#reply !== undefined) return Promise.resolve(this.#reply)
    this.#awaited ??= Promise.withResolvers<Reply>()
    return this.#awaited.promise
  }

  /** Whether the reply's status line has arrived. */
  get answered(): boolean {
    return this.#head !== undefined
  }

  /** The request goes out on a connection now; `phases` tell how that one was made, if it was made for this request. */
  sending(phases: ConnectPhases | undefined): void {
    this.#sentAt = this.#parts.clock.monotonic()
    this.#isSent = true
    this.#phases = phases
  }

  /** An interim answer (1xx) arrived. */
  interim(): void {
    this.#interim += 1
    const { interimAnswers } = this.#parts.limits
    if (this.#interim > interimAnswers)
      this.fail('protocol', `more than ${interimAnswers} interim answers`)
  }

  head(status: number, statusText: string, headers: HeaderPairs): void {
    if (this.settled) return
    this.#headAt = this.#parts.clock.monotonic()
    this.#head = { status, statusText, headers }
    const { headerCount } = this.#parts.limits
    if (headers.length > headerCount) {
      this.fail('over-limit', `the reply has more than ${headerCount} headers`)
      return
    }
    this.#encoding = encodingOf(headers)
    const { replyLimit } = this.request
    this.#bodyLimit = this.#encoding === undefined ? replyLimit : codedLimit(replyLimit)
  }

  data(chunk: Uint8Array): void {
    if (this.settled) return
    this.#bodyBytes += chunk.byteLength
    if (this.#bodyBytes > this.#bodyLimit) this.#overLimit()
    else if (this.#body === undefined) this.#body = chunk
    else if (this.#rest === undefined) this.#rest = [chunk]
    else this.#rest.push(chunk)
  }

  /** The reply's last byte has arrived. */
  end(): void {
    if (this.settled || this.#head === undefined) return
    const body = this.#joined()
    if (this.#encoding === undefined || body.byteLength === 0) this.#complete(this.#head, body)
    else void this.#decode(this.#head, body, this.#encoding)
  }

  fail(error: NoReplyCause, message: string): void {
    if (this.settled) return
    const reply: Reply = {
      kind: 'no-reply',
      error,
      message,
      ...(this.#head !== undefined && { head: this.#head }),
      timings: this.#timings(),
    }
    this.#settle(reply)
    this.carrier?.stop()
    this.#tell(reply)
  }

  giveUp(): void {
    this.fail('aborted', 'given up by the caller')
  }

  close(): void {
    this.fail('aborted', 'the sender is closed')
  }

  expire(): void {
    const missing = this.#isSent ? 'complete reply' : 'connection'
    this.fail('timeout', `no ${missing} within ${Math.round(this.request.timeoutMs)} ms`)
  }

  #joined(): Uint8Array {
    if (this.#body === undefined) return nothing
    return this.#rest === undefined
      ? this.#body
      : Buffer.concat([this.#body, ...this.#rest], this.#bodyBytes)
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
    if (this.settled) return
    const { status, statusText, headers } = head
    const timings = this.#timings()
    const reply: Reply = { kind: 'reply', status, statusText, headers, body, timings }
    this.#settle(reply)
    this.#tell(reply)
  }

  #overLimit(): void {
    this.fail('over-limit', `the reply is larger than ${this.request.replyLimit} bytes`)
  }

  #settle(reply: Reply): void {
    this.#reply = reply
    this.#body = undefined
    this.#rest = undefined
    this.#deadline[Symbol.dispose]()
    const { signal } = this.request
    if (signal !== undefined) this.#parts.callers.delete(signal, this)
  }

  #tell(reply: Reply): void {
    this.#awaited?.resolve(reply)
    this.#replied?.(reply)
  }

  #timings(): Timings {
    const now = this.#parts.clock.monotonic()
    const totalMs = inMicroseconds(now - this.#started)
    if (this.#head === undefined) return { totalMs, ...this.#phases }
    const firstByte = inMicroseconds(this.#headAt - this.#sentAt)
    const download = inMicroseconds(now - this.#headAt)
    if (this.#phases === undefined) return { totalMs, firstByte, download }
    return { totalMs, ...this.#phases, firstByte, download }
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

const nothing = new Uint8Array(0)
