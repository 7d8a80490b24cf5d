import { Client, type ClientConfig, Pool } from 'pg'
import type { Clock } from '../../clock.ts'
import { CarabinerError, messageOf } from '../../errors.ts'
import { newId } from '../../ids.ts'
import { TurnoverSet } from '../../turnover.ts'
import { storeUnavailable } from '../unavailable.ts'
import { isConflict, isRefusal } from './failure.ts'
import type { PostgresLocation } from './location.ts'

/** Connections of one store, beside the one that listens. */
const poolSize = 10
/** Milliseconds until a connection must be there, whether it is made or waited for. */
const connectWithinMs = 5_000
/** Milliseconds after which the server gives a statement up, and after which nobody waits for its answer any more. */
const statementMs = 15_000
const answerMs = 20_000
/** Milliseconds between two tries to write to a store that could not be written. */
const probeIntervalMs = 1_000
/** How often a transaction is made again that another one got in the way of. */
const conflictTries = 5

export type Row = Readonly<Record<string, unknown>>
export type Value =
  | string
  | number
  | boolean
  | Buffer
  | null
  | readonly (string | number | boolean | Buffer | null)[]

/** A statement; a named one is planned once for each connection. */
export interface Statement {
  readonly name?: string
  readonly text: string
}

/** A statement, and how its rows are wanted. @defaultValue by the names of the columns */
interface Asked extends Statement {
  readonly rowMode?: 'array'
}

/** The connections to one store. Every error is told as STORE_UNAVAILABLE, but for those about what was asked. */
export class Database implements AsyncDisposable {
  readonly schema: string
  /** What this store signs its notifications with. */
  readonly sender: string = newId()
  readonly #location: PostgresLocation
  readonly #clock: Clock
  readonly #pool: Pool
  readonly #underWay = new TurnoverSet<Promise<unknown>>()
  #closed = false
  #trouble: CarabinerError | undefined
  #probedAt = Number.NEGATIVE_INFINITY
  #isProbing = false

  constructor(location: PostgresLocation, clock: Clock) {
    this.schema = location.schema
    this.#location = location
    this.#clock = clock
    this.#pool = new Pool({
      ...this.#settings(),
      max: poolSize,
      connectionTimeoutMillis: connectWithinMs,
      statement_timeout: statementMs,
      query_timeout: answerMs,
      allowExitOnIdle: true,
    })
    // The pool has let go of it already; whoever asks next gets another, or is told why there is none.
    this.#pool.on('error', () => undefined)
  }

  get closed(): boolean {
    return this.#closed
  }

  /** Where it is, for people. */
  get shown(): string {
    return this.#location.shown
  }

  /** A connection of its own, not connected yet. @throws {CarabinerError} STORE_UNAVAILABLE when a certificate cannot be read */
  client(settings: ClientConfig = {}): Client {
    const connectionTimeoutMillis = connectWithinMs
    try {
      return new Client({ ...this.#settings(), connectionTimeoutMillis, ...settings })
    } catch (error) {
      throw storeUnavailable(`${this.shown} cannot be opened as a store`, error)
    }
  }

  read(statement: Statement, values: readonly Value[]): Promise<readonly Row[]> {
    return this.#track(() => this.#run<Row>(statement, values, 'the store cannot be read'))
  }

  /** One statement, and so one transaction: resolves when it is durable. */
  write(statement: Statement, values: readonly Value[]): Promise<readonly Row[]> {
    return this.#write<Row>(statement, values)
  }

  writeForCells<Cells extends readonly unknown[]>(
    statement: Statement,
    values: readonly Value[],
  ): Promise<readonly Cells[]> {
    return this.#write<Cells>({ ...statement, rowMode: 'array' }, values)
  }

  #write<Found extends object>(asked: Asked, values: readonly Value[]): Promise<readonly Found[]> {
    return this.#track(async () => {
      try {
        const rows = await this.#run<Found>(asked, values, 'the store cannot be written')
        this.#trouble = undefined
        return rows
      } catch (error) {
        if (error instanceof CarabinerError) this.#trouble = error
        throw error
      }
    })
  }

  /** Throws unless the last write worked, or one that is made for this works now: one at a time, a second after the last. */
  ready(probe: () => Promise<unknown>): void | Promise<void> {
    if (this.#closed) throw storeUnavailable('the store is closed')
    if (this.#trouble === undefined) return
    // A server that is silent takes its time: one caller waits for it, the others are told at once.
    if (this.#isProbing || this.#clock.monotonic() - this.#probedAt < probeIntervalMs) {
      throw this.#trouble
    }
    return this.#probe(probe)
  }

  /** Takes nothing more. */
  close(): void {
    this.#closed = true
  }

  /** Finishes what was asked for. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true
    await Promise.allSettled(this.#underWay.values())
    if (!this.#pool.ending) await this.#pool.end()
  }

  async #probe(probe: () => Promise<unknown>): Promise<void> {
    this.#isProbing = true
    try {
      await probe()
    } finally {
      this.#isProbing = false
      this.#probedAt = this.#clock.monotonic()
    }
  }

  async #track<T>(work: () => Promise<T>): Promise<T> {
    const done = work()
    this.#underWay.add(done)
    try {
      return await done
    } finally {
      this.#underWay.delete(done)
    }
  }

  async #run<Found extends object>(
    asked: Asked,
    values: readonly Value[],
    what: string,
  ): Promise<readonly Found[]> {
    for (let tries = 1; ; tries += 1) {
      try {
        return await this.#query<Found>(asked, values)
      } catch (error) {
        if (isRefusal(error)) throw error
        if (!isConflict(error) || tries === conflictTries) throw storeUnavailable(what, error)
      }
    }
  }

  /**
   * The pool's own `query` ends the connection after any error. One that is about what was asked leaves it as it was: a new one would cost
   * tens of milliseconds, for each routine has to be planned again.
   *
   * A connection is given back in the very turn in which it is found broken, as the pool does: one whose end has come and gone by then never tells the pool
   * that it has left, and who waits for a place waits for ever.
   */
  #query<Found extends object>(asked: Asked, values: readonly Value[]): Promise<readonly Found[]> {
    return new Promise((resolve, reject) => {
      this.#pool.connect((refusal, client, release) => {
        if (client === undefined) return reject(refusal)
        const settle = once((error: unknown, rows: readonly Found[]): void => {
          client.off('error', fail)
          if (error === null || error === undefined) {
            release()
            resolve(rows)
          } else {
            release(!(isRefusal(error) || isConflict(error)))
            reject(error)
          }
        })
        const fail = (error: Error): void => settle(error, [])
        client.on('error', fail)
        void client.query<Found>({ ...asked, values: [...values] }, (error, result) =>
          settle(error, result?.rows ?? []),
        )
      })
    })
  }

  #settings(): ClientConfig {
    return {
      connectionString: this.#location.connectionString,
      application_name: 'carabiner',
      keepAlive: true,
    }
  }
}

/** What the rows of a call could not be stored for, in the words of the server. */
export function refused(error: unknown): CarabinerError {
  if (error instanceof CarabinerError) return error
  return new CarabinerError('USAGE', `the store refuses it: ${messageOf(error)}`, { cause: error })
}

/** Only the first call counts. */
function once<A extends readonly unknown[]>(work: (...given: A) => void): (...given: A) => void {
  let isDone = false
  return (...given) => {
    if (isDone) return
    isDone = true
    work(...given)
  }
}
