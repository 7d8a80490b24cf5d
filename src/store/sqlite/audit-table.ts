import type { DatabaseSync, SQLOutputValue, StatementSync } from 'node:sqlite'
import { pageLimit, placeOfCursor, toPage } from '../paging.ts'
import { auditRowExists } from '../refusal.ts'
import { auditRowOf } from '../rows.ts'
import type { AuditFilter, AuditPage, AuditPageQuery, AuditRow, Page } from '../store.ts'
import { Conditions } from './conditions.ts'
import { isDuplicate } from './failure.ts'

/** Who did what, newest first. */
export interface AuditTable {
  add(rows: readonly AuditRow[]): void
  page(filter: AuditFilter): Page<AuditRow>
  pageAt(query: AuditPageQuery): AuditPage
}

export function auditTable(database: DatabaseSync): AuditTable {
  const insert = database.prepare(
    `INSERT INTO audit (id, entity_type, entity_id, action, actor, details, created_at)
     VALUES (?, ?, ?, ?, ?, ?, ?)`,
  )
  /** One statement for each text, of which there are few: one for each combination of conditions. */
  const statements = new Map<string, StatementSync>()

  return {
    add(rows) {
      for (const row of rows) store(row)
    },

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

  function store({ id, entityType, entityId, action, actor, details, createdAt }: AuditRow): void {
    try {
      insert.run(id, entityType, entityId, action, actor, JSON.stringify(details), createdAt)
    } catch (error) {
      throw isDuplicate(error) ? auditRowExists(id, error) : error
    }
  }

  function statement(sql: string): StatementSync {
    const known = statements.get(sql)
    if (known !== undefined) return known
    const prepared = database.prepare(sql)
    statements.set(sql, prepared)
    return prepared
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
