import type { Socket } from 'node:net'
import { Client, type Dispatcher } from 'undici'
import { CarabinerError } from '../../errors.ts'
import type { Waiting } from '../row.ts'
import { type Connector, phasesOf, tlsAlertOf, wasBroken } from './connector.ts'
import type { Carrier, Exchange, HeaderPairs } from './exchange.ts'
import { codeOf, cutOff, explainFailure } from './failure.ts'
import { isConnectionLoss } from './replay.ts'
import type { TlsIdentity } from './tls-identity.ts'

/** Where a client connects to. */
export interface UndiciTarget {
  readonly origin: string
  /** Without brackets. */
  readonly host: string
  readonly port: number
  /** `undefined`: plain http. */
  readonly identity: TlsIdentity | undefined
}

/** A client that knows its socket. */
export class TrackedClient extends Client {
  socket: Socket | undefined
  /** Requests the present socket has carried. */
  carried = 0
  connecting = false
  /** Whether its pool may give it a request; else when it was given one, as its pool counts. */
  isFree = false
  begunIn = 0
  /** Told when the reply to its only request is complete. */
  whenAnswered: (() => void) | undefined

  constructor(target: UndiciTarget, connector: Connector, options: Client.Options) {
    super(target.origin, {
      ...options,
      connect: (_target, callback) => {
        const { host, port, identity } = target
        this.connecting = true
        const opening =
          identity === undefined
            ? connector.open({ host, port })
            : connector.openTls({ host, port }, ['h2', 'http/1.1'], identity)
        opening.then(
          (socket) => {
            readInPieces(socket)
            this.socket = socket
            this.carried = 0
            this.connecting = false
            callback(null, socket)
          },
          (error: Error) => callback(error, null),
        )
      },
    })
  }

  get speaksHttp2(): boolean {
    return isHttp2(this.socket)
  }
}

/**
 * For each line of a header beyond the limit undici makes an error with its stack, as long as it finds bytes to read, and a
 * destroyed socket has still those it has received: enough short lines to stop the event loop for a second. Nothing is read of a
 * destroyed socket, and of another in small pieces.
 */
function readInPieces(socket: Socket): void {
  const read = socket.read.bind(socket)
  socket.read = (size) => {
    if (socket.destroyed) return null
    return read(size ?? (socket.readableLength > pieceBytes ? pieceBytes : undefined))
  }
}

const pieceBytes = 4_096

/** What the attempts at one origin have in common. */
export interface Peer {
  readonly origin: string
  /** `host:port` */
  readonly label: string
  readonly headerBytes: number
  /** Sends a request again, on a connection of its own. */
  replay(exchange: Exchange, path: string): void
}

/** One request on one connection. */
export class Attempt implements Dispatcher.DispatchHandler, Carrier, Waiting {
  readonly #exchange: Exchange
  readonly #path: string
  readonly #peer: Peer
  /** Whether it may be sent again on a fresh connection: not when that is what this is. */
  readonly #replayable: boolean
  client: TrackedClient | undefined
  #controller: Dispatcher.DispatchController | undefined
  #socket: Socket | undefined
  #starts = 0
  #takenOver = false
  #reused = false
  /** Whether a byte of a reply has come. */
  #begun = false

  constructor(exchange: Exchange, path: string, peer: Peer, replayable: boolean) {
    this.#exchange = exchange
    this.#path = path
    this.#peer = peer
    this.#replayable = replayable
  }

  isWanted(): boolean {
    return !this.#exchange.settled
  }

  /** Whether the client takes another one at once. */
  startOn(client: TrackedClient): boolean {
    const { headers, body } = this.#exchange.request
    const { origin } = this.#peer
    this.client = client
    return client.dispatch({ origin, path: this.#path, method: 'POST', headers, body }, this)
  }

  stop(): void {
    this.#controller?.abort(givenUp())
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    if (this.#exchange.settled) {
      controller.abort(givenUp())
      return
    }
    this.#starts += 1
    if (this.#starts > 1) {
      this.#takeOver()
      controller.abort(givenUp())
      return
    }
    this.#controller = controller
    this.#exchange.carrier = this
    const { client } = this
    if (client === undefined) return
    const { socket } = client
    this.#socket = socket
    this.#reused = client.carried > 0
    client.carried += 1
    this.#exchange.sending(this.#reused || socket === undefined ? undefined : phasesOf(socket))
  }

  onResponseStarted(): void {
    this.#begun = true
  }

  onRequestUpgrade(_controller: unknown, _status: number, _headers: unknown, socket: Socket): void {
    socket.destroy()
    this.#exchange.fail('protocol', `${this.#peer.label} switched protocols unasked`)
  }

  onResponseStart(
    _controller: unknown,
    status: number,
    headers: Readonly<Record<string, string | string[] | undefined>>,
    statusText = '',
  ): void {
    if (status < 200) this.#exchange.interim()
    else this.#exchange.head(status, statusText, headerPairs(headers))
  }

  onResponseData(_controller: unknown, chunk: Uint8Array): void {
    this.#exchange.data(chunk)
  }

  /** Who is told of the reply may have the next request for this client. */
  onResponseEnd(): void {
    this.client?.whenAnswered?.()
    if (wasBroken(this.#socket)) this.#exchange.fail('cut-off', cutOff(this.#peer.label))
    else this.#exchange.end()
  }

  onResponseError(_controller: unknown, error: Error): void {
    if (this.#exchange.settled || this.#takenOver) return
    if (this.#replayable && this.#isStale(error)) {
      this.#takeOver()
      return
    }
    const failure = explainFailure(tlsAlertOf(this.#socket) ?? error, {
      target: this.#peer.label,
      connected: this.#starts > 0,
      answered: this.#exchange.answered,
      ended: this.#socket?.readableEnded !== false,
      headerBytes: this.#peer.headerBytes,
    })
    this.#exchange.fail(failure.error, failure.message)
  }

  /**
   * Goes on with a fresh connection, once. Also when undici starts a request again by itself, because the receiver's GOAWAY
   * refused it: that one would share a connection, which may be the next to go.
   */
  #takeOver(): void {
    this.#takenOver = true
    this.#exchange.carrier = undefined
    if (this.#replayable) this.#peer.replay(this.#exchange, this.#path)
    else this.#exchange.fail('cut-off', `${this.#peer.label} refused the request twice`)
  }

  /**
   * Whether the connection was one the receiver had given up already: used before, and not a byte came back; or it went
   * away while the request waited for its turn.
   */
  #isStale(error: Error): boolean {
    if (!isConnectionLoss(codeOf(error))) return false
    if (this.#starts === 0) return this.client?.connecting === false
    if (this.#exchange.answered) return false
    if (this.#isHttp2) return (this.client?.carried ?? 0) > 1
    return this.#reused && !this.#begun
  }

  get #isHttp2(): boolean {
    return isHttp2(this.#socket)
  }
}

function isHttp2(socket: Socket | undefined): boolean {
  return socket !== undefined && 'alpnProtocol' in socket && socket.alpnProtocol === 'h2'
}

/** Of undici's object, in which the values of a repeated name are an array. */
function headerPairs(
  headers: Readonly<Record<string, string | string[] | undefined>>,
): HeaderPairs {
  const pairs: (readonly [string, string])[] = []
  for (const name of Object.keys(headers)) {
    const value = headers[name]
    if (typeof value === 'string') pairs.push([name, value])
    else if (value !== undefined) for (const each of value) pairs.push([name, each])
  }
  return pairs
}

function givenUp(): CarabinerError {
  return new CarabinerError('DEADLINE_EXCEEDED', 'the request was given up')
}
