import type { IncomingMessage, ServerResponse } from 'node:http'

/** Serves a web-standard handler from `node:http`: the raw bytes go in, as signatures need them. */
export function serveFetch(
  handle: (request: Request) => Promise<Response>,
): (request: IncomingMessage, response: ServerResponse) => void {
  return (incoming, outgoing) => {
    answer(handle, incoming, outgoing).catch((error: unknown) => outgoing.destroy(error as Error))
  }
}

async function answer(
  handle: (request: Request) => Promise<Response>,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  const chunks: Uint8Array[] = []
  for await (const chunk of incoming) chunks.push(chunk as Uint8Array)
  const { method = 'GET', url = '/', rawHeaders } = incoming
  const headers = new Headers()
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    headers.append(String(rawHeaders[at]), String(rawHeaders[at + 1]))
  }
  const body = method === 'GET' || method === 'HEAD' ? null : Buffer.concat(chunks)
  const response = await handle(
    new Request(new URL(url, 'http://localhost'), { method, headers, body }),
  )
  outgoing.writeHead(response.status, [...response.headers].flat())
  outgoing.end(Buffer.from(await response.arrayBuffer()))
}
