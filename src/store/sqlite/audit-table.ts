import type { DatabaseSync, SQLOutputValue } from 'node:sqlite'
import type { AuditText } from '../audit-chain.ts'
import { type AuditWriter, type ChainEnd, chainRows } from '../audit-writer.ts'
import { pageLimit, placeOfCursor, toPage } from '../paging.ts'
import { auditRowOf } from '../rows.ts'
import type { AuditFilter, AuditPage, AuditPageQuery, AuditRow, Page } from '../store.ts'
import { auditShelf } from './audit-shelf.ts'
import { Conditions } from './conditions.ts'
import { preparedOnce } from './prepared.ts'

/** Who did what, newest first. */
export interface AuditTable {
  /** A transaction begins; what the one before it has left open was undone. */
  begin(): void
  /** Puts rows behind the last one of the writer's chain. The last step of a write: it is done, or the write has failed. */
  add(rows: readonly AuditText[]): void
  /** The transaction is about to be committed: signs where the chain ends now. */
  finish(): void
  page(filter: AuditFilter): Page<AuditRow>
  pageAt(query: AuditPageQuery): AuditPage
}

export function auditTable(database: DatabaseSync, writer: AuditWriter): AuditTable {
  const shelf = auditShelf(database)
  const statement = preparedOnce(database)
  let end: ChainEnd | undefined

  return {
    begin() {
      end = undefined
    },

    add(rows) {
      if (rows.length === 0) return
      // The writer has gone over to another chain.
      if (end !== undefined && end.chain !== writer.chain) finish()
      end = chainRows(shelf, writer, rows, end)
    },

    finish,

    page(filter) {
      const limit = pageLimit(filter.limit)
      const { sql, values } = conditionsOf(filter)
      const found = statement(selectListed(sql)).all(...values, limit + 1)
      return toPage('audit', found, limit, placeOf, auditRowOf)
    },

    pageAt({ offset, limit, ...filter }) {
      const { sql, values } = conditionsOf(filter)
      const found = statement(`${selectListed(sql)} OFFSET ?`).all(
        ...values,
        pageLimit(limit),
        offset,
      )
      const counted = statement(`SELECT count(*) AS total FROM audit AS a ${sql}`).get(...values)
      return { rows: found.map(auditRowOf), total: Number(counted?.['total']) }
    },
  }

  function finish(): void {
    if (end !== undefined) shelf.moveHead(end.chain, writer.sign(end.chain, end.place))
    end = undefined
  }
}

function selectListed(conditions: string): string {
  return `SELECT * FROM audit AS a ${conditions} ORDER BY a.created_at DESC, a.seq DESC LIMIT ?`
}

function conditionsOf({ entityType, entityId, action, from, cursor }: AuditFilter): Conditions {
  return new Conditions()
    .add('a.entity_type = ?', entityType)
    .add('a.entity_id = ?', entityId)
    .add('a.action = ?', action)
    .add('a.created_at >= ?', from)
    .before('a', placeOfCursor('audit', cursor))
}

function placeOf(row: Record<string, SQLOutputValue>): { at: number; seq: number } {
  return { at: row['created_at'] as number, seq: row['seq'] as number }
}
