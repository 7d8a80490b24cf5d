import type { RecordWrite } from '../store/records.ts'
import type { AttemptRow, AuditRow, Settlement } from '../store/store.ts'
import type { DeliveryAtHand } from './delivery-at-hand.ts'

/** What has come of a delivery, about to be written. */
export interface DeliveryStep {
  /** As it was before. */
  readonly delivery: Omit<DeliveryAtHand, 'signal'>
  /** `null` when nothing was sent. */
  readonly attempt: AttemptRow | null
  readonly next: Settlement['next']
  /** Who cancelled it, as `admit` named them. */
  readonly by?: string
  /** UTC milliseconds. */
  readonly at: number
}

/** What is written in one commit with something else. */
export interface StepRecords {
  /** In the connector's own collections. @defaultValue none */
  readonly records?: readonly RecordWrite[]
  /** Rows of the audit trail. @defaultValue none */
  readonly audit?: readonly Omit<AuditRow, 'id' | 'createdAt'>[]
}
