import { connect as connectTcp, isIP, type Socket } from 'node:net'
import { connect as connectTls, type TLSSocket } from 'node:tls'
import { CarabinerError } from '../../errors.ts'
import type { EgressGuard } from '../egress-guard.ts'
import { inMicroseconds } from './microseconds.ts'
import type { SenderLimits, SenderOptions } from './sender-options.ts'

/**
 * Opens connections through the egress guard; both senders have no other way out. What follows on a socket is `connect`
 * (`secureConnect`) or `error`, in time.
 */
export interface Connector extends Disposable {
  open(target: ConnectTarget): Socket
  /** @param protocols - offered by ALPN, best first */
  openTls(target: ConnectTarget, protocols: readonly string[]): TLSSocket
}

export interface ConnectTarget {
  /** Without brackets. */
  readonly host: string
  readonly port: number
}

/** Milliseconds each step to a standing connection took. */
export interface ConnectPhases {
  dns?: number
  connect?: number
  tls?: number
}

const phases = new WeakMap<Socket, ConnectPhases>()

/** How a socket's connection came about. */
export function phasesOf(socket: Socket): ConnectPhases {
  return phases.get(socket) ?? {}
}

const established = new WeakSet<Socket>()

/** Whether a socket's connection stood at some time, TLS included. */
export function wasConnected(socket: Socket): boolean {
  return established.has(socket)
}

/**
 * Whether a socket failed. A reply that ends with its connection is not whole when the connection was reset: the HTTP
 * clients take that for its end.
 */
export function wasBroken(socket: Socket | undefined): boolean {
  return socket?.errored instanceof Error
}

export function createConnector(
  guard: EgressGuard,
  limits: SenderLimits,
  { clock, tls }: SenderOptions,
): Connector {
  const connecting = new Set<Socket>()

  function watch(target: ConnectTarget, socket: Socket, ready: 'connect' | 'secureConnect'): void {
    const timer = clock.after(limits.connectMs, () => socket.destroy(tooSlow(target, limits)))
    const settle = (): void => {
      timer[Symbol.dispose]()
      connecting.delete(socket)
    }
    connecting.add(socket)
    socket.once(ready, () => {
      established.add(socket)
      settle()
    })
    socket.once('close', settle)
    socket.setNoDelay(true)
    socket.setKeepAlive(true, 60_000)
    measure(socket)
  }

  function measure(socket: Socket): void {
    const measured: ConnectPhases = {}
    phases.set(socket, measured)
    let since = clock.monotonic()
    const lap = (): number => {
      const now = clock.monotonic()
      const taken = inMicroseconds(now - since)
      since = now
      return taken
    }
    socket.once('lookup', () => {
      measured.dns = lap()
    })
    socket.once('connect', () => {
      measured.connect = lap()
    })
    socket.once('secureConnect', () => {
      measured.tls = lap()
    })
  }

  return {
    open(target) {
      const socket = connectTcp({ ...target, lookup: guard.lookup })
      watch(target, socket, 'connect')
      return socket
    },
    openTls(target, protocols) {
      const socket = connectTls({
        ...target,
        lookup: guard.lookup,
        ALPNProtocols: [...protocols],
        ...(isIP(target.host) === 0 && { servername: target.host }),
        ...(tls?.ca !== undefined && { ca: tls.ca }),
      })
      watch(target, socket, 'secureConnect')
      return socket
    },
    [Symbol.dispose]() {
      for (const socket of connecting) socket.destroy()
    },
  }
}

function tooSlow({ host, port }: ConnectTarget, { connectMs }: SenderLimits): CarabinerError {
  return new CarabinerError(
    'DEADLINE_EXCEEDED',
    `no connection to ${host}:${port} within ${connectMs} ms`,
  )
}
