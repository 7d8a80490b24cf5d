import type { AuditChain, AuditRoster, ChainedRow } from './audit-chain.ts'
import type { AuditCut } from './audit-cut.ts'
import type { Page } from './page.ts'

/** One line of the audit trail. */
export interface AuditRow {
  readonly id: string
  readonly entityType: string
  readonly entityId: string
  /** `decision.made`, `delivery.redelivered`, … */
  readonly action: string
  readonly actor: string
  readonly details: Readonly<Record<string, unknown>>
  readonly createdAt: number
}

export interface AuditFilter {
  readonly entityType?: string
  readonly entityId?: string
  readonly action?: string
  readonly from?: number
  readonly cursor?: string
  readonly limit?: number
}

/** A page of the audit trail by its place, for those who show page numbers. */
export interface AuditPageQuery extends Pick<AuditFilter, 'entityType' | 'entityId' | 'action'> {
  /** How many rows come before it. */
  readonly offset: number
  readonly limit: number
}

export interface AuditPage {
  readonly rows: readonly AuditRow[]
  /** How many there are on all pages. */
  readonly total: number
}

/** Who did what. Every row is chained to the one before it of the same writer. */
export interface AuditStore extends AuditChainStore {
  /** All or nothing. */
  audit(rows: readonly AuditRow[]): Promise<void>
  /** Newest first; refuses what `deliveries` refuses. */
  auditTrail(filter: AuditFilter): Promise<Page<AuditRow>>
  /** Newest first. @throws {CarabinerError} USAGE for a limit that is not a whole number from 1 to 1000 */
  auditPage(query: AuditPageQuery): Promise<AuditPage>
  /**
   * Removes at most `limit` rows older than `before`, from the beginning of each chain, which is signed anew. A row stays as long as one that was
   * written before it; so do all rows of a chain from the first on that is not what was written.
   */
  pruneAudit(before: number, limit: number): Promise<AuditCut>
}

/** What it takes to verify the trail. */
export interface AuditChainStore {
  auditChains(): Promise<AuditChains>
  /** Rows of a chain in the order of their positions, those after `after`. Of several in one place, in any order. */
  chainedRows(chain: string, after: number, limit: number): Promise<readonly ChainedRow[]>
  /** Rows that belong to no chain that is known, oldest first, those stored after `after`. */
  looseRows(after: number, limit: number): Promise<readonly LooseRow[]>
}

/** Every chain of a store, and what says that these are all. */
export interface AuditChains {
  readonly chains: readonly AuditChain[]
  readonly rosters: readonly AuditRoster[]
  /** The key that the store itself made, for those who give none. */
  readonly ownKey: string
}

export interface LooseRow {
  readonly seq: number
  /** The chain it says it belongs to; `null` for one written without. */
  readonly chain: string | null
  readonly id: string
  readonly createdAt: number
}
