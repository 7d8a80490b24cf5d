import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import { Socket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import type { Connector, ConnectTarget } from './connector.ts'
import type { SenderLimits } from './sender-options.ts'
import { TlsIdentity } from './tls-identity.ts'

/** Node's connection pools for HTTP/1.1, with our connector underneath. */
export interface Agents extends Disposable {
  readonly http: HttpAgent
  readonly https: HttpsAgent
  /** Gives a connection that stands already to the next request that needs a new one to this target. */
  offer(target: ConnectTarget, identity: TlsIdentity, socket: TLSSocket): void
}

/** What the agents need to know of a request, among the options of `http.request`. */
export interface AgentOptions {
  readonly identity: TlsIdentity
  /** Gives a connection up that is being made for the request. */
  readonly connectSignal: AbortSignal
}

export function createAgents(
  connector: Connector,
  limits: SenderLimits,
  keepAlive: boolean,
): Agents {
  const options = { keepAlive, timeout: limits.idleMs, maxSockets: limits.connections }
  const http = new HttpAgent(options)
  const https = new HttpsAgent(options)
  const offered = new Map<string, TLSSocket>()

  http.createConnection = (request, done) => {
    connected(connector.open(targetOf(request), agentOptionsOf(request).connectSignal), done)
    return undefined
  }
  https.createConnection = (request, done) => {
    const target = targetOf(request)
    const { identity, connectSignal } = agentOptionsOf(request)
    const key = keyOf(target, identity)
    const standing = offered.get(key)
    offered.delete(key)
    if (standing?.writable === true) return standing
    connected(connector.openTls(target, ['http/1.1'], identity, connectSignal), done)
    return undefined
  }
  const getName = https.getName.bind(https)
  https.getName = (request) =>
    request === undefined
      ? getName()
      : `${getName(request)}:${agentOptionsOf(request).identity.key}`

  return {
    http,
    https,
    offer(target, identity, socket) {
      const key = keyOf(target, identity)
      offered.get(key)?.destroy()
      offered.set(key, socket)
    },
    [Symbol.dispose]() {
      http.destroy()
      https.destroy()
      for (const socket of offered.values()) socket.destroy()
    },
  }
}

function connected<S extends Socket>(
  pending: Promise<S>,
  done: ((error: Error | null, socket: Socket) => void) | undefined,
): void {
  pending.then(
    (socket) => done?.(null, socket),
    // The types want a socket beside the error; nobody looks at it.
    (error: Error) => done?.(error, new Socket()),
  )
}

/** Node hands an agent the options of the request as they are. */
function agentOptionsOf(request: object): AgentOptions {
  if ('identity' in request && 'connectSignal' in request) {
    const { identity, connectSignal } = request
    if (identity instanceof TlsIdentity && connectSignal instanceof AbortSignal)
      return { identity, connectSignal }
  }
  throw new TypeError('a request of another sender')
}

function targetOf(request: {
  readonly host?: string | null | undefined
  readonly port?: number | string | null | undefined
}): ConnectTarget {
  return { host: String(request.host), port: Number(request.port) }
}

function keyOf({ host, port }: ConnectTarget, { key }: TlsIdentity): string {
  return `${host}:${port}:${key}`
}
