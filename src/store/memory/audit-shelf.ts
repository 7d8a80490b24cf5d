import { randomBytes } from 'node:crypto'
import type { AuditChains } from '../audit.ts'
import type { AuditChain, AuditRoster, ChainedRow, SignedPlace } from '../audit-chain.ts'
import { decideCut } from '../audit-cut.ts'
import type { AuditWriter, ChainShelf } from '../audit-writer.ts'

interface Kept {
  readonly chain: AuditChain
  readonly rows: readonly ChainedRow[]
}

/** The chains of the audit trail. */
export class AuditShelf implements ChainShelf {
  readonly ownKey: string = randomBytes(32).toString('hex')
  readonly #chains = new Map<string, { chain: AuditChain; readonly rows: ChainedRow[] }>()
  readonly #rosters = new Map<string, AuditRoster>()

  head(name: string): SignedPlace | undefined {
    return this.#chains.get(name)?.chain.head
  }

  isTaken(name: string): boolean {
    return this.#chains.has(name)
  }

  rosters(): readonly AuditRoster[] {
    return [...this.#rosters.values()]
  }

  /** Every row was chained from the first on. */
  lastSeq(): number {
    return 0
  }

  open(chain: AuditChain, roster: AuditRoster): void {
    this.#chains.set(chain.name, { chain, rows: [] })
    this.#rosters.set(roster.keyId, roster)
  }

  put(name: string, row: ChainedRow): boolean {
    this.#chains.get(name)?.rows.push(row)
    return true
  }

  moveHead(name: string, head: SignedPlace): void {
    const kept = this.#chains.get(name)
    if (kept !== undefined) kept.chain = { ...kept.chain, head }
  }

  all(): AuditChains {
    const chains = [...this.#chains.values()].map(({ chain }) => chain)
    return { chains, rosters: this.rosters(), ownKey: this.ownKey }
  }

  rows(name: string, after: number, limit: number): readonly ChainedRow[] {
    const { chain, rows } = this.#chains.get(name) ?? nothing
    const first = Math.max(0, after - chain.anchor.position)
    return rows.slice(first, first + limit)
  }

  /** Removes at most `limit` rows of the beginning of a chain; gives those removed. */
  cut(name: string, before: number, limit: number, writer: AuditWriter): readonly ChainedRow[] {
    const kept = this.#chains.get(name)
    if (kept === undefined) return []
    const first = kept.rows.slice(0, limit)
    const decision = decideCut(kept.chain, first, before, writer.keys, writer.key)
    if (decision.kind !== 'remove') return []
    kept.chain = { ...kept.chain, anchor: decision.anchor }
    return kept.rows.splice(0, decision.rows)
  }
}

const nowhere: SignedPlace = { position: 0, mac: '', keyId: '', signature: '' }
const nothing: Kept = { chain: { name: '', head: nowhere, anchor: nowhere }, rows: [] }
