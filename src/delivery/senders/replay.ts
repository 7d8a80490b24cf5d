/**
 * Whether a code says that the connection went away, as a keep-alive connection does when the receiver closes it at
 * the very moment a request goes out. On a used connection, and when no byte of a reply has come, such a request is sent
 * once more on a fresh one.
 */
export function isConnectionLoss(code: string): boolean {
  return lossCodes.has(code)
}

const lossCodes: ReadonlySet<string> = new Set([
  'ECONNABORTED',
  'ECONNRESET',
  'EPIPE',
  'ERR_HTTP2_GOAWAY_SESSION',
  'ERR_HTTP2_INVALID_SESSION',
  'ERR_HTTP2_SESSION_ERROR',
  'ERR_HTTP2_STREAM_CANCEL',
  'ERR_HTTP2_STREAM_ERROR',
  'ERR_STREAM_DESTROYED',
  'ERR_STREAM_PREMATURE_CLOSE',
  'UND_ERR_INFO',
  'UND_ERR_SOCKET',
])
