import { request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import got, { type Got, type Request as GotStream, type RequestFunction } from 'got'
import { hostOf, portOf } from '../egress/guard.ts'
import type { OutboundRequest, Reply, Sender } from '../sender.ts'
import { type Connector, createConnector } from './connector.ts'
import { acceptedEncodings } from './content-encoding.ts'
import { type Exchange, Exchanges } from './exchange.ts'
import { type Attempt, carryHttp1, carryHttp2, failed } from './got-attempt.ts'
import { type AgentOptions, type Agents, createAgents } from './http-agents.ts'
import {
  type Choice,
  createHttp2Sessions,
  type Http2Sessions,
  type PeerAddress,
  type SessionLease,
} from './http2-sessions.ts'
import { Places } from './places.ts'
import { cannotSend, unsendableHeader } from './request-headers.ts'
import { RuleSets } from './rule-sets.ts'
import { defaultLimits, type SenderLimits, type SenderOptions } from './sender-options.ts'
import { TlsIdentities, type TlsIdentity } from './tls-identity.ts'

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
  readonly #limits: SenderLimits
  readonly #rules: RuleSets<GuardedConnections>
  readonly #identities: TlsIdentities
  readonly #places: Places
  readonly #got: Got
  readonly #exchanges: Exchanges

  constructor(options: SenderOptions) {
    this.#limits = { ...defaultLimits, ...options.limits }
    this.#exchanges = new Exchanges(options.clock, this.#limits)
    this.#rules = new RuleSets(
      options.egress,
      (egress, key) => new GuardedConnections({ ...options, egress }, this.#limits, key),
    )
    this.#identities = new TlsIdentities(options.tls?.ca)
    this.#places = new Places(this.#limits.connections)
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
    const exchange = this.#exchanges.open(request)
    if (exchange.settled) return exchange.reply
    const connections = this.#rules.of(request.egress)
    const refusal = connections.connector.guard.refusal(request.url)
    const header = unsendableHeader(request.headers)
    if (refusal !== undefined) exchange.fail('egress', refusal)
    else if (header !== undefined) exchange.fail('protocol', cannotSend(header))
    else this.#begin(exchange, connections)
    return exchange.reply
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#exchanges.close()
    this.#rules[Symbol.dispose]()
  }

  #begin(exchange: Exchange, connections: GuardedConnections): void {
    const { url, tls } = exchange.request
    const peer: GuardedPeer = {
      connections,
      origin: url.origin,
      target: { host: hostOf(url), port: portOf(url) },
      identity: this.#identities.of(tls),
    }
    const key = `${peer.origin} ${peer.identity.key} ${connections.key}`
    this.#places.take(key, exchange, () => void this.#attempt(exchange, peer, 'pooled'))
  }

  /** @param pool - `single`: a connection of its own, for the replay */
  async #attempt(exchange: Exchange, peer: GuardedPeer, pool: 'pooled' | 'single'): Promise<void> {
    const { target, identity, connections } = peer
    const attempt: Attempt = {
      exchange,
      label: `${target.host}:${target.port}`,
      headerBytes: this.#limits.headerBytes,
      replay: pool === 'pooled' ? () => void this.#attempt(exchange, peer, 'single') : undefined,
    }
    const { sessions, [pool]: agents } = connections
    if (exchange.request.url.protocol === 'http:') {
      carryHttp1(attempt, this.#http1(exchange, identity, agents))
      return
    }

    let choice: Choice
    try {
      choice = await (pool === 'pooled' ? sessions.choose(peer) : sessions.fresh(peer))
    } catch (error) {
      failed(attempt, error, { connected: false, ended: true })
      return
    }
    if (exchange.settled) {
      abandon(choice)
      return
    }
    if (choice.kind === 'http1') {
      if (choice.socket !== undefined) agents.offer(target, identity, choice.socket)
      carryHttp1(attempt, this.#http1(exchange, identity, agents))
    } else {
      const { lease } = choice
      carryHttp2(attempt, lease, this.#stream(exchange, { h2session: lease.session }))
    }
  }

  /** got does not let an agent see more than it knows itself, hence the request of our own. */
  #http1(exchange: Exchange, identity: TlsIdentity, agents: Agents): GotStream {
    const connecting = new AbortController()
    const own: AgentOptions = { identity, connectSignal: connecting.signal }
    const stream = this.#stream(exchange, {
      request: (url, options, callback) =>
        url.protocol === 'http:'
          ? requestHttp(url, { ...options, ...own, agent: agents.http }, callback)
          : requestHttps(url, { ...options, ...own, agent: agents.https }, callback),
    })
    exchange.carrier = {
      stop: () => {
        stream.destroy()
        connecting.abort()
      },
    }
    return stream
  }

  #stream(exchange: Exchange, transport: Transport): GotStream {
    const { url, headers, body } = exchange.request
    const stream = this.#got.stream(url, { ...transport, headers, body })
    exchange.carrier = { stop: () => void stream.destroy() }
    return stream
  }
}

/** Connections that were opened under one set of egress rules. */
class GuardedConnections implements Disposable {
  readonly key: string
  readonly connector: Connector
  readonly sessions: Http2Sessions
  readonly pooled: Agents
  readonly single: Agents

  constructor(options: SenderOptions, limits: SenderLimits, key: string) {
    this.key = key
    this.connector = createConnector(options, limits)
    this.sessions = createHttp2Sessions(this.connector, limits)
    this.pooled = createAgents(this.connector, limits, true)
    this.single = createAgents(this.connector, limits, false)
  }

  [Symbol.dispose](): void {
    this.connector[Symbol.dispose]()
    this.sessions[Symbol.dispose]()
    this.pooled[Symbol.dispose]()
    this.single[Symbol.dispose]()
  }
}

interface GuardedPeer extends PeerAddress {
  readonly connections: GuardedConnections
}

type Transport =
  | { readonly request: RequestFunction }
  | { readonly h2session: SessionLease['session'] }

/** Puts a connection back that came too late for its request. */
function abandon(choice: Choice): void {
  if (choice.kind === 'http2') choice.lease.release()
  else choice.socket?.destroy()
}
