import { Socket } from 'node:net'
import type { Client } from 'pg'
import type { Clock } from '../../clock.ts'
import { storeUnavailable } from '../unavailable.ts'
import type { Database } from './database.ts'
import { channelOf } from './schema.ts'

/** Milliseconds until a lost connection is made anew: the first wait, doubled up to the last. */
const firstWaitMs = 100
const lastWaitMs = 5_000
/** How often the connection is tried, so that one that died without a word is noticed; milliseconds. */
const pingMs = 10_000

/** Hears from other processes on the store, on a connection of its own (`LISTEN`). */
export class ChangeListener implements Disposable {
  readonly #database: Database
  readonly #clock: Clock
  readonly #listeners = new Set<{ readonly call: () => void }>()
  #client: Client | undefined
  #timer: Disposable | undefined
  #waitMs = firstWaitMs
  #version = 0
  #closed = false

  constructor(database: Database, clock: Clock) {
    this.#database = database
    this.#clock = clock
  }

  /** How often others were heard of; `undefined` while nothing would be heard. */
  get version(): number | undefined {
    return this.#client === undefined || this.#closed ? undefined : this.#version
  }

  onChange(listener: () => void): Disposable {
    const entry = { call: listener }
    this.#listeners.add(entry)
    return { [Symbol.dispose]: () => void this.#listeners.delete(entry) }
  }

  /** Resolves when others are heard. @throws {CarabinerError} STORE_UNAVAILABLE */
  async start(): Promise<void> {
    try {
      await this.#connect()
    } catch (error) {
      throw storeUnavailable(`${this.#database.shown} cannot be listened to`, error)
    }
  }

  [Symbol.dispose](): void {
    this.#closed = true
    this.#timer?.[Symbol.dispose]()
    if (this.#client !== undefined) end(this.#client)
    this.#client = undefined
  }

  async #connect(): Promise<void> {
    const client = this.#database.client({ query_timeout: pingMs })
    // While it connects, the promise tells; later, the end of it does.
    client.on('error', () => this.#lost(client))
    client.on('end', () => this.#lost(client))
    client.on('notification', ({ payload }) => {
      if (payload !== this.#database.sender) this.#changed()
    })
    try {
      await client.connect()
      await client.query(`LISTEN ${channelOf(this.#database.schema)}`)
    } catch (error) {
      end(client)
      throw error
    }
    if (this.#closed) return end(client)
    unref(client)
    this.#client = client
    this.#waitMs = firstWaitMs
    this.#timer = this.#clock.after(pingMs, () => void this.#ping(client))
    // What happened before is not known.
    this.#changed()
  }

  #changed(): void {
    this.#version += 1
    for (const { call } of this.#listeners) call()
  }

  async #ping(client: Client): Promise<void> {
    try {
      await client.query('SELECT 1')
    } catch {
      // Whatever it was, this connection is not to be relied on.
      this.#lost(client)
      return
    }
    if (this.#client === client) {
      this.#timer = this.#clock.after(pingMs, () => void this.#ping(client))
    }
  }

  #lost(client: Client): void {
    if (this.#client !== client) return
    this.#client = undefined
    end(client)
    this.#connectLater()
  }

  #connectLater(): void {
    if (this.#closed) return
    this.#timer?.[Symbol.dispose]()
    this.#timer = this.#clock.after(this.#waitMs, () => {
      this.#waitMs = Math.min(this.#waitMs * 2, lastWaitMs)
      // The next try follows; meanwhile `version` says that nothing is heard.
      this.#connect().catch(() => this.#connectLater())
    })
  }
}

/** A process is not kept alive to hear something. */
function unref(client: Client): void {
  const { stream } = client.connection
  if (stream instanceof Socket) stream.unref()
}

/** Its end is nobody's concern any more. */
function end(client: Client): void {
  client.end().catch(() => undefined)
}
