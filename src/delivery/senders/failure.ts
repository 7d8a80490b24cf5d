import type { NoReplyCause } from '../sender.ts'

/** Why a client gave up, in the words of a reply. */
export interface Failure {
  readonly error: NoReplyCause
  readonly message: string
}

/** How far a request had come when it failed. */
export interface FailureContext {
  /** `host:port` */
  readonly target: string
  /** Whether it was on a connection that stood. */
  readonly connected: boolean
  /** Whether a reply had begun. */
  readonly answered: boolean
  /** Whether the receiver ended the connection; else it was us who could not go on with what it sent. */
  readonly ended: boolean
  readonly headerBytes: number
}

/** Sorts what an HTTP client threw into the causes callers know. */
export function explainFailure(thrown: unknown, context: FailureContext): Failure {
  const code = codeOf(thrown)
  if (code === 'EGRESS_REFUSED') return { error: 'egress', message: messageWith(code, thrown) }
  if (code === 'DEADLINE_EXCEEDED' || code === 'PROXY_FAILED')
    return { error: 'connect', message: messageWith(code, thrown) }
  if (unsendable.has(code)) {
    return { error: 'protocol', message: `the request cannot be sent: ${deepest(thrown).message}` }
  }
  if (headerOverflow.has(code)) {
    return {
      error: 'over-limit',
      message: `the reply's header is larger than ${context.headerBytes} bytes`,
    }
  }
  // Under TLS 1.3 a receiver refuses our certificate only after the connection stands.
  if (!context.connected || (code.startsWith('ERR_SSL_') && !context.answered)) {
    return { error: 'connect', message: `no connection to ${context.target} (${code})` }
  }
  if (isProtocolError(code) || (code === 'UND_ERR_SOCKET' && !context.ended)) {
    return {
      error: 'protocol',
      message: `${context.target} does not speak HTTP as it should (${code})`,
    }
  }
  return { error: 'cut-off', message: `${cutOff(context.target)} (${code})` }
}

export function cutOff(target: string): string {
  return `${target} ended the connection before the reply was complete`
}

/** The code of an error or of the nearest of its causes that has one. */
export function codeOf(thrown: unknown): string {
  for (let error = thrown; error instanceof Error; error = error.cause) {
    const code = ownCodeOf(error)
    if (code !== undefined && code !== 'ERR_GOT_REQUEST_ERROR') return code
  }
  return thrown instanceof Error ? thrown.name : typeof thrown
}

function ownCodeOf(error: Error): string | undefined {
  return 'code' in error && typeof error.code === 'string' ? error.code : undefined
}

/** The message of the error or cause that has this code: what our own code says needs no other words. */
function messageWith(code: string, thrown: unknown): string {
  let error = thrown
  while (error instanceof Error && ownCodeOf(error) !== code) error = error.cause
  return error instanceof Error ? error.message : deepest(thrown).message
}

const headerOverflow: ReadonlySet<string> = new Set([
  'HPE_HEADER_OVERFLOW',
  'UND_ERR_HEADERS_OVERFLOW',
])

/** What the clients say to headers that can't be in a request. */
const unsendable: ReadonlySet<string> = new Set([
  'ERR_HTTP_INVALID_HEADER_VALUE',
  'ERR_INVALID_CHAR',
  'ERR_INVALID_HTTP_TOKEN',
  'UND_ERR_INVALID_ARG',
  'UND_ERR_NOT_SUPPORTED',
])

function isProtocolError(code: string): boolean {
  return (
    code.startsWith('HPE_') ||
    code === 'HTTPParserError' ||
    code === 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH'
  )
}

function deepest(thrown: unknown): Error {
  let error = thrown instanceof Error ? thrown : new TypeError(String(thrown))
  while (error.cause instanceof Error) error = error.cause
  return error
}
