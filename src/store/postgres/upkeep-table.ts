import { type Erasure, type ErasureTarget, erasedReason } from '../erasure.ts'
import type { Connections } from './connections.ts'
import type { Statement } from './database.ts'
import { isUuid } from './delivery-list.ts'
import { text } from './parameters.ts'

/** Which hosts live, what is removed or erased, and whether the store takes writes. */
export class UpkeepTable {
  readonly #connections: Connections
  readonly #statements: ReturnType<typeof statementsOf>

  constructor(connections: Connections) {
    this.#connections = connections
    this.#statements = statementsOf(connections.schema)
  }

  async beat(host: string, now: number): Promise<void> {
    await this.#connections.write(this.#statements.beat, [host, now])
  }

  async leave(host: string): Promise<void> {
    await this.#connections.write(this.#statements.leave, [host])
  }

  /** The ids of those that have beaten since then. */
  async live(since: number): Promise<readonly string[]> {
    const rows = await this.#connections.read(this.#statements.live, [since])
    return rows.map((row) => String(row['id']))
  }

  async prune(before: number, limit: number): Promise<number> {
    const [row] = await this.#connections.write(this.#statements.prune, [before, limit])
    return Number(row?.['removed'])
  }

  async erase(target: ErasureTarget, at: number, limit: number): Promise<Erasure> {
    if (target.kind === 'message' && !isUuid(target.id)) {
      return { messages: 0, cancelled: 0, records: 0 }
    }
    const [row] = await this.#connections.write(this.#statements.erase, [
      this.#connections.sender,
      target.kind === 'message' ? target.id : null,
      target.kind === 'tenant' ? text(target.tenant) : null,
      erasedReason,
      at,
      limit,
    ])
    return {
      messages: Number(row?.['messages']),
      cancelled: Number(row?.['cancelled']),
      records: Number(row?.['records']),
    }
  }

  /** Touches the store, without writing. */
  async ping(): Promise<void> {
    await this.#connections.read(this.#statements.ping, [])
  }

  /** Finds out whether the store takes writes. */
  async probe(): Promise<void> {
    await this.#connections.write(this.#statements.probe, [])
  }
}

function statementsOf(schema: string) {
  return {
    beat: {
      name: 'beat',
      text: `INSERT INTO ${schema}.hosts (id, beat_at) VALUES ($1, $2) ON CONFLICT (id) DO UPDATE SET beat_at = excluded.beat_at`,
    },
    leave: { name: 'leave', text: `DELETE FROM ${schema}.hosts WHERE id = $1` },
    live: { name: 'live', text: `SELECT id FROM ${schema}.hosts WHERE beat_at >= $1` },
    prune: { name: 'prune', text: `SELECT ${schema}.prune($1, $2) AS removed` },
    erase: {
      name: 'erase',
      text: `SELECT e.messages, e.cancelled, r.records
        FROM ${schema}.erase_records($2, $3, $5, $6) AS r (records), ${schema}.erase($1, $2, $3, $4, $5, $6) AS e`,
    },
    ping: { name: 'ping', text: `SELECT version FROM ${schema}.carabiner_store` },
    probe: { name: 'probe', text: `UPDATE ${schema}.carabiner_store SET probed_at = now()` },
  } satisfies Record<string, Statement>
}
