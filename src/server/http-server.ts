import { createServer, maxHeaderSize, type RequestListener, type Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { Duplex } from 'node:stream'
import type { ListenerConfig } from '../assembly/host-config.ts'
import { failure } from './envelope.ts'
import type { ErrorAnswer } from './request-error.ts'
import type { ServerTimeouts } from './server-options.ts'

/** A server of Node's, over TLS or not, that does not listen yet and answers by itself what is no request. */
export function createHttpServer(
  { tls }: Pick<ListenerConfig, 'tls'>,
  timeouts: ServerTimeouts,
  answer: RequestListener,
): Server {
  const options = {
    headersTimeout: timeouts.headersMs,
    requestTimeout: timeouts.requestMs,
    keepAliveTimeout: timeouts.keepAliveMs,
    connectionsCheckingInterval: Math.min(1_000, timeouts.headersMs),
    // Node's own refusal has no body; the app's is in `onRequest`.
    requireHostHeader: false,
  }
  const server =
    tls === undefined
      ? createServer(options, answer)
      : createTlsServer({ ...options, ...tls, allowHalfOpen: true }, answer)
  answerHalfClosed(server)
  // A caller that asks whether to send its body is told when it has been let in, not at once.
  // What else it expects is not promised: Node would refuse it, without a body.
  return server
    .on('checkContinue', answer)
    .on('checkExpectation', answer)
    .on('clientError', answerBrokenRequest)
}

/**
 * A client may say that it will send no more (`nc -N`, some proxies), and still waits for its answer (RFC 9112 §9.6): Node would end the
 * connection at once. Undocumented, but Node's own switch; without it they would be left without an answer, as before.
 */
function answerHalfClosed(server: Server): void {
  Object.assign(server, { httpAllowHalfOpen: true })
}

/** Answers what is not HTTP, or not in time: there is no request yet, only a socket. */
function answerBrokenRequest(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  const { status, message } = brokenRequest(error.code)
  const answer: ErrorAnswer = { status, code: 'VALIDATION_ERROR', message }
  const body = JSON.stringify(failure(answer))
  const head = [
    `HTTP/1.1 ${status} ${message}`,
    'content-type: application/json; charset=utf-8',
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: close',
  ]
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`)
}

function brokenRequest(code: string | undefined): {
  readonly status: number
  readonly message: string
} {
  switch (code) {
    case 'HPE_HEADER_OVERFLOW':
      return { status: 431, message: `the headers are larger than ${maxHeaderSize} bytes` }
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return { status: 408, message: 'the request took too long to arrive' }
    default:
      return { status: 400, message: 'the request is not valid HTTP' }
  }
}
