import type { DatabaseSync, SQLOutputValue } from 'node:sqlite'
import type { DeliveryId } from '../../ids.ts'
import { withReason } from '../missing-endpoint.ts'
import { deliveryOf, messageOf } from '../rows.ts'
import type { DeliveryRow, Store } from '../store.ts'
import { attemptTable } from './attempt-table.ts'
import { deliveryColumns, messageColumns } from './columns.ts'

/** What is read of deliveries, without claiming any. */
export interface DeliveryList {
  find(id: DeliveryId): Awaited<ReturnType<Store['delivery']>>
  nextDueAt(endpoints: readonly string[]): number | null
  waitingEndpoints(after: string, limit: number): string[]
}

const selectOne = `
  SELECT ${deliveryColumns}, ${messageColumns}, m.erased_at, e.missing_since
  FROM deliveries AS d CROSS JOIN messages AS m ON m.seq = d.message_seq
    LEFT JOIN endpoints AS e ON e.endpoint = d.endpoint
  WHERE d.id = ?`

const selectNextDue = `
  SELECT min(due_at) AS due_at FROM deliveries INDEXED BY deliveries_due
  WHERE endpoint = ? AND state = 'pending' AND first_of_key = 1`

/** One step from endpoint to endpoint, whatever waits for each. */
export const selectNextWaiting: string = `
  SELECT min(endpoint) AS endpoint FROM deliveries INDEXED BY deliveries_due
  WHERE state = 'pending' AND endpoint > ?`

export function deliveryList(database: DatabaseSync): DeliveryList {
  const attempts = attemptTable(database)
  const one = database.prepare(selectOne)
  const nextDue = database.prepare(selectNextDue)
  const nextWaiting = database.prepare(selectNextWaiting)

  return {
    find(id) {
      const row = one.get(id)
      if (row === undefined) return undefined
      return {
        delivery: listedOf(row),
        message: messageOf(row),
        attempts: attempts.of(row['seq'] as number),
        erasedAt: row['erased_at'] as number | null,
      }
    },

    nextDueAt(endpoints) {
      const dues = endpoints.map((endpoint) => nextDue.get(endpoint)?.['due_at'])
      return earliest(dues)
    },

    waitingEndpoints(after, limit) {
      const names: string[] = []
      for (let last = after; names.length < limit; ) {
        const next = nextWaiting.get(last)?.['endpoint']
        if (typeof next !== 'string') break
        names.push(next)
        last = next
      }
      return names
    },
  }
}

/** A delivery as it is shown, from its row and that of its endpoint. */
export function listedOf(row: Record<string, SQLOutputValue>): DeliveryRow {
  return withReason(deliveryOf(row), row['missing_since'] as number | null)
}

function earliest(times: readonly unknown[]): number | null {
  const known = times.filter((time) => typeof time === 'number')
  return known.length === 0 ? null : Math.min(...known)
}
