import type { Clock } from '../../clock.ts'
import { Row } from '../row.ts'
import { RecentCount } from './recent-count.ts'
import type { Attempt, TrackedClient } from './undici-attempt.ts'

export interface ClientPoolParts {
  readonly clock: Clock
  readonly newClient: () => TrackedClient
  /** Connections at once. */
  readonly most: number
  /** Whether one connection may turn out to carry everything: HTTP/2. */
  readonly mayShare: boolean
  /** There is no connection left, and nothing that waits for one. */
  readonly unused: () => void
}

/** No connection is opened while so many carry a request that began within the last moment. */
const mostRecent = 64
const momentMs = 20

/**
 * The connections to one origin.
 *
 * A receiver that answers quickly gets its requests over a few connections, which are warm, instead of one for each of a thousand requests that
 * come at once: that costs both sides a third less. One that takes its time is not waited for: after a moment others follow on connections of
 * their own. The connection that became free last is used first, and those that are not needed close by themselves.
 */
export class ClientPool implements AsyncDisposable {
  readonly #parts: ClientPoolParts
  readonly #clients = new Set<TrackedClient>()
  /** Those that take a request now. */
  readonly #free: TrackedClient[] = []
  readonly #waiting = new Row<Attempt>()
  readonly #recent: RecentCount
  /** Connects, and may turn out to carry all that waits. */
  #probe: TrackedClient | undefined
  #isPlain: boolean
  #closed = false
  #timer: Disposable | undefined

  constructor(parts: ClientPoolParts) {
    this.#parts = parts
    this.#recent = new RecentCount(parts.clock, momentMs)
    this.#isPlain = !parts.mayShare
  }

  /** Whether there is no connection, and nothing that waits for one. */
  get isUnused(): boolean {
    return this.#clients.size === 0 && this.#waiting.first() === undefined
  }

  send(attempt: Attempt): void {
    const client = this.#waiting.size === 0 ? this.#next() : undefined
    if (client !== undefined) this.#start(attempt, client)
    else {
      this.#waiting.push(attempt)
      this.#timer ??= this.#parts.clock.after(momentMs, () => this.#momentIsOver())
    }
  }

  /** Ends what is under way. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true
    this.#timer?.[Symbol.dispose]()
    const clients = [...this.#clients]
    this.#clients.clear()
    await Promise.all(clients.map((client) => client.destroy()))
  }

  #start(attempt: Attempt, client: TrackedClient): void {
    client.begunIn = this.#recent.begin()
    client.isFree = attempt.startOn(client)
    if (client.isFree) this.#takeBack(client)
    else if (client.connecting && !this.#isPlain) this.#probe ??= client
  }

  #takeBack(client: TrackedClient): void {
    this.#recent.end(client.begunIn)
    this.#free.push(client)
  }

  /** A client for the next request, if it may go now. */
  #next(): TrackedClient | undefined {
    const free = this.#free.pop()
    if (free !== undefined) return free
    if (this.#probe !== undefined || this.#clients.size >= this.#parts.most) return undefined
    return this.#closed || this.#recent.value >= mostRecent ? undefined : this.#open()
  }

  #open(): TrackedClient {
    const client = this.#parts.newClient()
    this.#clients.add(client)
    client.whenAnswered = () => this.#answered(client)
    client.on('drain', () => this.#hasRoom(client))
    client.on('connect', () => this.#connected(client))
    client.on('disconnect', () => this.#disconnected(client))
    client.on('connectionError', () => this.#retire(client))
    return client
  }

  /**
   * What follows is given to a client before it has a moment without work, in which it would set a timer and let go of the event loop: a fifth
   * of what a delivery costs. Not after the first request of a connection: its receiver may end each with its reply.
   */
  #answered(client: TrackedClient): void {
    if (client.carried > 1 && !client.speaksHttp2) this.#hasRoom(client)
  }

  #hasRoom(client: TrackedClient): void {
    if (client.isFree || !this.#clients.has(client)) return
    client.isFree = true
    this.#takeBack(client)
    if (this.#probe === client) this.#probe = undefined
    this.#startWaiting()
  }

  #startWaiting(): void {
    for (let first = this.#waiting.first(); first !== undefined; first = this.#waiting.first()) {
      const client = this.#next()
      if (client === undefined) return
      this.#waiting.shift()
      this.#start(first, client)
    }
  }

  #momentIsOver(): void {
    this.#timer = undefined
    this.#startWaiting()
    if (this.#waiting.size === 0) return
    this.#timer = this.#parts.clock.after(momentMs, () => this.#momentIsOver())
  }

  #connected(client: TrackedClient): void {
    // One that is shared tells when it has room.
    if (client.speaksHttp2) return
    this.#isPlain = true
    this.#probed(client)
  }

  #probed(client: TrackedClient): void {
    if (this.#probe !== client) return
    this.#probe = undefined
    this.#startWaiting()
  }

  /** A client connects anew for what it still has to send; one that has nothing is not needed. */
  #disconnected(client: TrackedClient): void {
    if (client.isFree) this.#retire(client)
    else this.#probed(client)
  }

  /** It ends what it still has. */
  #retire(client: TrackedClient): void {
    if (!this.#clients.delete(client)) return
    if (client.isFree) this.#free.splice(this.#free.indexOf(client), 1)
    else this.#recent.end(client.begunIn)
    if (!client.destroyed) void client.close()
    if (this.#probe === client) this.#probe = undefined
    this.#startWaiting()
    if (this.isUnused) this.#parts.unused()
  }
}
