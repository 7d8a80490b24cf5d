import { Agent as HttpAgent } from 'node:http'
import { Agent as HttpsAgent } from 'node:https'
import type { TLSSocket } from 'node:tls'
import type { Connector, ConnectTarget } from './connector.ts'
import type { SenderLimits } from './sender-options.ts'

/** Node's connection pools for HTTP/1.1, with our connector underneath. */
export interface Agents extends Disposable {
  readonly http: HttpAgent
  readonly https: HttpsAgent
  /** Gives a connection that stands already to the next request that needs a new one to this target. */
  offer(target: ConnectTarget, socket: TLSSocket): void
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

  http.createConnection = (request) => connector.open(targetOf(request))
  https.createConnection = (request) => {
    const target = targetOf(request)
    const key = keyOf(target)
    const standing = offered.get(key)
    offered.delete(key)
    return standing?.writable === true ? standing : connector.openTls(target, ['http/1.1'])
  }

  return {
    http,
    https,
    offer(target, socket) {
      offered.get(keyOf(target))?.destroy()
      offered.set(keyOf(target), socket)
    },
    [Symbol.dispose]() {
      http.destroy()
      https.destroy()
      for (const socket of offered.values()) socket.destroy()
    },
  }
}

function targetOf(request: {
  readonly host?: string | null | undefined
  readonly port?: number | string | null | undefined
}): ConnectTarget {
  return { host: String(request.host), port: Number(request.port) }
}

function keyOf({ host, port }: ConnectTarget): string {
  return `${host}:${port}`
}
