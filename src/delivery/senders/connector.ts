import { connect as connectTcp, isIP, type LookupFunction, type Socket } from 'node:net'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import type { Clock } from '../../clock.ts'
import { CarabinerError } from '../../errors.ts'
import { createEgressGuard, type EgressGuard } from '../egress/guard.ts'
import { type EgressProxy, parseProxy } from '../egress/proxy.ts'
import { codeOf } from './failure.ts'
import { inMicroseconds } from './microseconds.ts'
import type { SenderLimits, SenderOptions } from './sender-options.ts'
import type { TlsIdentity } from './tls-identity.ts'
import { proxyFailed, tunnel } from './tunnel.ts'

/**
 * Opens connections: through the egress guard, and through the proxy if there is one. The senders have no other way out.
 */
export interface Connector extends Disposable {
  readonly guard: EgressGuard
  /**
   * Rejects when there is no connection in time. What befalls a socket later is its user's affair.
   *
   * @param signal - gives the attempt up
   */
  open(target: ConnectTarget, signal?: AbortSignal): Promise<Socket>
  /** @param protocols - offered by ALPN, best first */
  openTls(
    target: ConnectTarget,
    protocols: readonly string[],
    identity: TlsIdentity,
    signal?: AbortSignal,
  ): Promise<TLSSocket>
}

export interface ConnectTarget {
  /** Without brackets. */
  readonly host: string
  readonly port: number
}

/** Milliseconds each step to a standing connection took. */
export interface ConnectPhases {
  dns?: number
  /** Through a proxy: until the proxy was connected. */
  connect?: number
  tls?: number
}

const phases = new WeakMap<Socket, ConnectPhases>()

/** How a socket's connection came about. */
export function phasesOf(socket: Socket): ConnectPhases {
  return phases.get(socket) ?? {}
}

/**
 * Whether a socket failed. A reply that ends with its connection is not whole when the connection was reset: the HTTP
 * clients take that for its end.
 */
export function wasBroken(socket: Socket | undefined): boolean {
  return socket?.errored instanceof Error
}

const alerts = new WeakMap<Socket, Error>()

/**
 * What the receiver's TLS said when it refused a connection that stood, as it does with a client certificate under TLS 1.3. The end
 * of the connection follows at once, and undici tells of that alone.
 */
export function tlsAlertOf(socket: Socket | undefined): Error | undefined {
  const alert = socket === undefined ? undefined : alerts.get(socket)
  return alert !== undefined && codeOf(alert).startsWith('ERR_SSL_') ? alert : undefined
}

/** @throws {CarabinerError} ASSEMBLY_INVALID when the egress options make no sense */
export function createConnector(options: SenderOptions, limits: SenderLimits): Connector {
  return new GuardedConnector(options, limits)
}

class GuardedConnector implements Connector {
  readonly guard: EgressGuard
  readonly #clock: Clock
  readonly #limits: SenderLimits
  readonly #proxy: EgressProxy | undefined
  readonly #connecting = new Set<AbortController>()

  constructor({ egress, lookup, clock }: SenderOptions, limits: SenderLimits) {
    this.guard = createEgressGuard(egress, lookup)
    this.#clock = clock
    this.#limits = limits
    this.#proxy = egress.proxy === null ? undefined : proxyOf(egress.proxy)
  }

