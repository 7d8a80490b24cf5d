import type { DatabaseSync } from 'node:sqlite'
import type { AuditChains, LooseRow } from '../audit.ts'
import type { AuditChain, ChainedRow, SignedPlace } from '../audit-chain.ts'
import { type AuditCut, decideCut } from '../audit-cut.ts'
import type { AuditWriter } from '../audit-writer.ts'
import { auditChainOf, auditRosterOf, chainedRowOf, looseRowOf } from '../rows.ts'
import { storeUnavailable } from '../unavailable.ts'

/** The chains of the audit trail as they are verified, and cut by retention. */
export interface AuditChainTable {
  chains(): AuditChains
  rows(chain: string, after: number, limit: number): readonly ChainedRow[]
  loose(after: number, limit: number): readonly LooseRow[]
  /** Removes at most `limit` rows of one chain. */
  cut(chain: string, before: number, limit: number): AuditCut
  /** Removes at most `limit` rows that are older than chains. */
  cutUnchained(before: number, limit: number): number
}

export function auditChainTable(database: DatabaseSync, writer: AuditWriter): AuditChainTable {
  const selectChains = database.prepare('SELECT * FROM audit_chains ORDER BY chain')
  const selectChain = database.prepare('SELECT * FROM audit_chains WHERE chain = ?')
  const selectRosters = database.prepare('SELECT * FROM audit_rosters ORDER BY key_id')
  const selectRows = database.prepare(
    'SELECT * FROM audit WHERE chain = ? AND position > ? ORDER BY position LIMIT ?',
  )
  const selectLoose = database.prepare(
    `SELECT seq, chain, id, created_at FROM audit
     WHERE seq > ? AND (chain IS NULL OR position IS NULL OR chain NOT IN (SELECT chain FROM audit_chains)) ORDER BY seq LIMIT ?`,
  )
  const moveAnchor = database.prepare(
    'UPDATE audit_chains SET anchor_position = ?, anchor_mac = ?, anchor_key_id = ?, anchor_signature = ? WHERE chain = ?',
  )
  const removeRows = database.prepare('DELETE FROM audit WHERE chain = ? AND position <= ?')
  const removeUnchained = database.prepare(
    `DELETE FROM audit WHERE seq IN
       (SELECT seq FROM audit WHERE chain IS NULL AND created_at < ? ORDER BY created_at LIMIT ?)`,
  )

  const rows = (chain: string, after: number, limit: number): readonly ChainedRow[] =>
    selectRows.all(chain, after, limit).map(chainedRowOf)

  return {
    chains: () => ({
      chains: selectChains.all().map(auditChainOf),
      rosters: selectRosters.all().map(auditRosterOf),
      ownKey: ownAuditKey(database),
    }),
    rows,
    loose: (after, limit) => selectLoose.all(after, limit).map(looseRowOf),

    cut(name, before, limit) {
      const found = selectChain.get(name)
      if (found === undefined) return { removed: 0, refused: [] }
      const chain = auditChainOf(found)
      const first = rows(name, chain.anchor.position, limit)
      const decision = decideCut(chain, first, before, writer.keys, writer.key)
      if (decision.kind === 'refuse') return { removed: 0, refused: [decision.reason] }
      return { removed: decision.kind === 'keep' ? 0 : remove(chain, decision.anchor), refused: [] }
    },

    cutUnchained: (before, limit) => Number(removeUnchained.run(before, limit).changes),
  }

  function remove({ name }: AuditChain, { position, mac, keyId, signature }: SignedPlace): number {
    moveAnchor.run(position, mac, keyId, signature, name)
    return Number(removeRows.run(name, position).changes)
  }
}

/** The key that the store made for those who give none. */
export function ownAuditKey(database: DatabaseSync): string {
  const key = database.prepare('SELECT key FROM audit_key').get()?.['key']
  if (typeof key === 'string') return key
  throw storeUnavailable('the audit key that the store made for itself is gone from `audit_key`')
}
