import { newDeliveryId, type RedeliveryId } from '../../ids.ts'
import { pageLimit, placeOfCursor, toPage } from '../paging.ts'
import type {
  NewRedelivery,
  Redelivery,
  RedeliveryAdvance,
  RedeliveryListing,
  RedeliveryStep,
} from '../redelivery.ts'
import { redeliveryExists } from '../refusal.ts'
import { redeliveryOf } from '../rows.ts'
import type { Lease, Page } from '../store.ts'
import { Conditions } from './conditions.ts'
import type { Connections } from './connections.ts'
import type { Row, Statement, Value } from './database.ts'
import { isUuid } from './delivery-list.ts'
import { duplicateKey } from './failure.ts'
import { text } from './parameters.ts'

const redeliveryColumns =
  'r.seq::double precision AS seq, r.id, r.filter, r.actor, r.state, r.matched, r.redelivered, r.skipped, r.created_at, r.finished_at'

/** Redeliveries of many, and their way through the deliveries. */
export class RedeliveryTable {
  readonly #connections: Connections
  readonly #statements: ReturnType<typeof statementsOf>

  constructor(connections: Connections) {
    this.#connections = connections
    this.#statements = statementsOf(connections.schema)
  }

  async create({ id, filter, actor, createdAt }: NewRedelivery): Promise<Redelivery> {
    try {
      const values = [id, JSON.stringify(filter), text(actor), createdAt]
      return written(await this.#connections.write(this.#statements.create, values))
    } catch (error) {
      throw duplicateKey(error, 'redeliveries') === undefined ? error : redeliveryExists(id, error)
    }
  }

  async find(id: RedeliveryId): Promise<Redelivery | undefined> {
    if (!isUuid(id)) return undefined
    const [row] = await this.#connections.read(this.#statements.find, [id])
    return row && redeliveryOf(row)
  }

  async page({ state, cursor, limit }: RedeliveryListing): Promise<Page<Redelivery>> {
    const rows = pageLimit(limit)
    const conditions = new Conditions()
      .add('r.state = $', state)
      .before('r', placeOfCursor('redeliveries', cursor))
    const select = `SELECT ${redeliveryColumns} FROM ${this.#connections.schema}.redeliveries AS r ${conditions.sql}
      ORDER BY r.created_at DESC, r.seq DESC LIMIT ${conditions.bind(rows + 1)}`
    const found = await this.#connections.read({ text: select }, conditions.values)
    return toPage('redeliveries', found, rows, placeOf, redeliveryOf)
  }

  hold({ owner, until }: Lease, now: number): Promise<Redelivery | undefined> {
    return this.#change(this.#statements.hold, [owner, until, now])
  }

  async advance(id: RedeliveryId, step: RedeliveryAdvance): Promise<RedeliveryStep | undefined> {
    if (!isUuid(id)) return undefined
    const [row] = await this.#connections.write(this.#statements.advance, [
      this.#connections.sender,
      id,
      step.owner,
      step.now,
      step.outstanding,
      Array.from({ length: step.limit }, newDeliveryId),
    ])
    const endpoints = row?.['endpoints'] as string[] | null
    if (endpoints === null) return undefined
    const redelivery = await this.find(id)
    return redelivery && { redelivery, endpoints }
  }

  async stop(id: RedeliveryId, at: number): Promise<Redelivery | undefined> {
    if (!isUuid(id)) return undefined
    return (await this.#change(this.#statements.stop, [id, at])) ?? this.find(id)
  }

  async #change(statement: Statement, values: readonly Value[]): Promise<Redelivery | undefined> {
    const [row] = await this.#connections.write(statement, values)
    return row && redeliveryOf(row)
  }
}

function written(rows: readonly Row[]): Redelivery {
  const [row] = rows
  if (row === undefined) throw new TypeError('a redelivery was not there when it was written')
  return redeliveryOf(row)
}

function placeOf(row: Row): { at: number; seq: number } {
  return { at: row['created_at'] as number, seq: row['seq'] as number }
}

function statementsOf(schema: string) {
  return {
    create: {
      name: 'create-redelivery',
      text: `SELECT ${redeliveryColumns} FROM ${schema}.create_redelivery($1, $2, $3, $4) AS r`,
    },
    find: {
      name: 'redelivery',
      text: `SELECT ${redeliveryColumns} FROM ${schema}.redeliveries AS r WHERE r.id = $1`,
    },
    hold: {
      name: 'hold-redelivery',
      text: `UPDATE ${schema}.redeliveries AS r SET lease_owner = $1, lease_until = $2
        WHERE r.id = (
          SELECT o.id FROM ${schema}.redeliveries AS o
          WHERE o.state = 'running' AND (o.lease_owner IS NULL OR o.lease_owner = $1 OR o.lease_until <= $3)
          ORDER BY o.created_at, o.seq LIMIT 1 FOR UPDATE SKIP LOCKED)
        RETURNING ${redeliveryColumns}`,
    },
    advance: {
      name: 'advance-redelivery',
      text: `SELECT ${schema}.advance_redelivery($1, $2, $3, $4, $5, $6) AS endpoints`,
    },
    stop: {
      name: 'stop-redelivery',
      text: `UPDATE ${schema}.redeliveries AS r SET state = 'stopped', finished_at = $2, lease_owner = NULL, lease_until = NULL
        WHERE r.id = $1 AND r.state = 'running' RETURNING ${redeliveryColumns}`,
    },
  } satisfies Record<string, Statement>
}