  open(target: ConnectTarget, signal?: AbortSignal): Promise<Socket> {
    return this.#inTime(target, signal, async (attempt) => {
      const measured: ConnectPhases = {}
      const socket = await this.#connect(target, measured, attempt)
      phases.set(socket, measured)
      return socket
    })
  }

  openTls(
    target: ConnectTarget,
    protocols: readonly string[],
    identity: TlsIdentity,
    signal?: AbortSignal,
  ): Promise<TLSSocket> {
    return this.#inTime(target, signal, async (attempt) => {
      const measured: ConnectPhases = {}
      const carrier = await this.#connect(target, measured, attempt)
      const lap = this.#stopwatch()
      const socket = await secured(carrier, target, protocols, identity, attempt)
      measured.tls = lap()
      phases.set(socket, measured)
      return socket
    })
  }

  [Symbol.dispose](): void {
    for (const attempt of this.#connecting) attempt.abort(closed())
  }

  async #inTime<S extends Socket>(
    target: ConnectTarget,
    signal: AbortSignal | undefined,
    open: (attempt: AbortSignal) => Promise<S>,
  ): Promise<S> {
    const attempt = new AbortController()
    const giveUp = (): void => attempt.abort(closed())
    const { connectMs } = this.#limits
    const timer = this.#clock.after(connectMs, () =>
      attempt.abort(this.#tooSlow(target, connectMs)),
    )
    signal?.addEventListener('abort', giveUp, { once: true })
    if (signal?.aborted === true) giveUp()
    this.#connecting.add(attempt)
    try {
      return await open(attempt.signal)
    } finally {
      timer[Symbol.dispose]()
      signal?.removeEventListener('abort', giveUp)
      this.#connecting.delete(attempt)
    }
  }

  async #connect(
    target: ConnectTarget,
    measured: ConnectPhases,
    attempt: AbortSignal,
  ): Promise<Socket> {
    if (this.#proxy !== undefined)
      return this.#connectThrough(this.#proxy, target, measured, attempt)
    return this.#dial(target, this.guard.lookup, measured, attempt)
  }

  /** Judges the target here, since the proxy does not, and has the proxy connect to the very address that was judged. */
  async #connectThrough(
    proxy: EgressProxy,
    { host, port }: ConnectTarget,
    measured: ConnectPhases,
    attempt: AbortSignal,
  ): Promise<Socket> {
    const lap = this.#stopwatch()
    const address = await unlessAborted(this.guard.routeTo(host), attempt)
    const judgedMs = lap()
    let socket: Socket
    try {
      socket = await this.#dial(proxy, this.guard.lookupProxy, measured, attempt)
    } catch (error) {
      attempt.throwIfAborted()
      throw proxyFailed(proxy, `cannot be reached (${codeOf(error)})`, { cause: error })
    }
    measured.dns = judgedMs + (measured.dns ?? 0)
    const finish = untilAborted(socket, attempt)
    try {
      await tunnel(socket, proxy, { host: address, port })
      return socket
    } catch (error) {
      socket.destroy()
      attempt.throwIfAborted()
      throw error
    } finally {
      finish()
    }
  }

  async #dial(
    { host, port }: ConnectTarget,
    lookup: LookupFunction,
    measured: ConnectPhases,
    attempt: AbortSignal,
  ): Promise<Socket> {
    attempt.throwIfAborted()
    const lap = this.#stopwatch()
    const socket = connectTcp({ host, port, lookup })
    socket.setNoDelay(true)
    socket.setKeepAlive(true, 60_000)
    socket.once('lookup', () => {
      measured.dns = lap()
    })
    await standing(socket, 'connect', attempt)
    measured.connect = lap()
    return socket
  }

  #tooSlow({ host, port }: ConnectTarget, connectMs: number): CarabinerError {
    const proxy = this.#proxy
    const way = proxy === undefined ? '' : ` through the proxy ${proxy.host}:${proxy.port}`
    return new CarabinerError(
      'DEADLINE_EXCEEDED',
      `no connection to ${host}:${port}${way} within ${connectMs} ms`,
    )
  }

  /** Milliseconds since the last look at it. */
  #stopwatch(): () => number {
    let since = this.#clock.monotonic()
    return () => {
      const now = this.#clock.monotonic()
      const taken = inMicroseconds(now - since)
      since = now
      return taken
    }
  }
}

async function secured(
  carrier: Socket,
  { host }: ConnectTarget,
  protocols: readonly string[],
  identity: TlsIdentity,
  attempt: AbortSignal,
): Promise<TLSSocket> {
  const servername = identity.serverName ?? (isIP(host) === 0 ? host : undefined)
  try {
    const socket = connectTls({
      socket: carrier,
      host,
      ...(servername !== undefined && { servername }),
      ALPNProtocols: [...protocols],
      secureContext: identity.context,
    })
    await standing(socket, 'secureConnect', attempt)
    socket.once('error', (error) => alerts.set(socket, error))
    return socket
  } catch (error) {
    carrier.destroy()
    throw error
  }
}

/** Resolves when a socket stands; destroys it when the attempt is given up. */
function standing(
  socket: Socket,
  ready: 'connect' | 'secureConnect',
  attempt: AbortSignal,
): Promise<void> {
  const finish = untilAborted(socket, attempt)
  return new Promise<void>((resolve, reject) => {
    // Stays when the socket stands: without a listener, an error before its user listens would end the process.
    socket.on('error', reject)
    socket.once('close', () => reject(attempt.aborted ? attempt.reason : closed()))
    socket.once(ready, resolve)
  }).finally(finish)
}

function untilAborted(socket: Socket, attempt: AbortSignal): () => void {
  const giveUp = (): void => {
    socket.destroy(attempt.reason)
  }
  attempt.addEventListener('abort', giveUp, { once: true })
  if (attempt.aborted) giveUp()
  return () => attempt.removeEventListener('abort', giveUp)
}

/** For what cannot be given up, only no longer waited for. */
function unlessAborted<T>(pending: Promise<T>, attempt: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const giveUp = (): void => reject(attempt.reason)
    attempt.addEventListener('abort', giveUp, { once: true })
    if (attempt.aborted) giveUp()
    void pending.then(resolve, reject).finally(() => attempt.removeEventListener('abort', giveUp))
  })
}

function proxyOf(text: string): EgressProxy {
  const parsed = parseProxy(text)
  if (parsed.kind === 'proxy') return parsed.proxy
  throw new CarabinerError('ASSEMBLY_INVALID', `egress.proxy: ${parsed.reason}`)
}

function closed(): CarabinerError {
  return new CarabinerError('SHUTTING_DOWN', 'the connection is no longer wanted')
}
