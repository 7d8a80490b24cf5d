import type { DatabaseSync } from 'node:sqlite'
import { untouchedEndpoint } from '../endpoint-state.ts'
import { endpointStateOf } from '../rows.ts'
import type { EndpointState } from '../store.ts'

/** What all hosts on the store know of each endpoint. */
export interface EndpointTable {
  all(): EndpointState[]
  /** Those of which something is known. */
  of(endpoints: readonly string[]): EndpointState[]
  update(endpoint: string, fields: Partial<Omit<EndpointState, 'endpoint'>>): void
  takeProbe(endpoint: string, now: number, next: number): boolean
}

export function endpointTable(database: DatabaseSync): EndpointTable {
  const selectAll = database.prepare('SELECT * FROM endpoints ORDER BY endpoint')
  const select = database.prepare('SELECT * FROM endpoints WHERE endpoint = ?')
  const replace = database.prepare(
    `INSERT OR REPLACE INTO endpoints (endpoint, circuit, consecutive_failures, probe_at, paused_until,
       disabled_reason, disabled_url, last_success_at, last_error_at, last_error, missing_since)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  )
  const putOffProbe = database.prepare(
    `UPDATE endpoints SET probe_at = ? WHERE endpoint = ? AND circuit <> 'closed' AND probe_at <= ?`,
  )

  return {
    all: () => selectAll.all().map(endpointStateOf),

    of(endpoints) {
      const rows = [...new Set(endpoints)].map((endpoint) => select.get(endpoint))
      return rows.filter((row) => row !== undefined).map(endpointStateOf)
    },

    update(endpoint, fields) {
      const row = select.get(endpoint)
      const stored = row === undefined ? untouchedEndpoint(endpoint) : endpointStateOf(row)
      const state = { ...stored, ...fields }
      replace.run(
        endpoint,
        state.circuit,
        state.consecutiveFailures,
        state.probeAt,
        state.pausedUntil,
        state.disabledReason,
        state.disabledUrl,
        state.lastSuccessAt,
        state.lastErrorAt,
        state.lastError,
        state.missingSince,
      )
    },

    takeProbe: (endpoint, now, next) => putOffProbe.run(next, endpoint, now).changes === 1,
  }
}
