import type { AuditChainStore, AuditChains, LooseRow } from '../../src/store/audit.ts'
import type {
  AuditChain,
  AuditRoster,
  AuditText,
  ChainedRow,
  SignedPlace,
} from '../../src/store/audit-chain.ts'
import type { Store } from '../../src/store/store.ts'

/** A row of the table as somebody with a connection of their own sees it. */
export interface TableRow {
  seq: number
  chain: string | null
  position: number
  previous: string
  mac: string
  row: AuditText
}

type Loose<T> = { -readonly [K in keyof T]: T[K] }
interface TableChain extends Loose<AuditChain> {
  head: Loose<SignedPlace>
  anchor: Loose<SignedPlace>
}

/** What a store holds of the audit trail, to be tampered with. */
export class TrailSnapshot implements AuditChainStore {
  readonly rows: TableRow[]
  readonly chains: TableChain[]
  readonly rosters: Loose<AuditRoster>[]
  readonly #ownKey: string

  constructor({ chains, rosters, ownKey }: AuditChains, rows: readonly TableRow[]) {
    this.chains = structuredClone(chains) as TableChain[]
    this.rosters = structuredClone(rosters) as Loose<AuditRoster>[]
    this.rows = structuredClone(rows) as TableRow[]
    this.#ownKey = ownKey
  }

  static async of(store: Store): Promise<TrailSnapshot> {
    const chains = await store.auditChains()
    const rows: TableRow[] = []
    for (const { name } of chains.chains) {
      for (const row of await store.chainedRows(name, 0, 1_000)) {
        rows.push({ ...row, seq: rows.length + 1, chain: name })
      }
    }
    return new TrailSnapshot(chains, rows)
  }

  copy(): TrailSnapshot {
    return new TrailSnapshot(this.#all(), this.rows)
  }

  async auditChains(): Promise<AuditChains> {
    return this.#all()
  }

  async chainedRows(chain: string, after: number, limit: number): Promise<readonly ChainedRow[]> {
    return this.rows
      .filter((row) => row.chain === chain && row.position > after)
      .sort((a, b) => a.position - b.position)
      .slice(0, limit)
  }

  async looseRows(after: number, limit: number): Promise<readonly LooseRow[]> {
    const names = new Set<string | null>(this.chains.map(({ name }) => name))
    return this.rows
      .filter(({ seq, chain }) => seq > after && !names.has(chain))
      .slice(0, limit)
      .map(({ seq, chain, row: { id, createdAt } }) => ({ seq, chain, id, createdAt }))
  }

  #all(): AuditChains {
    return { chains: this.chains, rosters: this.rosters, ownKey: this.#ownKey }
  }
}
