import { type Client, Pool } from 'undici'
import type { Clock } from '../../clock.ts'
import { createEgressGuard, type EgressGuard, hostOf, portOf } from '../egress-guard.ts'
import type { OutboundRequest, Reply, Sender } from '../sender.ts'
import { type Connector, createConnector } from './connector.ts'
import { Exchange } from './exchange.ts'
import { cannotSend, unsendableHeader } from './request-headers.ts'
import { defaultLimits, type SenderLimits, type SenderOptions } from './sender-options.ts'
import { Attempt, TrackedClient, type UndiciTarget } from './undici-attempt.ts'

/**
 * The sender of the outbox: `undici`, a pool of connections for each origin, HTTP/2 where TLS offers it.
 *
 * @throws {CarabinerError} ASSEMBLY_INVALID when the egress options make no sense
 */
export function createUndiciSender(options: SenderOptions): Sender {
  return new UndiciSender(options)
}

class UndiciSender implements Sender {
  readonly #clock: Clock
  readonly #limits: SenderLimits
  readonly #guard: EgressGuard
  readonly #connector: Connector
  readonly #origins = new Map<string, Origin>()
  readonly #routes = new WeakMap<URL, Route>()
  readonly #live = new Set<Exchange>()
  #closed = false

  constructor(options: SenderOptions) {
    this.#clock = options.clock
    this.#limits = { ...defaultLimits, ...options.limits }
    this.#guard = createEgressGuard(options.egress, options.lookup)
    this.#connector = createConnector(this.#guard, this.#limits, options)
  }

  send(request: OutboundRequest): Promise<Reply> {
    const exchange = new Exchange(request, this.#clock, this.#limits, this.#live)
    const route = this.#routeOf(request.url)
    const header = unsendableHeader(request.headers)
    if (this.#closed) exchange.fail('aborted', 'the sender is closed')
    else if (route.refusal !== undefined) exchange.fail('egress', route.refusal)
    else if (header !== undefined) exchange.fail('protocol', cannotSend(header))
    else if (!exchange.settled) this.#originOf(route).send(exchange, route.path)
    return exchange.reply
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true
    for (const exchange of this.#live) exchange.fail('aborted', 'the sender is closed')
    this.#connector[Symbol.dispose]()
    const origins = [...this.#origins.values()]
    this.#origins.clear()
    await Promise.all(origins.map((origin) => origin.pool.destroy()))
  }

  /** Taking a URL apart costs more than the rest of the dispatch; endpoints keep theirs, so it is done once. */
  #routeOf(url: URL): Route {
    const known = this.#routes.get(url)
    if (known !== undefined) return known
    const route: Route = {
      origin: url.origin,
      path: url.pathname + url.search,
      target: {
        origin: url.origin,
        host: hostOf(url),
        port: portOf(url),
        secure: url.protocol === 'https:',
      },
      refusal: this.#guard.refusal(url),
    }
    this.#routes.set(url, route)
    return route
  }

  #originOf(route: Route): Origin {
    const known = this.#origins.get(route.origin)
    if (known !== undefined) return known
    const origin = openOrigin(route, this.#connector, this.#limits)
    this.#origins.set(route.origin, origin)
    const retire = (): void => {
      setImmediate(() => {
        if (!origin.unused || this.#origins.get(route.origin) !== origin) return
        this.#origins.delete(route.origin)
        void origin.pool.destroy()
      })
    }
    origin.pool.on('disconnect', retire)
    origin.pool.on('connectionError', retire)
    return origin
  }
}

interface Route {
  readonly origin: string
  readonly path: string
  readonly target: UndiciTarget
  readonly refusal: string | undefined
}

interface Origin {
  readonly pool: Pool
  /** Whether there is no connection left and no request that waits for one. */
  readonly unused: boolean
  send(exchange: Exchange, path: string): void
}

function openOrigin(route: Route, connector: Connector, limits: SenderLimits): Origin {
  const options: Client.Options = {
    pipelining: 1,
    headersTimeout: 0,
    bodyTimeout: 0,
    maxHeaderSize: limits.headerBytes,
    keepAliveTimeout: limits.idleMs,
    keepAliveMaxTimeout: Math.max(limits.idleMs, longestIdleMs),
    allowH2: route.target.secure,
  }
  const newClient = (): TrackedClient => new TrackedClient(route.target, connector, options)
  const pool = new Pool(route.origin, {
    ...options,
    connections: limits.connections,
    factory: newClient,
  })
  const label = `${route.target.host}:${route.target.port}`

  return {
    pool,
    get unused() {
      const { connected, queued, running, pending } = pool.stats
      return connected + queued + running + pending === 0
    },
    send(exchange, path) {
      const attempt = new Attempt(exchange, path, label, limits, () => {
        const client = newClient()
        new Attempt(exchange, path, label, limits, undefined).startOn(client)
        void exchange.reply.then(() => client.destroy())
      })
      attempt.startOn(pool)
    },
  }
}

/** A receiver may say in `Keep-Alive` how long it keeps a connection; up to this it is believed. */
const longestIdleMs = 60_000
