import type { Client } from 'undici'
import type { Clock } from '../../clock.ts'
import type { EndpointEgress } from '../egress/egress-options.ts'
import { hostOf, portOf } from '../egress/guard.ts'
import type { EndpointTls } from '../endpoint-tls.ts'
import type { OutboundRequest, Reply, Sender } from '../sender.ts'
import { ClientPool } from './client-pool.ts'
import { type Connector, createConnector } from './connector.ts'
import { type Exchange, Exchanges } from './exchange.ts'
import { cannotSend, unsendableHeader } from './request-headers.ts'
import { RuleSets } from './rule-sets.ts'
import { defaultLimits, type SenderLimits, type SenderOptions } from './sender-options.ts'
import { TlsIdentities } from './tls-identity.ts'
import { Attempt, type Peer, TrackedClient, type UndiciTarget } from './undici-attempt.ts'

/**
 * The sender of the outbox: `undici`, a pool of connections for each origin, HTTP/2 where TLS offers it.
 *
 * @throws {CarabinerError} ASSEMBLY_INVALID when the egress options make no sense
 */
export function createUndiciSender(options: SenderOptions): Sender {
  return new UndiciSender(options)
}

class UndiciSender implements Sender {
  readonly #limits: SenderLimits
  readonly #clock: Clock
  readonly #rules: RuleSets<GuardedWay>
  readonly #identities: TlsIdentities
  readonly #origins = new Map<string, Origin>()
  readonly #routes = new WeakMap<URL, Route>()
  readonly #exchanges: Exchanges

  constructor(options: SenderOptions) {
    this.#limits = { ...defaultLimits, ...options.limits }
    this.#clock = options.clock
    this.#exchanges = new Exchanges(options.clock, this.#limits)
    this.#rules = new RuleSets(options.egress, (egress, key) => {
      const connector = createConnector({ ...options, egress }, this.#limits)
      return { key, connector, [Symbol.dispose]: () => connector[Symbol.dispose]() }
    })
    this.#identities = new TlsIdentities(options.tls?.ca)
  }

  send(request: OutboundRequest): Promise<Reply> {
    return new Promise((resolve) => this.dispatch(request, resolve))
  }

  dispatch(request: OutboundRequest, replied: (reply: Reply) => void): void {
    // First what may throw: nobody is told of an exchange that was not begun.
    const route = this.#routeOf(request)
    const exchange = this.#exchanges.open(request, replied)
    if (exchange.settled) return
    const header = unsendableHeader(request.headers)
    if (route.refusal !== undefined) exchange.fail('egress', route.refusal)
    else if (header !== undefined) exchange.fail('protocol', cannotSend(header))
    else this.#originOf(route).send(exchange, route.path)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#exchanges.close()
    this.#rules[Symbol.dispose]()
    const origins = [...this.#origins.values()]
    this.#origins.clear()
    await Promise.all(origins.map((origin) => origin.pool[Symbol.asyncDispose]()))
  }

  /** Taking a URL apart costs more than the rest of the dispatch; endpoints keep theirs, so it is done once. */
  #routeOf({ url, tls, egress }: OutboundRequest): Route {
    const known = this.#routes.get(url)
    if (known !== undefined && known.tls === tls && known.egress === egress) return known
    const identity = this.#identities.of(tls)
    const { key, connector } = this.#rules.of(egress)
    const route: Route = {
      tls,
      egress,
      connector,
      pool: `${url.origin} ${identity.key} ${key}`,
      path: url.pathname + url.search,
      target: {
        origin: url.origin,
        host: hostOf(url),
        port: portOf(url),
        identity: url.protocol === 'https:' ? identity : undefined,
      },
      refusal: connector.guard.refusal(url),
    }
    this.#routes.set(url, route)
    return route
  }

  #originOf(route: Route): Origin {
    if (route.origin?.isKept === true) return route.origin
    route.origin = this.#origins.get(route.pool) ?? this.#open(route)
    return route.origin
  }

  #open(route: Route): Origin {
    const limits = this.#limits
    const unused = (): void => this.#forget(route.pool)
    const origin = openOrigin(route, { limits, clock: this.#clock, unused })
    this.#origins.set(route.pool, origin)
    return origin
  }

  /** Unless what has just failed is tried again at once. */
  #forget(name: string): void {
    setImmediate(() => {
      const origin = this.#origins.get(name)
      if (origin?.pool.isUnused !== true) return
      origin.isKept = false
      this.#origins.delete(name)
    })
  }
}

/** A way out, with the rules that are asked on it. */
interface GuardedWay extends Disposable {
  readonly key: string
  readonly connector: Connector
}

interface Route {
  readonly tls: EndpointTls | undefined
  readonly egress: EndpointEgress | undefined
  readonly connector: Connector
  /** Which pool carries its requests: one for each origin, TLS identity and set of egress rules. */
  readonly pool: string
  readonly path: string
  readonly target: UndiciTarget
  readonly refusal: string | undefined
  /** As it was found last; it may be kept no more. */
  origin?: Origin
}

interface Origin {
  readonly pool: ClientPool
  /** Whether it is the one of its name. */
  isKept: boolean
  send(exchange: Exchange, path: string): void
}

interface OriginParts {
  readonly limits: SenderLimits
  readonly clock: Clock
  /** There is no connection left, and nothing that waits for one. */
  readonly unused: () => void
}

function openOrigin({ target, connector }: Route, { limits, clock, unused }: OriginParts): Origin {
  const options: Client.Options = {
    pipelining: 1,
    headersTimeout: 0,
    bodyTimeout: 0,
    maxHeaderSize: limits.headerBytes,
    keepAliveTimeout: limits.idleMs,
    keepAliveMaxTimeout: Math.max(limits.idleMs, longestIdleMs),
    allowH2: target.identity !== undefined,
  }
  const newClient = (): TrackedClient => new TrackedClient(target, connector, options)
  const pool = new ClientPool({
    clock,
    newClient,
    most: limits.connections,
    mayShare: target.identity !== undefined,
    unused,
  })
  const peer: Peer = {
    origin: target.origin,
    label: `${target.host}:${target.port}`,
    headerBytes: limits.headerBytes,
    replay(exchange, path) {
      const client = newClient()
      new Attempt(exchange, path, peer, false).startOn(client)
      void exchange.reply.then(() => client.destroy())
    },
  }

  return {
    pool,
    isKept: true,
    send(exchange, path) {
      pool.send(new Attempt(exchange, path, peer, true))
    },
  }
}

/** A receiver may say in `Keep-Alive` how long it keeps a connection; up to this it is believed. */
const longestIdleMs = 60_000
