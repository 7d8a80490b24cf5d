import type { Socket } from 'node:net'
import { Client, type Dispatcher } from 'undici'
import { CarabinerError } from '../../errors.ts'
import { type Connector, phasesOf, wasBroken } from './connector.ts'
import type { Exchange, HeaderPairs } from './exchange.ts'
import { codeOf, cutOff, explainFailure } from './failure.ts'
import { isConnectionLoss } from './replay.ts'
import type { SenderLimits } from './sender-options.ts'

/** Where a client connects to. */
export interface UndiciTarget {
  readonly origin: string
  /** Without brackets. */
  readonly host: string
  readonly port: number
  readonly secure: boolean
}

/** A client that tells the attempts it carries so, and knows its socket: undici's pool keeps both to itself. */
export class TrackedClient extends Client {
  socket: Socket | undefined
  /** Requests the present socket has carried. */
  carried = 0
  connecting = false

  constructor(target: UndiciTarget, connector: Connector, options: Client.Options) {
    super(target.origin, {
      ...options,
      connect: (_target, callback) => {
        const { host, port, secure } = target
        const socket = secure
          ? connector.openTls({ host, port }, ['h2', 'http/1.1'])
          : connector.open({ host, port })
        const refuse = (error: Error): void => callback(error, null)
        this.connecting = true
        socket.once('error', refuse)
        socket.once(secure ? 'secureConnect' : 'connect', () => {
          socket.off('error', refuse)
          this.socket = socket
          this.carried = 0
          this.connecting = false
          callback(null, socket)
        })
      },
    })
  }

  override dispatch(
    options: Dispatcher.DispatchOptions,
    handler: Dispatcher.DispatchHandler,
  ): boolean {
    if (handler instanceof Attempt) handler.client = this
    return super.dispatch(options, handler)
  }
}

/** One request on one connection. */
export class Attempt implements Dispatcher.DispatchHandler {
  readonly #exchange: Exchange
  readonly #path: string
  readonly #target: string
  readonly #limits: SenderLimits
  /** Sends the request again on a fresh connection; `undefined`: this is the second time already. */
  readonly #replay: (() => void) | undefined
  client: TrackedClient | undefined
  #starts = 0
  #takenOver = false
  #reused = false
  #socket: Socket | undefined
  #bytesBefore = 0

  constructor(
    exchange: Exchange,
    path: string,
    target: string,
    limits: SenderLimits,
    replay: (() => void) | undefined,
  ) {
    this.#exchange = exchange
    this.#path = path
    this.#target = target
    this.#limits = limits
    this.#replay = replay
  }

  startOn(dispatcher: Dispatcher): void {
    const { headers, body } = this.#exchange.request
    dispatcher.dispatch({ path: this.#path, method: 'POST', headers, body }, this)
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
    this.#exchange.stop = () => controller.abort(givenUp())
    const { client } = this
    if (client === undefined) return
    this.#socket = client.socket
    this.#bytesBefore = client.socket?.bytesRead ?? 0
    this.#reused = client.carried > 0
    client.carried += 1
    this.#exchange.sending(
      this.#reused || client.socket === undefined ? undefined : phasesOf(client.socket),
    )
  }

  onRequestUpgrade(_controller: unknown, _status: number, _headers: unknown, socket: Socket): void {
    socket.destroy()
    this.#exchange.fail('protocol', `${this.#target} switched protocols unasked`)
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    headers: Readonly<Record<string, string | string[] | undefined>>,
    statusText = '',
  ): void {
    if (status < 200) this.#exchange.interim()
    else this.#exchange.head(status, statusText, headerPairs(controller.rawHeaders, headers))
  }

  onResponseData(_controller: unknown, chunk: Uint8Array): void {
    this.#exchange.data(chunk)
  }

  onResponseEnd(): void {
    if (wasBroken(this.#socket)) this.#exchange.fail('cut-off', cutOff(this.#target))
    else this.#exchange.end()
  }

  onResponseError(_controller: unknown, error: Error): void {
    if (this.#exchange.settled || this.#takenOver) return
    if (this.#replay !== undefined && this.#isStale(error)) {
      this.#takeOver()
      return
    }
    const failure = explainFailure(error, {
      target: this.#target,
      connected: this.#starts > 0,
      ended: this.#socket?.readableEnded !== false,
      headerBytes: this.#limits.headerBytes,
    })
    this.#exchange.fail(failure.error, failure.message)
  }

  /**
   * Goes on with a fresh connection, once. Also when undici starts a request again by itself, because the receiver's GOAWAY
   * refused it: that one would share a connection, which may be the next to go.
   */
  #takeOver(): void {
    this.#takenOver = true
    this.#exchange.stop = undefined
    if (this.#replay === undefined)
      this.#exchange.fail('cut-off', `${this.#target} refused the request twice`)
    else this.#replay()
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
    return this.#reused && this.#socket?.bytesRead === this.#bytesBefore
  }

  get #isHttp2(): boolean {
    const socket = this.#socket
    return socket !== undefined && 'alpnProtocol' in socket && socket.alpnProtocol === 'h2'
  }
}

/** HTTP/1.1 gives the lines as they came; HTTP/2 an object in which repeated names are arrays. */
function headerPairs(
  raw: Dispatcher.DispatchController['rawHeaders'],
  parsed: Readonly<Record<string, string | string[] | undefined>>,
): HeaderPairs {
  const pairs: [string, string][] = []
  if (Array.isArray(raw)) {
    for (let index = 0; index + 1 < raw.length; index += 2) {
      pairs.push([text(raw[index]).toLowerCase(), text(raw[index + 1])])
    }
    return pairs
  }
  for (const [name, value] of Object.entries(parsed)) {
    if (Array.isArray(value)) for (const each of value) pairs.push([name, each])
    else if (value !== undefined) pairs.push([name, value])
  }
  return pairs
}

function text(value: unknown): string {
  return Buffer.isBuffer(value) ? value.toString('latin1') : String(value)
}

function givenUp(): CarabinerError {
  return new CarabinerError('DEADLINE_EXCEEDED', 'the request was given up')
}
