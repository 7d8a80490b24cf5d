import type { AuditChains, LooseRow } from '../audit.ts'
import type { AuditChain, ChainedRow, SignedPlace } from '../audit-chain.ts'
import { type AuditCut, decideCut } from '../audit-cut.ts'
import type { AuditWriter } from '../audit-writer.ts'
import { auditChainOf, auditRosterOf, chainedRowOf, looseRowOf } from '../rows.ts'
import { storeUnavailable } from '../unavailable.ts'
import { selectRosters } from './audit-end.ts'
import type { Connections } from './connections.ts'

/** The chains of the audit trail as they are verified, and cut by retention. */
export class AuditChainTable {
  readonly #connections: Connections
  readonly #writer: AuditWriter

  constructor(connections: Connections, writer: AuditWriter) {
    this.#connections = connections
    this.#writer = writer
  }

  async chains(): Promise<AuditChains> {
    const { schema } = this.#connections
    const rosters = await this.#connections.read({ text: selectRosters(schema) }, [])
    const chains = await this.#connections.read(
      { text: `${selectChains(schema)} ORDER BY chain` },
      [],
    )
    return {
      chains: chains.map(auditChainOf),
      rosters: rosters.map(auditRosterOf),
      ownKey: await ownAuditKey(this.#connections),
    }
  }

  async rows(chain: string, after: number, limit: number): Promise<readonly ChainedRow[]> {
    const text = `
      SELECT position::double precision AS position, previous, mac, id, entity_type, entity_id, action, actor, details, created_at
      FROM ${this.#connections.schema}.audit WHERE chain = $1 AND position > $2 ORDER BY position LIMIT $3`
    const found = await this.#connections.read({ text }, [chain, after, limit])
    return found.map(chainedRowOf)
  }

  async loose(after: number, limit: number): Promise<readonly LooseRow[]> {
    const { schema } = this.#connections
    const text = `
      SELECT seq::double precision AS seq, chain, id, created_at FROM ${schema}.audit AS a
      WHERE seq > $1 AND (position IS NULL OR NOT EXISTS (SELECT FROM ${schema}.audit_chains AS c WHERE c.chain = a.chain)) ORDER BY seq LIMIT $2`
    return (await this.#connections.read({ text }, [after, limit])).map(looseRowOf)
  }

  /** Removes at most `limit` rows of one chain. */
  async cut(name: string, before: number, limit: number): Promise<AuditCut> {
    const { schema } = this.#connections
    const text = `${selectChains(schema)} WHERE chain = $1`
    const [found] = await this.#connections.read({ text }, [name])
    if (found === undefined) return { removed: 0, refused: [] }
    const chain = auditChainOf(found)
    const first = await this.rows(name, chain.anchor.position, limit)
    const decision = decideCut(chain, first, before, this.#writer.keys, this.#writer.key)
    if (decision.kind === 'refuse') return { removed: 0, refused: [decision.reason] }
    const removed = decision.kind === 'keep' ? 0 : await this.#remove(chain, decision.anchor)
    return { removed, refused: [] }
  }

  /** Removes at most `limit` rows that are older than chains. */
  async cutUnchained(before: number, limit: number): Promise<number> {
    const { schema } = this.#connections
    const text = `
      WITH removed AS (
        DELETE FROM ${schema}.audit WHERE seq = ANY (ARRAY(
          SELECT seq FROM ${schema}.audit WHERE chain IS NULL AND created_at < $1 ORDER BY created_at LIMIT $2
        )) RETURNING seq
      ) SELECT count(*)::integer AS removed FROM removed`
    const [row] = await this.#connections.write({ text }, [before, limit])
    return Number(row?.['removed'])
  }

  /** Removes nothing when another host has cut the chain meanwhile. */
  async #remove(chain: AuditChain, to: SignedPlace): Promise<number> {
    const { schema } = this.#connections
    const text = `
      WITH cut AS (
        UPDATE ${schema}.audit_chains SET anchor_position = $3, anchor_mac = $4, anchor_key_id = $5, anchor_signature = $6
        WHERE chain = $1 AND anchor_position = $2 RETURNING chain
      ), removed AS (
        DELETE FROM ${schema}.audit AS a USING cut WHERE a.chain = cut.chain AND a.position <= $3 RETURNING a.seq
      ) SELECT count(*)::integer AS removed FROM removed`
    const [row] = await this.#connections.write({ text }, [
      ...[chain.name, chain.anchor.position],
      ...[to.position, to.mac, to.keyId, to.signature],
    ])
    return Number(row?.['removed'])
  }
}

/** The key that the store made for those who give none. */
export async function ownAuditKey(
  connections: Pick<Connections, 'schema' | 'read'>,
): Promise<string> {
  const text = `SELECT key FROM ${connections.schema}.audit_key`
  const key = (await connections.read({ text }, []))[0]?.['key']
  if (typeof key === 'string') return key
  throw storeUnavailable('the audit key that the store made for itself is gone from `audit_key`')
}

function selectChains(schema: string): string {
  return `
    SELECT chain, position::double precision AS position, mac, key_id, signature,
      anchor_position::double precision AS anchor_position, anchor_mac, anchor_key_id, anchor_signature
    FROM ${schema}.audit_chains`
}
