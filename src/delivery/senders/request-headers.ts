/** The first header that belongs to the connection, not to the request, and that a sender therefore does not send. */
export function unsendableHeader(headers: Readonly<Record<string, string>>): string | undefined {
  for (const name in headers) {
    if (connectionHeaders.has(name.toLowerCase())) return name
  }
  return undefined
}

export function cannotSend(header: string): string {
  return `the request cannot be sent: the header ${header} belongs to the connection`
}

const connectionHeaders: ReadonlySet<string> = new Set([
  'connection',
  'content-length',
  'expect',
  'host',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])
