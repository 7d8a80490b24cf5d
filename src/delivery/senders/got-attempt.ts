import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import type { Request as GotStream } from 'got'
import { phasesOf, tlsAlertOf, wasBroken } from './connector.ts'
import type { Exchange, HeaderPairs } from './exchange.ts'
import { codeOf, cutOff, explainFailure } from './failure.ts'
import type { SessionLease } from './http2-sessions.ts'
import { isConnectionLoss } from './replay.ts'

/** One of got's requests for an exchange. */
export interface Attempt {
  readonly exchange: Exchange
  /** `host:port` */
  readonly label: string
  readonly headerBytes: number
  /** Sends the request again; `undefined`: this is the second time already. */
  readonly replay: (() => void) | undefined
}

export function carryHttp1(attempt: Attempt, stream: GotStream): void {
  const { exchange } = attempt
  let socket: Socket | undefined
  let bytesBefore = 0

  stream.on('socket', (assigned: Socket) => {
    socket = assigned
    bytesBefore = assigned.bytesRead
    exchange.sending(stream.reusedSocket === true ? undefined : phasesOf(assigned))
  })
  stream.on('upgrade', (_response: IncomingMessage, upgraded: Socket) => {
    upgraded.destroy()
    exchange.fail('protocol', `${attempt.label} switched protocols unasked`)
  })
  receive(attempt, stream, (error) => {
    const stale = stream.reusedSocket === true && socket?.bytesRead === bytesBefore
    if (stale && isConnectionLoss(codeOf(error)) && replayed(attempt)) return
    failed(attempt, error, { connected: socket !== undefined, ended: true })
  })
}

export function carryHttp2(attempt: Attempt, lease: SessionLease, stream: GotStream): void {
  const { exchange } = attempt
  exchange.sending(lease.first ? phasesOf(lease.socket) : undefined)
  void exchange.reply.then(lease.release)
  receive(attempt, stream, (error) => {
    // Its stream may fail before the session says that it goes away: there is no telling apart, and no need to.
    if (lease.shared && replayed(attempt)) return
    failed(attempt, tlsAlertOf(lease.socket) ?? error, { connected: true, ended: true })
  })
}

/** Hands what comes back to the exchange. `onError` is called while the exchange is open. */
function receive(
  { exchange, label }: Attempt,
  stream: GotStream,
  onError: (error: unknown) => void,
): void {
  let message: IncomingMessage | undefined
  stream.on('information', () => exchange.interim())
  stream.on('response', (response: IncomingMessage) => {
    message = response
    exchange.head(response.statusCode ?? 0, response.statusMessage ?? '', headerPairs(response))
  })
  stream.on('data', (chunk: Uint8Array) => exchange.data(chunk))
  stream.on('end', () => {
    const whole = message?.complete === true && !wasBroken(message.socket)
    if (whole) exchange.end()
    else exchange.fail('cut-off', cutOff(label))
  })
  stream.on('error', (error: unknown) => {
    if (!exchange.settled) onError(error)
  })
}

function replayed({ exchange, replay }: Attempt): boolean {
  if (replay === undefined || exchange.answered) return false
  exchange.carrier = undefined
  replay()
  return true
}

export function failed(
  { exchange, label, headerBytes }: Attempt,
  error: unknown,
  state: { readonly connected: boolean; readonly ended: boolean },
): void {
  const { answered } = exchange
  const failure = explainFailure(error, { target: label, headerBytes, answered, ...state })
  exchange.fail(failure.error, failure.message)
}

function headerPairs({ rawHeaders }: IncomingMessage): HeaderPairs {
  const pairs: [string, string][] = []
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    pairs.push([String(rawHeaders[index]).toLowerCase(), String(rawHeaders[index + 1])])
  }
  return pairs
}
