import type { DatabaseSync, SQLOutputValue } from 'node:sqlite'
import { newDeliveryId, type RedeliveryId } from '../../ids.ts'
import { type Place, pageLimit, placeOfCursor, toPage } from '../paging.ts'
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
import { isDuplicate } from './failure.ts'
import { type SettledDeliveries, type SettledDelivery, startOf } from './settled-deliveries.ts'

/** Redeliveries of many, and their way through the deliveries. */
export interface RedeliveryTable {
  add(redelivery: NewRedelivery, matched: number): Redelivery
  find(id: RedeliveryId): Redelivery | undefined
  page(listing: RedeliveryListing): Page<Redelivery>
  hold(lease: Lease, now: number): Redelivery | undefined
  advance(id: RedeliveryId, step: RedeliveryAdvance): Advanced | undefined
  stop(id: RedeliveryId, at: number): Redelivery | undefined
}

type Row = Record<string, SQLOutputValue>

interface Advanced {
  readonly step: RedeliveryStep
  /** Rows were passed over that do not match, and nothing else: go on at once. */
  readonly isIdle: boolean
}

/** How far one step came. */
interface Progress {
  readonly reached: Place
  readonly redelivered: number
  readonly skipped: number
  readonly endpoints: ReadonlySet<string>
  readonly isDone: boolean
  readonly isIdle: boolean
}

const insertOne = `
  INSERT INTO redeliveries (id, filter, actor, state, matched, reached_at, reached_seq, created_at)
  VALUES (?, ?, ?, 'running', ?, ?, 0, ?) RETURNING *`

const holdOldest = `
  UPDATE redeliveries SET lease_owner = :owner, lease_until = :until
  WHERE seq = (
    SELECT seq FROM redeliveries INDEXED BY redeliveries_running
    WHERE state = 'running' AND (lease_owner IS NULL OR lease_owner = :owner OR lease_until <= :now)
    ORDER BY created_at, seq LIMIT 1)
  RETURNING *`

const selectHeld = `SELECT * FROM redeliveries WHERE id = ? AND state = 'running' AND lease_owner = ?`

const moveOn = `
  UPDATE redeliveries
  SET redelivered = redelivered + :redelivered, skipped = skipped + :skipped, reached_at = :at, reached_seq = :seq
  WHERE id = :id RETURNING *`

const finish = `
  UPDATE redeliveries SET state = ?, finished_at = ?, lease_owner = NULL, lease_until = NULL
  WHERE id = ? AND state = 'running' RETURNING *`

/** What is being sent was due when it was claimed, so it counts here as well. */
export const selectOutstanding = `
  SELECT count(*) AS outstanding FROM (
    SELECT 1 FROM deliveries INDEXED BY deliveries_made
    WHERE redelivery_seq = ? AND settled_at IS NULL AND due_at <= ? LIMIT ?)`

export const selectOtherRedelivery = `
  SELECT 1 FROM deliveries INDEXED BY deliveries_root
  WHERE redelivery_root = ? AND state IN ('pending', 'sending', 'delivered') LIMIT 1`

const insertAgain = `
  INSERT INTO deliveries (id, message_seq, endpoint, state, due_at, first_of_key, created_at, redelivery_of,
    redelivery_root, redelivery_seq)
  VALUES (?, ?, ?, 'pending', ?, 1, ?, ?, ?, ?)`

export function redeliveryTable(
  database: DatabaseSync,
  settled: SettledDeliveries,
): RedeliveryTable {
  const insert = database.prepare(insertOne)
  const select = database.prepare('SELECT * FROM redeliveries WHERE id = ?')
  const hold = database.prepare(holdOldest)
  const held = database.prepare(selectHeld)
  const move = database.prepare(moveOn)
  const end = database.prepare(finish)
  const outstanding = database.prepare(selectOutstanding)
  const otherRedelivery = database.prepare(selectOtherRedelivery)
  const again = database.prepare(insertAgain)

  return {
    add({ id, filter, actor, createdAt }, matched) {
      const { at } = startOf(filter)
      try {
        return found(insert.get(id, JSON.stringify(filter), actor, matched, at, createdAt))
      } catch (error) {
        throw isDuplicate(error) ? redeliveryExists(id, error) : error
      }
    },

    find: (id) => optional(select.get(id)),

    page({ state, cursor, limit }) {
      const rows = pageLimit(limit)
      const conditions = new Conditions()
        .add('r.state = ?', state)
        .before('r', placeOfCursor('redeliveries', cursor))
      const page = database.prepare(
        `SELECT * FROM redeliveries AS r ${conditions.sql} ORDER BY r.created_at DESC, r.seq DESC LIMIT ?`,
      )
      return toPage(
        'redeliveries',
        page.all(...conditions.values, rows + 1),
        rows,
        placeOf,
        redeliveryOf,
      )
    },

    hold: ({ owner, until }, now) => optional(hold.get({ owner, until, now })),

    advance(id, step) {
      const row = held.get(id, step.owner)
      if (row === undefined) return undefined
      const { reached, redelivered, skipped, endpoints, isDone, isIdle } = redeliverNext(row, step)
      const moved = move.get({ id, redelivered, skipped, ...reached })
      const redelivery = found(isDone ? end.get('done', step.now, id) : moved)
      return { step: { redelivery, endpoints: [...endpoints] }, isIdle }
    },

    stop: (id, at) => optional(end.get('stopped', at, id) ?? select.get(id)),
  }

  function redeliverNext(row: Row, step: RedeliveryAdvance): Progress {
    const { filter, createdAt } = redeliveryOf(row)
    const seq = row['seq'] as number
    const after = { at: row['reached_at'] as number, seq: row['reached_seq'] as number }
    const next = settled.find({ filter, before: createdAt }, after, step.limit)
    const due = outstanding.get(seq, step.now, step.outstanding)?.['outstanding']
    const room = step.outstanding - Number(due)

    const endpoints = new Set<string>()
    let [redelivered, skipped] = [0, 0]
    for (const delivery of next.deliveries) {
      if (isLeftOut(delivery)) skipped += 1
      else if (redelivered >= room) break
      else {
        redeliver(delivery, seq, step.now)
        endpoints.add(delivery.endpoint)
        redelivered += 1
      }
    }
    const looked = redelivered + skipped
    const isWhole = looked === next.deliveries.length
    const reached = (isWhole ? next.end : undefined) ?? next.deliveries[looked - 1] ?? after
    return {
      reached: { at: reached.at, seq: reached.seq },
      redelivered,
      skipped,
      endpoints,
      isDone: isWhole && next.end === undefined,
      isIdle: next.deliveries.length === 0 && next.end !== undefined,
    }
  }

  function isLeftOut({ isErased, root }: SettledDelivery): boolean {
    return isErased || otherRedelivery.get(root) !== undefined
  }

  function redeliver(
    { messageSeq, endpoint, root }: SettledDelivery,
    seq: number,
    now: number,
  ): void {
    again.run(newDeliveryId(), messageSeq, endpoint, now, now, root, root, seq)
  }
}

/** A statement that writes one row returns it. */
function found(row: Row | undefined): Redelivery {
  if (row === undefined) throw new TypeError('a redelivery was not there when it was written')
  return redeliveryOf(row)
}

function optional(row: Row | undefined): Redelivery | undefined {
  return row && redeliveryOf(row)
}

function placeOf(row: Row): Place {
  return { at: row['created_at'] as number, seq: row['seq'] as number }
}
