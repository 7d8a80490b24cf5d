import type { DeliveryId } from '../../ids.ts'
import { withReason } from '../missing-endpoint.ts'
import { checkMessageIds, pageLimit, placeOfCursor, toPage } from '../paging.ts'
import { attemptOf, deliveryOf, messageOf } from '../rows.ts'
import type { Backlog, DeliveryFilter, DeliveryRow, Page, Store } from '../store.ts'
import { Conditions } from './conditions.ts'
import type { Connections } from './connections.ts'
import type { Row, Statement } from './database.ts'
import { text } from './parameters.ts'

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

const deliveryColumns = `d.seq::double precision AS seq, d.id, d.message_id, d.endpoint, d.state, d.attempts, d.due_at,
  d.last_error, d.created_at, d.settled_at, d.redelivery_of, e.missing_since`

/** What is read of deliveries, without claiming any. */
export class DeliveryList {
  readonly #connections: Connections
  readonly #statements: ReturnType<typeof statementsOf>

  constructor(connections: Connections) {
    this.#connections = connections
    this.#statements = statementsOf(connections.schema)
  }

  async page(filter: DeliveryFilter): Promise<Page<DeliveryRow>> {
    const limit = pageLimit(filter.limit)
    const conditions = conditionsOf(filter)
    const found = await this.#connections.read(
      { text: listed(this.#connections.schema, conditions, conditions.bind(limit + 1)) },
      conditions.values,
    )
    return toPage('deliveries', found, limit, placeOf, listedOf)
  }

  async find(id: DeliveryId): ReturnType<Store['delivery']> {
    if (!uuid.test(id)) return undefined
    const [row] = await this.#connections.read(this.#statements.one, [id])
    if (row === undefined) return undefined
    const attempts = await this.#connections.read(this.#statements.attempts, [id])
    return {
      delivery: listedOf(row),
      message: messageOf(row),
      attempts: attempts.map(attemptOf),
      erasedAt: row['erased_at'] as number | null,
    }
  }

  async nextDueAt(endpoints: readonly string[]): Promise<number | null> {
    const [row] = await this.#connections.read(this.#statements.nextDue, [endpoints.map(text)])
    return row?.['due_at'] as number | null
  }

  async waitingEndpoints(after: string, limit: number): Promise<readonly string[]> {
    const rows = await this.#connections.read(this.#statements.waiting, [text(after), limit])
    return rows.map((row) => row['endpoint'] as string)
  }

  async countWaiting(endpoint: string): Promise<number> {
    const [row] = await this.#connections.read(this.#statements.countWaiting, [text(endpoint)])
    return Number(row?.['waiting'])
  }

  async backlog(): Promise<Backlog> {
    const [row] = await this.#connections.read(this.#statements.backlog, [])
    return {
      pending: Number(row?.['pending']),
      sending: Number(row?.['sending']),
      dead: Number(row?.['dead']),
      oldestPendingAt: row?.['oldest'] as number | null,
    }
  }
}

export function isUuid(id: string): boolean {
  return uuid.test(id)
}

/** A page of deliveries that meet the conditions, newest first. */
function listed(schema: string, { sql }: Conditions, limit: string): string {
  return `
    SELECT ${deliveryColumns}
    FROM (
      SELECT * FROM ${schema}.deliveries AS d ${sql} ORDER BY d.created_at DESC, d.seq DESC LIMIT ${limit}
    ) AS d LEFT JOIN ${schema}.endpoints AS e ON e.endpoint = d.endpoint
    ORDER BY d.created_at DESC, d.seq DESC`
}

function conditionsOf(filter: DeliveryFilter): Conditions {
  const { state, endpoint, messageIds, from, to, cursor } = filter
  if (messageIds !== undefined) checkMessageIds(messageIds)
  return (
    new Conditions()
      .add('d.state = $', state)
      // In the words of the indexes that hold few.
      .add('d.given_up = $', state === 'dead' || state === 'cancelled' ? state : undefined)
      .when('d.settled_at IS NULL', state === 'pending' || state === 'sending')
      .add('d.endpoint = $', endpoint === undefined ? undefined : text(endpoint))
      .add('d.message_id = ANY ($::uuid[])', messageIds?.filter(isUuid))
      .add('d.created_at >= $', from)
      .add('d.created_at < $', to)
      .before('d', placeOfCursor('deliveries', cursor))
  )
}

function listedOf(row: Row): DeliveryRow {
  return withReason(deliveryOf(row), row['missing_since'] as number | null)
}

function placeOf(row: Row): { at: number; seq: number } {
  return { at: row['created_at'] as number, seq: row['seq'] as number }
}

function statementsOf(schema: string) {
  return {
    one: {
      name: 'delivery',
      text: `SELECT ${deliveryColumns}, m.origin, m.type, m.content_type, m.headers, m.trace_id, m.tenant, m.depth,
          m.created_at AS message_created_at, m.erased_at, m.body
        FROM ${schema}.deliveries AS d JOIN ${schema}.messages AS m ON m.id = d.message_id
          LEFT JOIN ${schema}.endpoints AS e ON e.endpoint = d.endpoint
        WHERE d.id = $1`,
    },
    attempts: {
      name: 'attempts',
      text: `SELECT number, started_at, duration_ms, phases, outcome, status, response_headers, error, response_body
          FROM ${schema}.attempts WHERE delivery_id = $1
        UNION ALL
        SELECT attempts, attempt_started_at, attempt_duration_ms, attempt_phases, attempt_outcome, attempt_status,
            attempt_response_headers, attempt_error, attempt_response_body
          FROM ${schema}.deliveries WHERE id = $1 AND attempt_outcome IS NOT NULL
        ORDER BY number`,
    },
    nextDue: { name: 'next-due', text: `SELECT ${schema}.next_due_at($1) AS due_at` },
    waiting: {
      name: 'waiting',
      text: `SELECT endpoint FROM ${schema}.waiting_endpoints($1, $2) AS w (endpoint)`,
    },
    countWaiting: {
      name: 'count-waiting',
      text: `SELECT count(*) AS waiting FROM ${schema}.deliveries WHERE settled_at IS NULL AND state = 'pending' AND endpoint = $1`,
    },
    backlog: {
      name: 'backlog',
      text: `SELECT count(*) FILTER (WHERE state = 'pending') AS pending, count(*) FILTER (WHERE state = 'sending') AS sending,
          (SELECT count(*) FROM ${schema}.deliveries WHERE given_up = 'dead') AS dead, min(created_at) AS oldest
        FROM ${schema}.deliveries WHERE settled_at IS NULL`,
    },
  } satisfies Record<string, Statement>
}
