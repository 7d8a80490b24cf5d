import type { DatabaseSync, SQLOutputValue } from 'node:sqlite'
import type { DeliveryId, MessageId } from '../../ids.ts'
import { compareBytes } from '../byte-order.ts'
import { type DueEndpoints, type DueWalk, dueAmong } from '../due-endpoints.ts'
import { withReason } from '../missing-endpoint.ts'
import { deliveryOf, messageOf, tallyOf } from '../rows.ts'
import type { DeliveryRow, Store } from '../store.ts'
import type { Tally } from '../tally.ts'
import { attemptTable } from './attempt-table.ts'
import { deliveryColumns, messageColumns } from './columns.ts'
import { snapshots } from './snapshot.ts'

/** What is read of deliveries, without claiming any. */
export interface DeliveryList {
  find(id: DeliveryId): Awaited<ReturnType<Store['delivery']>>
  nextDueAt(endpoints: readonly string[]): number | null
  waitingEndpoints(after: string, limit: number): string[]
  dueEndpoints(walk: DueWalk): DueEndpoints
  tally(messages: readonly MessageId[]): readonly Tally[]
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

/** The first name of a walk. */
const selectWaitingFrom = selectNextWaiting.replace('endpoint > ?', 'endpoint >= ?')

export const selectIsDue: string = `
  SELECT 1 FROM deliveries INDEXED BY deliveries_due
  WHERE endpoint = ? AND state = 'pending' AND first_of_key = 1 AND due_at <= ? LIMIT 1`

export const selectTally: string = `
  SELECT state, count(*) AS deliveries, count(*) FILTER (WHERE attempts > 0) AS attempted
  FROM deliveries INDEXED BY deliveries_message
  WHERE message_seq = (SELECT seq FROM messages WHERE id = ?) GROUP BY state`

export function deliveryList(database: DatabaseSync): DeliveryList {
  const attempts = attemptTable(database)
  const one = database.prepare(selectOne)
  const nextDue = database.prepare(selectNextDue)
  const nextWaiting = database.prepare(selectNextWaiting)
  const waitingFrom = database.prepare(selectWaitingFrom)
  const isDue = database.prepare(selectIsDue)
  const tally = database.prepare(selectTally)
  const together = snapshots(database)

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

    waitingEndpoints: (after, limit) => namesAfter(after, '', limit),

    dueEndpoints({ prefix, after, now, visits }) {
      return together(() => {
        const visited = namesAfter(after, prefix, visits)
        return dueAmong(visited, visits, (endpoint) => isDue.get(endpoint, now) !== undefined)
      })
    },

    tally: (messages) => together(() => messages.map((message) => tallyOf(tally.all(message)))),
  }

  /** Names that something waits for, one step after another. */
  function namesAfter(after: string, prefix: string, limit: number): string[] {
    const names: string[] = []
    const isInside = compareBytes(after, prefix) >= 0
    let next = nameOf(isInside ? nextWaiting.get(after) : waitingFrom.get(prefix))
    while (next?.startsWith(prefix) === true && names.length < limit) {
      names.push(next)
      if (names.length < limit) next = nameOf(nextWaiting.get(next))
    }
    return names
  }
}

function nameOf(row: Record<string, SQLOutputValue> | undefined): string | undefined {
  const name = row?.['endpoint']
  return typeof name === 'string' ? name : undefined
}

/** A delivery as it is shown, from its row and that of its endpoint. */
export function listedOf(row: Record<string, SQLOutputValue>): DeliveryRow {
  return withReason(deliveryOf(row), row['missing_since'] as number | null)
}

function earliest(times: readonly unknown[]): number | null {
  const known = times.filter((time) => typeof time === 'number')
  return known.length === 0 ? null : Math.min(...known)
}
