import type { DatabaseSync, SQLInputValue, StatementSync } from 'node:sqlite'
import type { DeliveryId } from '../../ids.ts'
import { type Place, pageLimit, placeOfCursor, toPage } from '../paging.ts'
import type { Backlog, DeliveryFilter, DeliveryRow, Page, Store } from '../store.ts'
import { attemptTable } from './attempt-table.ts'
import { Conditions } from './conditions.ts'
import { deliveryColumns, deliveryOf, messageColumns, messageOf } from './rows.ts'

/** What is read of deliveries, without claiming any. */
export interface DeliveryList {
  page(filter: DeliveryFilter): Page<DeliveryRow>
  find(id: DeliveryId): Awaited<ReturnType<Store['delivery']>>
  nextDueAt(endpoints: readonly string[]): number | null
  backlog(): Backlog
}

const selectOne = `
  SELECT ${deliveryColumns}, ${messageColumns}
  FROM deliveries AS d CROSS JOIN messages AS m ON m.seq = d.message_seq WHERE d.id = ?`

const selectNextDue = `
  SELECT min(due_at) AS due_at FROM deliveries INDEXED BY deliveries_due
  WHERE endpoint = ? AND state = 'pending' AND first_of_key = 1`

const selectBacklog = `
  SELECT
    (SELECT count(*) FROM deliveries WHERE state = 'pending') AS pending,
    (SELECT count(*) FROM deliveries WHERE state = 'sending') AS sending,
    (SELECT count(*) FROM deliveries WHERE state = 'dead') AS dead,
    (SELECT min(created_at) FROM deliveries WHERE state = 'pending') AS pending_since,
    (SELECT min(created_at) FROM deliveries WHERE state = 'sending') AS sending_since`

/** A page of deliveries that meet the conditions, newest first. */
export function selectListed(conditions: string): string {
  return `
    SELECT ${deliveryColumns} FROM deliveries AS d CROSS JOIN messages AS m ON m.seq = d.message_seq
    ${conditions} ORDER BY d.created_at DESC, d.seq DESC LIMIT ?`
}

export function deliveryList(database: DatabaseSync): DeliveryList {
  const attempts = attemptTable(database)
  const one = database.prepare(selectOne)
  const nextDue = database.prepare(selectNextDue)
  const count = database.prepare(selectBacklog)
  /** One statement for each combination of conditions, of which there are few. */
  const listings = new Map<string, StatementSync>()

  return {
    page(filter) {
      const limit = pageLimit(filter.limit)
      const { sql, values } = conditionsOf(filter)
      const found = listing(sql).all(...values, limit + 1)
      return toPage('deliveries', found, limit, placeOf, deliveryOf)
    },

    find(id) {
      const row = one.get(id)
      if (row === undefined) return undefined
      return {
        delivery: deliveryOf(row),
        message: messageOf(row),
        attempts: attempts.of(row['seq'] as number),
      }
    },

    nextDueAt(endpoints) {
      const dues = endpoints.map((endpoint) => nextDue.get(endpoint)?.['due_at'])
      return earliest(dues)
    },

    backlog() {
      const { pending, sending, dead, pending_since, sending_since } = count.get() ?? {}
      return {
        pending: Number(pending),
        sending: Number(sending),
        dead: Number(dead),
        oldestPendingAt: earliest([pending_since, sending_since]),
      }
    },
  }

  function listing(sql: string): StatementSync {
    const known = listings.get(sql)
    if (known !== undefined) return known
    const prepared = database.prepare(selectListed(sql))
    listings.set(sql, prepared)
    return prepared
  }
}

function conditionsOf({ state, endpoint, from, to, cursor }: DeliveryFilter): Conditions {
  return new Conditions()
    .add('d.state = ?', state)
    .add('d.endpoint = ?', endpoint)
    .add('d.created_at >= ?', from)
    .add('d.created_at < ?', to)
    .before('d', placeOfCursor('deliveries', cursor))
}

function placeOf(row: Record<string, SQLInputValue>): Place {
  return { at: row['created_at'] as number, seq: row['seq'] as number }
}

function earliest(times: readonly unknown[]): number | null {
  const known = times.filter((time) => typeof time === 'number')
  return known.length === 0 ? null : Math.min(...known)
}
