import type { AuditRow } from './audit.ts'
import type { RecordWrite } from './records.ts'

/** What is committed with messages, or not at all. There need not be any messages. */
export interface Beside {
  readonly records?: readonly RecordWrite[]
  readonly audit?: readonly AuditRow[]
}
