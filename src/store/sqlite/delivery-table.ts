import type { DatabaseSync, SQLOutputValue } from 'node:sqlite'
import type { DeliveryId } from '../../ids.ts'
import type { OwnSettlement } from '../copies.ts'
import { hostSilenceMs } from '../liveness.ts'
import type { ClaimedDelivery, ClaimRequest, Lease } from '../store.ts'
import { type AttemptTable, attemptTable } from './attempt-table.ts'
import { claimedOf, type DueRow, dueRows } from './claimed-rows.ts'
import type { RowHint, RowHints } from './row-hints.ts'

/** How deliveries end that are not sent. */
export interface GivenUp {
  readonly state: 'dead' | 'cancelled'
  readonly reason: string
  readonly at: number
}

/** The ways of a delivery from `pending` to settled. */
export interface DeliveryTable {
  claim(request: ClaimRequest): ClaimedDelivery[]
  renew(ids: readonly DeliveryId[], lease: Lease): ReadonlySet<DeliveryId>
  release(ids: readonly DeliveryId[], owner: string, now: number): void
  settle(settlements: readonly OwnSettlement[]): readonly boolean[]
  recover(now: number): number
  cancel(id: DeliveryId, at: number): boolean
  /** Settles at most `limit` of what waits for an endpoint. */
  giveUp(endpoint: string, how: GivenUp, limit: number): number
  /** Lets the next delivery of an order key go, now that the one before it is settled. */
  passKeyOn(endpoint: string, orderKey: string): void
}

/** One statement for all that an endpoint has due: a call for each row costs as much again. */
export const takeLeases: string = `
  UPDATE deliveries SET state = 'sending', lease_owner = ?, lease_until = ?
  WHERE seq IN (SELECT value FROM json_each(?))`

const renewLease = `UPDATE deliveries SET lease_until = ? WHERE id = ? AND state = 'sending' AND lease_owner = ?`

const giveBack = `
  UPDATE deliveries
  SET state = 'pending', due_at = min(due_at, ?), lease_owner = NULL, lease_until = NULL
  WHERE id = ? AND state = 'sending' AND lease_owner = ?`

/** By row and id: the row may be a guess. Most are delivered, and whatever else may change costs as much again. */
const settleDelivered = `
  UPDATE deliveries
  SET state = 'delivered', attempts = max(attempts, ?), settled_at = ?, lease_owner = NULL, lease_until = NULL
  WHERE seq = ? AND id = ? AND state = 'sending' AND lease_owner = ?`

const settleOtherwise = `
  UPDATE deliveries
  SET state = ?, attempts = max(attempts, ?), due_at = ifnull(?, due_at), last_error = ifnull(?, last_error),
    settled_at = ?, lease_owner = NULL, lease_until = NULL
  WHERE seq = ? AND id = ? AND state = 'sending' AND lease_owner = ?`

const recoverLost = `
  UPDATE deliveries
  SET state = 'pending', due_at = min(due_at, :now), lease_owner = NULL, lease_until = NULL
  WHERE state = 'sending' AND (lease_until <= :now OR lease_owner NOT IN (SELECT id FROM hosts))`

const cancelOne = `
  UPDATE deliveries SET state = 'cancelled', settled_at = ? WHERE id = ? AND state = 'pending'
  RETURNING seq, endpoint, order_key`

/** What is held back by its order key goes first: nothing is left behind that waits for what is settled already. */
const giveUpWaiting = `
  UPDATE deliveries SET state = ?, last_error = ?, settled_at = ?
  WHERE seq IN (
    SELECT seq FROM deliveries INDEXED BY deliveries_due
    WHERE endpoint = ? AND state = 'pending' ORDER BY first_of_key, due_at LIMIT ?)`

const passOn = `
  UPDATE deliveries SET first_of_key = 1 WHERE seq = (
    SELECT min(seq) FROM deliveries INDEXED BY deliveries_key
    WHERE endpoint = ? AND order_key = ? AND settled_at IS NULL)`

