import { pageLimit, placeOfCursor, toPage } from '../paging.ts'
import { auditRowExists } from '../refusal.ts'
import { auditRowOf } from '../rows.ts'
import type { AuditFilter, AuditPage, AuditPageQuery, AuditRow, Page } from '../store.ts'
import { Conditions } from './conditions.ts'
import type { Connections } from './connections.ts'
import type { Row, Statement, Value } from './database.ts'
import { duplicateKey } from './failure.ts'
import { GroupedCalls } from './grouped-calls.ts'
import { columns, placeholders, text } from './parameters.ts'

/** Audit rows that one transaction carries at most. */
const largestGroup = 1000

/** Who did what, newest first. */
export class AuditTable {
  readonly #connections: Connections
  readonly #insert: Statement
  readonly #calls: GroupedCalls<readonly AuditRow[], void>

  constructor(connections: Connections) {
    this.#connections = connections
    this.#insert = {
      name: 'add_audit',
      text: `SELECT ${connections.schema}.add_audit(${placeholders(7)})`,
    }
    this.#calls = new GroupedCalls({
      run: (calls) => this.#store(calls),
      sizeOf: (rows) => rows.length,
      largestGroup,
    })
  }

  async add(rows: readonly AuditRow[]): Promise<void> {
    if (rows.length > 0) await this.#calls.add(rows)
  }

  async page(filter: AuditFilter): Promise<Page<AuditRow>> {
    const limit = pageLimit(filter.limit)
    const conditions = conditionsOf(filter)
    const found = await this.#select(conditions, `LIMIT ${conditions.bind(limit + 1)}`)
    return toPage('audit', found, limit, placeOf, auditRowOf)
  }

  async pageAt({ offset, limit, ...filter }: AuditPageQuery): Promise<AuditPage> {
    const rows = pageLimit(limit)
    const counted = conditionsOf(filter)
    const [count] = await this.#connections.read(
      {
        text: `SELECT count(*) AS total FROM ${this.#connections.schema}.audit AS a ${counted.sql}`,
      },
      counted.values,
    )
    const listed = conditionsOf(filter)
    const found = await this.#select(
      listed,
      `LIMIT ${listed.bind(rows)} OFFSET ${listed.bind(offset)}`,
    )
    return { rows: found.map(auditRowOf), total: Number(count?.['total']) }
  }

  idle(): Promise<void> {
    return this.#calls.idle()
  }

  #select(conditions: Conditions, part: string): Promise<readonly Row[]> {
    const { schema } = this.#connections
    const select = `
      SELECT a.seq::double precision AS seq, a.id, a.entity_type, a.entity_id, a.action, a.actor, a.details, a.created_at
      FROM ${schema}.audit AS a ${conditions.sql} ORDER BY a.created_at DESC, a.seq DESC ${part}`
    return this.#connections.read({ text: select }, conditions.values)
  }

  async #store(calls: readonly (readonly AuditRow[])[]): Promise<readonly void[]> {
    try {
      await this.#connections.write(this.#insert, auditValues(calls.flat()))
    } catch (error) {
      throw auditRefusal(error) ?? error
    }
    return calls.map(() => undefined)
  }
}

/** What `add_audit` is called with. */
export function auditValues(rows: readonly AuditRow[]): Value[] {
  return columns(rows, [
    ({ id }) => text(id),
    ({ entityType }) => text(entityType),
    ({ entityId }) => text(entityId),
    ({ action }) => text(action),
    ({ actor }) => text(actor),
    ({ details }) => JSON.stringify(details),
    ({ createdAt }) => createdAt,
  ])
}

/** What is to be told of an error that is about a row given. */
export function auditRefusal(error: unknown): Error | undefined {
  const duplicate = duplicateKey(error, 'audit')
  return duplicate === undefined ? undefined : auditRowExists(duplicate, error)
}

/** Adds rows to the audit trail, in the order given. */
export function auditRoutine(schema: string): string {
  return `
  CREATE OR REPLACE FUNCTION ${schema}.add_audit(
    a_id text[], a_entity_type text[], a_entity_id text[], a_action text[], a_actor text[], a_details text[], a_created_at double precision[]
  ) RETURNS void LANGUAGE plpgsql AS $$
  BEGIN
    INSERT INTO ${schema}.audit (id, entity_type, entity_id, action, actor, details, created_at)
    SELECT g.id, g.entity_type, g.entity_id, g.action, g.actor, g.details, g.created_at
    FROM unnest(a_id, a_entity_type, a_entity_id, a_action, a_actor, a_details, a_created_at)
      WITH ORDINALITY AS g (id, entity_type, entity_id, action, actor, details, created_at, place)
    ORDER BY g.place;
  END $$;
  `
}

function conditionsOf({ entityType, entityId, action, from, cursor }: AuditFilter): Conditions {
  return new Conditions()
    .add('a.entity_type = $', entityType)
    .add('a.entity_id = $', entityId)
    .add('a.action = $', action)
    .add('a.created_at >= $', from)
    .before('a', placeOfCursor('audit', cursor))
}

function placeOf(row: Row): { at: number; seq: number } {
  return { at: row['created_at'] as number, seq: row['seq'] as number }
}
