import type { AuditChainStore, AuditChains } from '../store/audit.ts'
import {
  type AuditChain,
  type AuditRoster,
  isGenuineRoster,
  keyIdOf,
} from '../store/audit-chain.ts'
import { AuditKey, type AuditKeyring, auditKeyring } from '../store/audit-key.ts'
import { ChainCheck, type Report } from './chain-check.ts'
import type { AuditFault, AuditVerdict, ChainVerdict, NotedHead } from './verdict.ts'

export interface VerifyOptions {
  /** Keys that chains were signed with, beside the store's own. @defaultValue none */
  readonly keys?: readonly string[]
  /** Heads that an earlier verdict has told: they have to be there still, unless retention has removed them. @defaultValue none */
  readonly noted?: readonly NotedHead[]
}

/** Rows that are read at once. */
const pageRows = 1_000
const mostFaults = 1_000

/**
 * Checks that every row of the audit trail is what was written, where it was written, and that none is missing. Hosts may go on writing meanwhile.
 *
 * @throws {CarabinerError} STORE_UNAVAILABLE
 */
export async function verifyAudit(
  store: AuditChainStore,
  { keys = [], noted = [] }: VerifyOptions = {},
): Promise<AuditVerdict> {
  const found = await store.auditChains()
  const given = keys.map((key) => new AuditKey(key, 'given'))
  const ring = auditKeyring([new AuditKey(found.ownKey, 'own'), ...given])
  const faults: AuditFault[] = []
  let faultCount = 0
  const report = (fault: AuditFault): void => {
    faultCount += 1
    if (faultCount <= mostFaults) faults.push(fault)
  }

  checkRosters(found, report)
  checkRosterSignatures(found, ring, report)
  const chains: ChainVerdict[] = []
  for (const chain of found.chains) {
    const rows = await new ChainCheck(store, chain, ring, report).run()
    const origin = ring.get(keyIdOf(chain.name))?.origin ?? 'unknown'
    chains.push({ ...endOf(chain), ...rows, key: origin, removed: chain.anchor.position })
  }
  await checkNoted(store, found.chains, noted, report)
  const unchained = await countUnchained(store, found.rosters, ring, report)
  const rows = chains.reduce((sum, each) => sum + each.rows, unchained)
  return { rows, chains, unchained, faults, faultCount }
}

function endOf({ name, head: { position, mac } }: AuditChain) {
  return { chain: name, keyId: keyIdOf(name), position, mac }
}

/** Every chain is on the roster of its key, and every chain on a roster is there. */
function checkRosters({ chains, rosters }: AuditChains, report: Report): void {
  const present = new Set(chains.map(({ name }) => name))
  const listed = new Set(rosters.flatMap((roster) => roster.chains))
  for (const chain of listed) if (!present.has(chain)) report({ kind: 'lost-chain', chain })
  for (const chain of present) if (!listed.has(chain)) report({ kind: 'strange-chain', chain })
}

function checkRosterSignatures(
  { chains, rosters }: AuditChains,
  keys: AuditKeyring,
  report: Report,
): void {
  for (const keyId of new Set(chains.map(({ name }) => keyIdOf(name)))) {
    if (!rosters.some((roster) => roster.keyId === keyId)) report({ kind: 'roster', keyId })
  }
  for (const roster of rosters) {
    const key = keys.get(roster.keyId)
    if (key !== undefined && !isGenuineRoster(key, roster)) {
      report({ kind: 'roster', keyId: roster.keyId })
    }
  }
}

async function checkNoted(
  store: AuditChainStore,
  chains: readonly AuditChain[],
  noted: readonly NotedHead[],
  report: Report,
): Promise<void> {
  for (const { chain: name, position, mac } of noted) {
    const chain = chains.find((each) => each.name === name)
    if (chain !== undefined && position <= chain.anchor.position) continue
    const [row] = await store.chainedRows(name, position - 1, 1)
    if (row?.position === position && row.mac === mac) continue
    report({ kind: 'rolled-back', chain: name, position })
  }
}

async function countUnchained(
  store: AuditChainStore,
  rosters: readonly AuditRoster[],
  keys: AuditKeyring,
  report: Report,
): Promise<number> {
  const known = rosters.filter(({ keyId }) => keys.has(keyId))
  const last = Math.min(...known.map(({ unchainedTo }) => unchainedTo))
  let unchained = 0
  let after = 0
  for (;;) {
    const page = await store.looseRows(after, pageRows)
    for (const { seq, chain, id, createdAt } of page) {
      if (chain === null && seq <= last) unchained += 1
      else report({ kind: 'loose', chain, id, createdAt })
      after = seq
    }
    if (page.length < pageRows) return unchained
  }
}