export function deliveryTable(database: DatabaseSync, hints: RowHints): DeliveryTable {
  const attempts: AttemptTable = attemptTable(database)
  const dueOf = dueRows(database)
  const take = database.prepare(takeLeases)
  const prolong = database.prepare(renewLease)
  const give = database.prepare(giveBack)
  const deliver = database.prepare(settleDelivered)
  const settle = database.prepare(settleOtherwise)
  const findRow = database.prepare('SELECT seq, endpoint, order_key FROM deliveries WHERE id = ?')
  const forgetHosts = database.prepare('DELETE FROM hosts WHERE beat_at < ?')
  const recover = database.prepare(recoverLost)
  const cancel = database.prepare(cancelOne)
  const giveUp = database.prepare(giveUpWaiting)
  const pass = database.prepare(passOn)

  return {
    claim({ endpoints, now, lease }) {
      return endpoints.flatMap(({ endpoint, limit }) =>
        lend(endpoint, dueOf(endpoint, now, limit), lease),
      )
    },

    renew(ids, lease) {
      const kept = ids.filter((id) => prolong.run(lease.until, id, lease.owner).changes === 1)
      return new Set(kept)
    },

    release(ids, owner, now) {
      for (const id of ids) give.run(now, id, owner)
    },

    settle: (settlements) => settlements.map(settleOnce),

    recover(now) {
      forgetHosts.run(now - hostSilenceMs)
      return Number(recover.run({ now }).changes)
    },

    cancel(id, at) {
      const row = cancel.get(at, id)
      if (row === undefined) return false
      const { endpoint, orderKey } = hintOf(row)
      if (orderKey !== null) passKeyOn(endpoint, orderKey)
      return true
    },

    giveUp: (endpoint, { state, reason, at }, limit) =>
      Number(giveUp.run(state, reason, at, endpoint, limit).changes),

    passKeyOn,
  }

  function lend(
    endpoint: string,
    rows: readonly DueRow[],
    { owner, until }: Lease,
  ): readonly ClaimedDelivery[] {
    if (rows.length === 0) return []
    take.run(owner, until, JSON.stringify(rows.map(([seq]) => seq)))
    return rows.map((row) => {
      const delivery = claimedOf(endpoint, row)
      hints.remember(delivery.id, { seq: row[0], endpoint, orderKey: delivery.orderKey })
      return delivery
    })
  }

  function settleOnce(settlement: OwnSettlement): boolean {
    const hint = hints.take(settlement.id)
    if (hint !== undefined && settleRow(settlement, hint)) return true
    const row = findRow.get(settlement.id)
    return row !== undefined && settleRow(settlement, hintOf(row))
  }

  function settleRow(settlement: OwnSettlement, row: RowHint): boolean {
    const { attempt, next } = settlement
    if (!updateRow(settlement, row.seq)) return false
    if (attempt !== null) attempts.record(row.seq, attempt)
    if (next.kind !== 'pending' && row.orderKey !== null) passKeyOn(row.endpoint, row.orderKey)
    return true
  }

  function updateRow({ id, owner, attempt, next, at }: OwnSettlement, seq: number): boolean {
    const tries = attempt?.number ?? 0
    if (next.kind === 'delivered') return deliver.run(tries, at, seq, id, owner).changes === 1
    const dueAt = next.kind === 'pending' ? next.dueAt : null
    const settledAt = next.kind === 'pending' ? null : at
    return settle.run(next.kind, tries, dueAt, next.reason, settledAt, seq, id, owner).changes === 1
  }

  function passKeyOn(endpoint: string, orderKey: string): void {
    pass.run(endpoint, orderKey)
  }
}

function hintOf(row: Record<string, SQLOutputValue>): RowHint {
  return {
    seq: row['seq'] as number,
    endpoint: row['endpoint'] as string,
    orderKey: row['order_key'] as string | null,
  }
}
