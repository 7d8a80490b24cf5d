import type { DatabaseSync } from 'node:sqlite'
import type { SignedPlace } from '../audit-chain.ts'
import type { ChainShelf } from '../audit-writer.ts'
import { auditRowExists } from '../refusal.ts'
import { auditRosterOf } from '../rows.ts'
import { isDuplicate } from './failure.ts'

/** The chains of the audit trail, within the transaction of whoever writes. */
export function auditShelf(database: DatabaseSync): ChainShelf {
  const selectHead = database.prepare(
    'SELECT position, mac, key_id AS keyId, signature FROM audit_chains WHERE chain = ?',
  )
  const insert = database.prepare(
    `INSERT INTO audit (id, entity_type, entity_id, action, actor, details, created_at, chain, position, previous, mac)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  )
  const moveHead = database.prepare(
    'UPDATE audit_chains SET position = ?, mac = ?, signature = ? WHERE chain = ?',
  )
  const selectTaken = database.prepare('SELECT 1 FROM audit WHERE chain = ? LIMIT 1')
  const selectStored = database.prepare('SELECT 1 FROM audit WHERE id = ?')
  const selectRosters = database.prepare('SELECT * FROM audit_rosters')
  const selectLast = database.prepare('SELECT coalesce(max(seq), 0) AS seq FROM audit')
  const insertChain = database.prepare(
    `INSERT INTO audit_chains
       (chain, position, mac, key_id, signature, anchor_position, anchor_mac, anchor_key_id, anchor_signature)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  )
  const putRoster = database.prepare(
    'INSERT OR REPLACE INTO audit_rosters (key_id, chains, unchained_to, signature) VALUES (?, ?, ?, ?)',
  )

  return {
    // Columns are as typed: the table is STRICT.
    head: (chain) => selectHead.get(chain) as SignedPlace | undefined,
    isTaken: (chain) => selectTaken.get(chain) !== undefined,
    rosters: () => selectRosters.all().map(auditRosterOf),
    lastSeq: () => Number(selectLast.get()?.['seq']),

    open({ name, head, anchor }, { keyId, chains, unchainedTo, signature }) {
      insertChain.run(
        name,
        ...[head.position, head.mac, head.keyId, head.signature],
        ...[anchor.position, anchor.mac, anchor.keyId, anchor.signature],
      )
      putRoster.run(keyId, chains.join('\n'), unchainedTo, signature)
    },

    put(chain, { position, previous, mac, row }) {
      const { id, entityType, entityId, action, actor, details, createdAt } = row
      try {
        insert.run(
          ...[id, entityType, entityId, action, actor, details, createdAt],
          ...[chain, position, previous, mac],
        )
        return true
      } catch (error) {
        if (!isDuplicate(error)) throw error
        if (selectStored.get(id) !== undefined) throw auditRowExists(id, error)
        return false
      }
    },

    moveHead(chain, { position, mac, signature }) {
      moveHead.run(position, mac, signature, chain)
    },
  }
}
