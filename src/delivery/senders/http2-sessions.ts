import { type ClientHttp2Session, connect as connectHttp2 } from 'node:http2'
import type { TLSSocket } from 'node:tls'
import type { Connector, ConnectTarget } from './connector.ts'
import type { SenderLimits } from './sender-options.ts'
import type { TlsIdentity } from './tls-identity.ts'

/** The HTTP/2 sessions of one sender, and what it knows of who speaks HTTP/2. */
export interface Http2Sessions extends Disposable {
  /** What to use for a request to an origin; connects when that isn't known yet. Rejects when there is no connection. */
  choose(peer: PeerAddress): Promise<Choice>
  /** A connection nobody has used. */
  fresh(peer: PeerAddress): Promise<Choice>
}

/** Whom a session is with: an origin, and who we are there. */
export interface PeerAddress {
  readonly origin: string
  readonly target: ConnectTarget
  readonly identity: TlsIdentity
}

/** `http1`: the receiver does not speak HTTP/2; the socket that found out is still unused. */
export type Choice =
  | { readonly kind: 'http2'; readonly lease: SessionLease }
  | { readonly kind: 'http1'; readonly socket: TLSSocket | undefined }

/** The use of a session for one request. */
export interface SessionLease {
  readonly session: ClientHttp2Session
  readonly socket: TLSSocket
  /** Whether the session was connected for this request. */
  readonly first: boolean
  /** Whether the session has carried other requests too. */
  readonly shared: boolean
  /** The request is done. */
  release(): void
}

export function createHttp2Sessions(connector: Connector, limits: SenderLimits): Http2Sessions {
  const known = new Map<string, Promise<Peer>>()
  const sessions = new Set<Http2Peer>()

  async function choose(address: PeerAddress): Promise<Choice> {
    const key = `${address.origin} ${address.identity.key}`
    const pending = known.get(key)
    if (pending !== undefined) {
      const peer = await pending
      if (peer.kind === 'http1') return { kind: 'http1', socket: undefined }
      if (peer.usable) return { kind: 'http2', lease: peer.lease() }
      if (known.get(key) === pending) known.delete(key)
      return choose(address)
    }
    const connecting = open(address)
    known.set(key, connecting)
    connecting.catch(() => known.delete(key))
    return chosen(await connecting)
  }

  async function fresh(address: PeerAddress): Promise<Choice> {
    const peer = await open(address)
    if (peer.kind === 'http1') return { kind: 'http1', socket: peer.socket }
    const lease = peer.lease()
    peer.close()
    return { kind: 'http2', lease }
  }

  async function open({ origin, target, identity }: PeerAddress): Promise<Peer> {
    const socket = await connector.openTls(target, ['h2', 'http/1.1'], identity)
    if (socket.alpnProtocol !== 'h2') return { kind: 'http1', socket }
    const peer = new Http2Peer(origin, socket, limits, () => sessions.delete(peer))
    sessions.add(peer)
    return peer
  }

  return {
    choose,
    fresh,
    [Symbol.dispose]() {
      for (const peer of sessions) peer.destroy()
      known.clear()
    },
  }
}

type Peer = Http2Peer | { readonly kind: 'http1'; readonly socket: TLSSocket }

function chosen(peer: Peer): Choice {
  if (peer.kind === 'http1') return { kind: 'http1', socket: peer.socket }
  return { kind: 'http2', lease: peer.lease() }
}

/** A broken socket is told to the requests on it; without a listener it would end the process. */
function reportedByItsUser(): void {}

/** One HTTP/2 session: let go as soon as the receiver says it goes away, closed when it is idle. */
class Http2Peer {
  readonly kind = 'http2'
  readonly #session: ClientHttp2Session
  readonly #socket: TLSSocket
  #leases = 0
  #carried = 0
  #goesAway = false

  constructor(origin: string, socket: TLSSocket, limits: SenderLimits, onClose: () => void) {
    this.#socket = socket
    this.#session = connectHttp2(origin, {
      createConnection: () => socket,
      settings: { enablePush: false, maxHeaderListSize: limits.headerBytes },
      maxHeaderListPairs: limits.headerCount,
    })
    this.#session.on('error', reportedByItsUser)
    this.#session.on('goaway', () => {
      this.#goesAway = true
    })
    this.#session.on('close', onClose)
    this.#session.setTimeout(limits.idleMs, () => this.close())
  }

  get usable(): boolean {
    return !(this.#goesAway || this.#session.closed || this.#session.destroyed)
  }

  lease(): SessionLease {
    this.#carried += 1
    const first = this.#carried === 1
    const carried = (): number => this.#carried
    this.#leases += 1
    this.#session.ref()
    return {
      session: this.#session,
      socket: this.#socket,
      first,
      get shared() {
        return carried() > 1
      },
      release: () => {
        this.#leases -= 1
        if (this.#leases > 0 || this.#session.destroyed) return
        if (this.usable) this.#session.unref()
        else this.#session.close()
      },
    }
  }

  /** Takes no new requests; ends when the last one is done. */
  close(): void {
    this.#goesAway = true
    if (this.#leases === 0) this.#session.close()
  }

  destroy(): void {
    this.#session.destroy()
  }
}
