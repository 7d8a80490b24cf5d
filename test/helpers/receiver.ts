import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** One request as it arrived. */
export interface ReceivedRequest {
  readonly method: string
  /** Path and query. */
  readonly path: string
  /** Lower-case names; values that came twice are joined with `, `. */
  readonly headers: Readonly<Record<string, string>>
  readonly rawHeaders: readonly string[]
  readonly body: Uint8Array
  readonly text: string
  /** Milliseconds on the clock `performance.now()` when the last byte had arrived. */
  readonly at: number
}

export interface Answer {
  /** @defaultValue 200 */
  readonly status?: number
  readonly headers?: Readonly<Record<string, string | readonly string[]>>
  readonly body?: string | Uint8Array
}

export type AnswerSource =
  | number
  | Answer
  | ((request: ReceivedRequest) => number | Answer | Promise<number | Answer>)

export interface ReceiverOptions {
  /** Used in order, the last one again and again. @defaultValue [200] */
  readonly answers?: readonly AnswerSource[]
  /** @defaultValue '127.0.0.1' */
  readonly host?: string
  /** @defaultValue 0, any free one */
  readonly port?: number
}

/** A real HTTP receiver that keeps what it was sent. */
export interface Receiver extends AsyncDisposable {
  /** `http://127.0.0.1:PORT`, without a path. */
  readonly url: string
  readonly port: number
  /** Everything received so far, in order of arrival. */
  readonly received: readonly ReceivedRequest[]
  /** Resolves once `count` requests have arrived. */
  requests(count: number): Promise<readonly ReceivedRequest[]>
  /** Connections accepted so far. */
  readonly connections: number
}

export async function receiver(options: ReceiverOptions = {}): Promise<Receiver> {
  const answers = options.answers ?? [200]
  const host = options.host ?? '127.0.0.1'
  const received: ReceivedRequest[] = []
  let waiting: { readonly count: number; readonly resolve: () => void }[] = []
  let connections = 0

  const server = createServer((incoming, response) => {
    void receive(incoming).then(async (request) => {
      if (request === undefined) return
      const source = answers[Math.min(received.length, answers.length - 1)] ?? 200
      received.push(request)
      const answer = typeof source === 'function' ? await source(request) : source
      reply(response, answer)
      waiting = waiting.filter((each) => {
        if (each.count > received.length) return true
        each.resolve()
        return false
      })
    })
  })
  server.on('connection', () => {
    connections += 1
  })
  const port = await listen(server, options.port ?? 0, host)

  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${port}`,
    port,
    received,
    get connections() {
      return connections
    },
    async requests(count) {
      if (received.length < count) {
        await new Promise<void>((resolve) => waiting.push({ count, resolve }))
      }
      return received
    },
    [Symbol.asyncDispose]: () => stop(server),
  }
}

/** Starts a server and gives its port. */
export function listen(server: Server, port: number, host: string): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(port, host, () => resolve((server.address() as AddressInfo).port))
  })
}

function stop(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}

/** `undefined` when the sender went away in the middle. */
async function receive(incoming: IncomingMessage): Promise<ReceivedRequest | undefined> {
  const chunks: Buffer[] = []
  try {
    for await (const chunk of incoming) chunks.push(chunk)
  } catch {
    return undefined
  }
  const body = Buffer.concat(chunks)
  const headers: Record<string, string> = {}
  for (const [name, value] of Object.entries(incoming.headers)) {
    if (value !== undefined) headers[name] = Array.isArray(value) ? value.join(', ') : value
  }
  return {
    method: incoming.method ?? '',
    path: incoming.url ?? '',
    headers,
    rawHeaders: incoming.rawHeaders,
    body,
    text: body.toString('utf8'),
    at: performance.now(),
  }
}

function reply(response: ServerResponse, answer: number | Answer): void {
  const {
    status = 200,
    headers = {},
    body,
  } = typeof answer === 'number' ? { status: answer } : answer
  response.statusCode = status
  for (const [name, value] of Object.entries(headers)) response.setHeader(name, value)
  response.end(body)
}
