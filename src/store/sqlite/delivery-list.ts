import type { DatabaseSync, SQLInputValue, SQLOutputValue, StatementSync } from 'node:sqlite'
import type { DeliveryId } from '../../ids.ts'
import { withReason } from '../missing-endpoint.ts'
import { type Place, pageLimit, placeOfCursor, toPage } from '../paging.ts'
import type { DeliveryFilter, DeliveryRow, Page, Store } from '../store.ts'
import { attemptTable } from './attempt-table.ts'
import { Conditions } from './conditions.ts'
import { deliveryColumns, deliveryOf, messageColumns, messageOf } from './rows.ts'

/** What is read of deliveries, without claiming any. */
export interface DeliveryList {
  page(filter: DeliveryFilter): Page<DeliveryRow>
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

/** A page of deliveries that meet the conditions, newest first. */
export function selectListed(conditions: string): string {
  return `
    SELECT ${deliveryColumns}, e.missing_since
    FROM deliveries AS d CROSS JOIN messages AS m ON m.seq = d.message_seq
      LEFT JOIN endpoints AS e ON e.endpoint = d.endpoint
    ${conditions} ORDER BY d.created_at DESC, d.seq DESC LIMIT ?`
}

export function deliveryList(database: DatabaseSync): DeliveryList {
  const attempts = attemptTable(database)
  const one = database.prepare(selectOne)
  const nextDue = database.prepare(selectNextDue)
  const nextWaiting = database.prepare(selectNextWaiting)
  /** One statement for each combination of conditions, of which there are few. */
  const listings = new Map<string, StatementSync>()

  return {
    page(filter) {
      const limit = pageLimit(filter.limit)
      const { sql, values } = conditionsOf(filter)
      const found = listing(sql).all(...values, limit + 1)
      return toPage('deliveries', found, limit, placeOf, listedOf)
    },

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

function listedOf(row: Record<string, SQLOutputValue>): DeliveryRow {
  return withReason(deliveryOf(row), row['missing_since'] as number | null)
}

function placeOf(row: Record<string, SQLInputValue>): Place {
  return { at: row['created_at'] as number, seq: row['seq'] as number }
}

function earliest(times: readonly unknown[]): number | null {
  const known = times.filter((time) => typeof time === 'number')
  return known.length === 0 ? null : Math.min(...known)
}
