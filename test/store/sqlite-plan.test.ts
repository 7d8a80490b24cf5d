import assert from 'node:assert/strict'
import { join } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'
import { describe, it } from 'node:test'
import { systemClock } from '../../src/clock.ts'
import { rowsOfState, rowsWaitingFor, selectOldest } from '../../src/store/sqlite/backlog-count.ts'
import { selectDue } from '../../src/store/sqlite/claimed-rows.ts'
import { openDatabase } from '../../src/store/sqlite/database.ts'
import {
  selectIsDue,
  selectNextWaiting,
  selectTally,
} from '../../src/store/sqlite/delivery-list.ts'
import { selectEnd, selectListed, selectOfMessages } from '../../src/store/sqlite/delivery-page.ts'
import { takeLeases } from '../../src/store/sqlite/delivery-table.ts'
import {
  selectOfTenant,
  selectRecordsOfMessage,
  selectRecordsOfTenant,
} from '../../src/store/sqlite/erasure-table.ts'
import { selectBetween, selectUnder } from '../../src/store/sqlite/record-list.ts'
import { selectExpired } from '../../src/store/sqlite/record-table.ts'
import {
  selectOtherRedelivery,
  selectOutstanding,
} from '../../src/store/sqlite/redelivery-table.ts'
import { selectSettled } from '../../src/store/sqlite/retention.ts'
import { selectSlice } from '../../src/store/sqlite/settled-deliveries.ts'
import { countable } from '../../src/store/sqlite/slice-count.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'

/** What grows with the backlog or with what is retained: a scan, or a sort of what was found. */
const grows = /SCAN (?!CONSTANT)|TEMP B-TREE/

const { database } = await openEmpty()

