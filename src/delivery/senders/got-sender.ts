import type { Agent as HttpAgent } from 'node:http'
import type { Agent as HttpsAgent } from 'node:https'
import got, { type Got, type Request as GotStream } from 'got'
import type { Clock } from '../../clock.ts'
import { createEgressGuard, type EgressGuard, hostOf, portOf } from '../egress-guard.ts'
import type { OutboundRequest, Reply, Sender } from '../sender.ts'
import { type Connector, type ConnectTarget, createConnector } from './connector.ts'
import { acceptedEncodings } from './content-encoding.ts'
import { Exchange } from './exchange.ts'
import { type Attempt, carryHttp1, carryHttp2, failed } from './got-attempt.ts'
import { type Agents, createAgents } from './http-agents.ts'
import {
  type Choice,
  createHttp2Sessions,
  type Http2Sessions,
  type SessionLease,
} from './http2-sessions.ts'
import { cannotSend, unsendableHeader } from './request-headers.ts'
import { defaultLimits, type SenderLimits, type SenderOptions } from './sender-options.ts'

/**
 * The sender of decisions: `got`, keep-alive for HTTP/1.1, HTTP/2 where TLS offers it.
 *
 * got's own redirects, retries, timers, decompression and connections are off or replaced: one deadline covers
 * everything, and every connection is opened through the egress guard.
 *
 * @throws {CarabinerError} ASSEMBLY_INVALID when the egress options make no sense
 */
export function createGotSender(options: SenderOptions): Sender {
  return new GotSender(options)
}

class GotSender implements Sender {
  readonly #clock: Clock
  readonly #limits: SenderLimits
  readonly #guard: EgressGuard
  readonly #connector: Connector
  readonly #sessions: Http2Sessions
  readonly #pooled: Agents
  readonly #single: Agents
  readonly #got: Got
  readonly #live = new Set<Exchange>()
  #closed = false

  constructor(options: SenderOptions) {
    this.#clock = options.clock
    this.#limits = { ...defaultLimits, ...options.limits }
    this.#guard = createEgressGuard(options.egress, options.lookup)
    this.#connector = createConnector(this.#guard, this.#limits, options)
    this.#sessions = createHttp2Sessions(this.#connector, this.#limits)
    this.#pooled = createAgents(this.#connector, this.#limits, true)
    this.#single = createAgents(this.#connector, this.#limits, false)
    this.#got = got.extend({
      method: 'POST',
      followRedirect: false,
      retry: { limit: 0 },
      throwHttpErrors: false,
      decompress: false,
      maxHeaderSize: this.#limits.headerBytes,
      headers: { 'user-agent': undefined, 'accept-encoding': acceptedEncodings },
    })
  }

  send(request: OutboundRequest): Promise<Reply> {
    const exchange = new Exchange(request, this.#clock, this.#limits, this.#live)
    const refusal = this.#guard.refusal(request.url)
    const header = unsendableHeader(request.headers)
    if (this.#closed) exchange.fail('aborted', 'the sender is closed')
    else if (refusal !== undefined) exchange.fail('egress', refusal)
    else if (header !== undefined) exchange.fail('protocol', cannotSend(header))
    else if (!exchange.settled) void this.#attempt(exchange, 'pooled')
    return exchange.reply
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true
    for (const exchange of this.#live) exchange.fail('aborted', 'the sender is closed')
    this.#connector[Symbol.dispose]()
    this.#sessions[Symbol.dispose]()
    this.#pooled[Symbol.dispose]()
    this.#single[Symbol.dispose]()
  }

  /** @param pool - `single`: a connection of its own, for the replay */
  async #attempt(exchange: Exchange, pool: 'pooled' | 'single'): Promise<void> {
    const { url } = exchange.request
    const target: ConnectTarget = { host: hostOf(url), port: portOf(url) }
    const attempt: Attempt = {
      exchange,
      label: `${target.host}:${target.port}`,
      headerBytes: this.#limits.headerBytes,
      replay: pool === 'pooled' ? () => void this.#attempt(exchange, 'single') : undefined,
    }
    const agents = pool === 'pooled' ? this.#pooled : this.#single
    if (url.protocol === 'http:') {
      carryHttp1(attempt, this.#stream(exchange, { agent: { http: agents.http } }))
      return
    }

    let choice: Choice
    try {
      choice = await (pool === 'pooled'
        ? this.#sessions.choose(url.origin, target)
        : this.#sessions.fresh(url.origin, target))
    } catch (error) {
      failed(attempt, error, { connected: false, ended: true })
      return
    }
    if (exchange.settled) {
      abandon(choice)
      return
    }
    if (choice.kind === 'http1') {
      if (choice.socket !== undefined) agents.offer(target, choice.socket)
      carryHttp1(attempt, this.#stream(exchange, { agent: { https: agents.https } }))
    } else {
      const { lease } = choice
      carryHttp2(attempt, lease, this.#stream(exchange, { h2session: lease.session }))
    }
  }

  #stream(exchange: Exchange, transport: Transport): GotStream {
    const { url, headers, body } = exchange.request
    const stream = this.#got.stream(url, { ...transport, headers, body })
    exchange.stop = () => stream.destroy()
    return stream
  }
}

type Transport =
  | { readonly agent: { readonly http: HttpAgent } }
  | { readonly agent: { readonly https: HttpsAgent } }
  | { readonly h2session: SessionLease['session'] }

/** Puts a connection back that came too late for its request. */
function abandon(choice: Choice): void {
  if (choice.kind === 'http2') choice.lease.release()
  else choice.socket?.destroy()
}
