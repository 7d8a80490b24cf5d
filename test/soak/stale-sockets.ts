import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import {
  createSecureServer,
  type Http2ServerRequest,
  type Http2ServerResponse,
  type Http2Session,
} from 'node:http2'
import type { AddressInfo, Socket } from 'node:net'
import type { Sender } from '../../src/delivery/sender.ts'
import type { Certificate } from '../helpers/certificate.ts'

/** What came of posting to a receiver that gives up its connections at random. */
export interface StaleReport {
  readonly posts: number
  /** Posts that did not come to a 200, with the sender's words. */
  readonly failures: readonly string[]
  /** Connections (HTTP/1.1) or sessions (HTTP/2) the receiver gave up. */
  readonly givenUp: number
  /** Posts of which the receiver saw the same id twice. */
  readonly replayed: number
  /** The most often one id was seen. */
  readonly mostSeen: number
  /** Ids that were seen again after the receiver had answered them. */
  readonly afterReply: readonly string[]
}

/** Posts `count` times to a receiver that closes or resets its idle keep-alive connections at random moments. */
export async function staleSockets(sender: Sender, count: number): Promise<StaleReport> {
  const seen = new Sightings()
  let givenUp = 0
  const served = new WeakMap<Socket, number>()
  const server = createServer((request, response) => {
    const { socket } = request
    const before = served.get(socket) ?? 0
    served.set(socket, before + 1)
    if (before > 0 && Math.random() < 0.03) {
      givenUp += 1
      seen.seen(idOf(request))
      hangUp(socket)
      return
    }
    answer(request, response, seen)
    response.once('finish', () => {
      if (Math.random() > 0.1) return
      setTimeout(() => {
        if (served.get(socket) !== before + 1) return
        givenUp += 1
        // Not a reset: that could take back a reply the sender has not read yet.
        socket.end()
      }, Math.random() * 4)
    })
  })
  server.keepAliveTimeout = 60_000
  const sockets = new Set<Socket>()
  server.on('connection', (socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
  })
  const port = await listen(server)
  try {
    const failures = await postAll(sender, new URL(`http://127.0.0.1:${port}/`), count)
    return { posts: count, failures, givenUp, ...seen.summary() }
  } finally {
    for (const socket of sockets) socket.destroy()
    await new Promise((resolve) => server.close(resolve))
  }
}

/** Posts `count` times to a receiver that ends its HTTP/2 sessions at random: GOAWAY first, or without a word. */
export async function goingAway(
  sender: Sender,
  count: number,
  certificate: Certificate,
): Promise<StaleReport> {
  const seen = new Sightings()
  let givenUp = 0
  const server = createSecureServer({ ...certificate })
  const sessions = new Set<Http2Session>()
  server.on('session', (session) => {
    sessions.add(session)
    session.on('error', expected)
    session.on('close', () => sessions.delete(session))
  })
  const states = new WeakMap<Http2Session, SessionState>()
  server.on('request', (request, response) => {
    const { session } = request.stream
    request.stream.on('error', expected)
    if (session === undefined) return
    const state = states.get(session) ?? { served: 0, unfinished: 0, leaving: false }
    states.set(session, state)
    if (state.leaving) {
      seen.seen(idOf(request))
      return
    }
    state.served += 1
    state.unfinished += 1
    state.leaving = state.served > 5 && Math.random() < 0.05
    if (state.leaving) givenUp += 1
    answer(request, response, seen)
    response.stream.once('close', () => {
      state.unfinished -= 1
      if (state.leaving && state.unfinished === 0) leave(session, request.stream.id ?? 0)
    })
  })
  const port = await listen(server)
  try {
    const failures = await postAll(sender, new URL(`https://localhost:${port}/`), count)
    return { posts: count, failures, givenUp, ...seen.summary() }
  } finally {
    for (const session of sessions) session.destroy()
    await new Promise((resolve) => server.close(resolve))
  }
}

interface SessionState {
  served: number
  /** Streams that are answered but not closed. */
  unfinished: number
  /** Whether new streams are left without an answer, until the session ends. */
  leaving: boolean
}

/** Which ids arrived how often, and which had been answered by then. */
class Sightings {
  readonly #times = new Map<string, number>()
  readonly #answered = new Set<string>()
  readonly #afterReply: string[] = []

  seen(id: string): void {
    this.#times.set(id, (this.#times.get(id) ?? 0) + 1)
    if (this.#answered.has(id)) this.#afterReply.push(id)
  }

  answered(id: string): void {
    this.#answered.add(id)
  }

  summary(): Pick<StaleReport, 'replayed' | 'mostSeen' | 'afterReply'> {
    const times = [...this.#times.values()]
    return {
      replayed: times.filter((each) => each > 1).length,
      mostSeen: Math.max(0, ...times),
      afterReply: this.#afterReply,
    }
  }
}

function answer(
  request: IncomingMessage | Http2ServerRequest,
  response: ServerResponse | Http2ServerResponse,
  sightings: Sightings,
): void {
  const id = idOf(request)
  sightings.seen(id)
  request.on('error', expected)
  request.resume()
  request.on('end', () => {
    if (request.socket.writable) sightings.answered(id)
    response.statusCode = 200
    response.end('{}')
  })
}

function idOf(request: IncomingMessage | Http2ServerRequest): string {
  return String(request.headers['webhook-id'])
}

/** 16 at a time, as an endpoint's queue would. Gives the words of those that failed. */
async function postAll(sender: Sender, url: URL, count: number): Promise<string[]> {
  const failures: string[] = []
  let next = 0
  const worker = async (): Promise<void> => {
    while (next < count) {
      const id = `post-${next++}`
      const reply = await sender.send({
        url,
        headers: { 'content-type': 'application/json', 'webhook-id': id },
        body: Buffer.from(JSON.stringify({ id })),
        timeoutMs: 10_000,
        replyLimit: 1024,
      })
      if (reply.kind === 'reply' && reply.status === 200) await pause()
      else failures.push(`${id}: ${reply.kind === 'reply' ? reply.status : reply.message}`)
    }
  }
  await Promise.all(Array.from({ length: 16 }, worker))
  return failures
}

/** Lets connections lie idle for a moment now and then, so that the receiver's hanging up meets the next request. */
async function pause(): Promise<void> {
  if (Math.random() > 0.2) return
  await new Promise((resolve) => setTimeout(resolve, Math.random() * 5))
}

function hangUp(socket: Socket): void {
  if (Math.random() < 0.5) socket.end()
  else socket.resetAndDestroy()
}

/** Says it (with the last stream, or gracefully) or not, and ends a moment later: what was answered is on its way. */
function leave(session: Http2Session, lastStream: number): void {
  const way = Math.random()
  if (way < 0.3) session.goaway(0, lastStream)
  else if (way < 0.6) session.close()
  setTimeout(() => session.destroy(), 20)
}

function listen(server: {
  listen(port: number, host: string, listening: () => void): unknown
  address(): unknown
}): Promise<number> {
  return new Promise((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port))
  })
}

/** The end of a connection we ended ourselves. */
function expected(): void {}