describe('what a store asks of SQLite', () => {
  it('finds due deliveries in an index, already sorted, whatever waits', () => {
    const plan = planOf(database, selectDue)

    assert.match(plan, /deliveries_due \(endpoint=\? AND first_of_key=\? AND due_at<\?\)/)
    assert.doesNotMatch(plan, grows)
  })

  it('leases what it found by row, whatever else the table holds', () => {
    assert.match(planOf(database, takeLeases), /SEARCH deliveries USING INTEGER PRIMARY KEY/)
    assert.doesNotMatch(planOf(database, takeLeases), /SCAN deliveries/)
  })

  it('goes from endpoint to endpoint in an index, whatever waits for each', () => {
    const plan = planOf(database, selectNextWaiting)

    assert.match(plan, /deliveries_due \(endpoint>\?\)/)
    assert.doesNotMatch(plan, grows)
  })

  it('counts in an index, already sorted, from where the last slice ended', () => {
    const slices = [
      {
        ...countable(rowsOfState, 'created_at'),
        index: /COVERING INDEX deliveries_state \(state=\? AND created_at(=\? AND rowid)?>\?\)/,
      },
      {
        ...countable(rowsWaitingFor, 'due_at'),
        index:
          /COVERING INDEX deliveries_due \(endpoint=\? AND first_of_key=\? AND due_at(=\? AND rowid)?>\?\)/,
      },
    ]
    for (const { sameInstant, later, order, index } of slices) {
      for (const from of [sameInstant, later]) {
        const plan = planOf(database, `SELECT seq ${from} ${order}`)
        assert.match(plan, index)
        assert.doesNotMatch(plan, grows)
      }
    }
  })

  it('goes through settled deliveries in an index, already sorted', () => {
    const indexes = {
      dead: /deliveries_state \(state=\? AND created_at>\? AND created_at<\?\)/,
      cancelled: /deliveries_state \(state=\? AND created_at=\? AND rowid>\?\)/,
      delivered: /deliveries_created \(created_at>\? AND created_at<\?\)/,
    } as const
    for (const state of ['dead', 'cancelled', 'delivered'] as const) {
      const plan = planOf(database, selectSlice(state))
      assert.match(plan, indexes[state])
      assert.doesNotMatch(plan, grows)
    }
  })

  it('finds the oldest that is not settled without looking at others', () => {
    assert.doesNotMatch(planOf(database, selectOldest), /SCAN (?!CONSTANT)|TEMP/)
  })

  it('finds what a redelivery has on its way, and what repeats a delivery, in an index', () => {
    assert.match(
      planOf(database, selectOutstanding),
      /deliveries_made \(redelivery_seq=\? AND due_at<\?\)/,
    )
    assert.match(planOf(database, selectOtherRedelivery), /deliveries_root \(redelivery_root=\?\)/)
  })

  it('finds the messages of a tenant that are not erased, and no others', () => {
    assert.match(planOf(database, selectOfTenant), /messages_tenant \(tenant=\?\)/)
  })

  it('walks along entries of records in both directions, already sorted, between two places', () => {
    for (const order of ['ASC', 'DESC'] as const) {
      const plan = planOf(database, selectBetween(order))
      assert.match(
        plan,
        /PRIMARY KEY \(collection=\? AND name=\? AND \(entry,id\)>\(\?,\?\) AND \(entry/,
      )
      assert.match(plan, /SEARCH r USING INTEGER PRIMARY KEY/)
      assert.doesNotMatch(plan, grows)
    }
    const under = planOf(database, selectUnder)
    assert.match(under, /PRIMARY KEY \(collection=\? AND name=\? AND entry=\? AND id>\?\)/)
    assert.doesNotMatch(under, grows)
  })

  it('finds records to be erased, and those whose time has come, in an index', () => {
    assert.match(planOf(database, selectRecordsOfTenant), /records_tenant \(tenant=\?\)/)
    assert.match(planOf(database, selectRecordsOfMessage), /records_message \(message_id=\?\)/)
    const expired = planOf(database, selectExpired)
    assert.match(expired, /records_expiry \(expires_at<\?\)/)
    assert.doesNotMatch(expired, grows)
  })

  it('finds the deliveries of a message, and whether an endpoint has one that is due, in an index', () => {
    assert.match(planOf(database, selectTally), /deliveries_message \(message_seq=\?\)/)
    assert.match(
      planOf(database, selectOfMessages('WHERE d.message_seq IN (?)')),
      /deliveries_message/,
    )
    const due = planOf(database, selectIsDue)
    assert.match(due, /deliveries_due \(endpoint=\? AND first_of_key=\? AND due_at<\?\)/)
    assert.doesNotMatch(due, grows)
  })

  it('finds what is old enough to be removed in an index, already sorted', () => {
    const plan = planOf(database, selectSettled)

    assert.match(plan, /deliveries_settled \(settled_at>?\?? ?.*settled_at<\?\)/)
    assert.doesNotMatch(plan, grows)
  })

  it('reads a page of deliveries from an index, already sorted', () => {
    const range = 'AND d.created_at >= ? AND (d.created_at, d.seq) < (?, ?)'
    const listings = [
      [
        'dead',
        `WHERE d.state <> 'delivered' AND d.state = ? ${range}`,
        /deliveries_state \(state=\? AND created_at>/,
      ],
      ['delivered', `WHERE d.state = ? ${range}`, /deliveries_created \(created_at>/],
      [undefined, `WHERE d.endpoint = ? ${range}`, /deliveries_created \(created_at>/],
    ] as const
    for (const [state, conditions, index] of listings) {
      const page = planOf(database, selectListed(state, conditions))
      const end = planOf(database, selectEnd(state, conditions.replace('d.endpoint = ?', 'true')))
      for (const plan of [page, end]) {
        assert.match(plan, index)
        assert.doesNotMatch(plan, /TEMP B-TREE/)
      }
    }
  })
})

async function openEmpty(): Promise<{ database: DatabaseSync }> {
  return { database: await openDatabase(join(temporaryFolder(), 'store.db'), systemClock) }
}

function planOf(database: DatabaseSync, sql: string): string {
  const steps = database.prepare(`EXPLAIN QUERY PLAN ${sql}`).all()
  return steps.map((step) => step['detail']).join('\n')
}
