import type { ChainedRow } from '../audit-chain.ts'
import { pageLimit, placeOfCursor, toPage } from '../paging.ts'
import { auditRowExists } from '../refusal.ts'
import { auditRowOf } from '../rows.ts'
import type { AuditFilter, AuditPage, AuditPageQuery, AuditRow, Page } from '../store.ts'
import type { Extension } from './audit-end.ts'
import { Conditions } from './conditions.ts'
import type { Connections } from './connections.ts'
import type { Row, Value } from './database.ts'
import { duplicateKey, isDuplicateIn, raised } from './failure.ts'

/** Who did what, newest first. */
export class AuditTable {
  readonly #connections: Connections

  constructor(connections: Connections) {
    this.#connections = connections
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

  #select(conditions: Conditions, part: string): Promise<readonly Row[]> {
    const { schema } = this.#connections
    const select = `
      SELECT a.seq::double precision AS seq, a.id, a.entity_type, a.entity_id, a.action, a.actor, a.details, a.created_at
      FROM ${schema}.audit AS a ${conditions.sql} ORDER BY a.created_at DESC, a.seq DESC ${part}`
    return this.#connections.read({ text: select }, conditions.values)
  }
}

/** What `add_audit` is called with. */
export function auditValues({ chain, from, placed, head }: Extension): Value[] {
  const column = <T extends string | number>(of: (row: ChainedRow) => T): T[] => placed.map(of)
  return [
    ...[chain, from.position, from.signature, head.mac, head.signature],
    column(({ row }) => row.id),
    column(({ row }) => row.entityType),
    column(({ row }) => row.entityId),
    column(({ row }) => row.action),
    column(({ row }) => row.actor),
    column(({ row }) => row.details),
    column(({ row }) => row.createdAt),
    column(({ previous }) => previous),
    column(({ mac }) => mac),
  ]
}

/** What is to be told of an error that is about a row given. */
export function auditRefusal(error: unknown): Error | undefined {
  if (isDuplicateIn(error, 'audit_place')) return undefined
  const duplicate = duplicateKey(error, 'audit')
  return duplicate === undefined ? undefined : auditRowExists(duplicate, error)
}

/** Puts rows behind the head of a chain, in the order given, if that is still where it was when they were signed. */
export function auditRoutine(schema: string): string {
  return `
  CREATE OR REPLACE FUNCTION ${schema}.add_audit(
    c_chain text, c_position bigint, c_signature text, c_new_mac text, c_new_signature text,
    a_id text[], a_entity_type text[], a_entity_id text[], a_action text[], a_actor text[], a_details text[], a_created_at double precision[],
    a_previous text[], a_mac text[]
  ) RETURNS void LANGUAGE plpgsql AS $$
  BEGIN
    UPDATE ${schema}.audit_chains AS c SET position = c_position + cardinality(a_id), mac = c_new_mac, signature = c_new_signature
    WHERE c.chain = c_chain AND c.position = c_position AND c.signature = c_signature;
    IF NOT FOUND THEN RAISE EXCEPTION 'the head has moved' USING ERRCODE = '${raised.auditHeadMoved}', DETAIL = c_chain; END IF;

    INSERT INTO ${schema}.audit (id, entity_type, entity_id, action, actor, details, created_at, chain, position, previous, mac)
    SELECT g.id, g.entity_type, g.entity_id, g.action, g.actor, g.details, g.created_at, c_chain, c_position + g.place, g.previous, g.mac
    FROM unnest(a_id, a_entity_type, a_entity_id, a_action, a_actor, a_details, a_created_at, a_previous, a_mac)
      WITH ORDINALITY AS g (id, entity_type, entity_id, action, actor, details, created_at, previous, mac, place)
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
