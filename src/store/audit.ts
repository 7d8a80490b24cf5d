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

/** Who did what. */
export interface AuditStore {
  /** All or nothing. */
  audit(rows: readonly AuditRow[]): Promise<void>
  /** Newest first; refuses what `deliveries` refuses. */
  auditTrail(filter: AuditFilter): Promise<Page<AuditRow>>
  /** Newest first. @throws {CarabinerError} USAGE for a limit that is not a whole number from 1 to 1000 */
  auditPage(query: AuditPageQuery): Promise<AuditPage>
}
