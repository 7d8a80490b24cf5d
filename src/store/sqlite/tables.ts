import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { type AuditTable, auditTable } from './audit-table.ts'
import { type BacklogCount, backlogCount } from './backlog-count.ts'
import { type DeliveryList, deliveryList } from './delivery-list.ts'
import { type DeliveryTable, deliveryTable } from './delivery-table.ts'
import { type EndpointTable, endpointTable } from './endpoint-table.ts'
import { type HostTable, hostTable } from './host-table.ts'
import { type OutboxTable, outboxTable } from './outbox-table.ts'
import { probeTable } from './probe-table.ts'
import { type Retention, retention } from './retention.ts'

/** What is done with the tables of a store, each by the file named for it. */
export interface Tables {
  readonly outbox: OutboxTable
  readonly deliveries: DeliveryTable
  readonly list: DeliveryList
  readonly backlog: BacklogCount
  readonly endpoints: EndpointTable
  readonly hosts: HostTable
  readonly audit: AuditTable
  readonly retention: Retention
  readonly probe: { write(): void }
  readonly version: StatementSync
}

export function tablesOf(database: DatabaseSync): Tables {
  return {
    outbox: outboxTable(database),
    deliveries: deliveryTable(database),
    list: deliveryList(database),
    backlog: backlogCount(database),
    endpoints: endpointTable(database),
    hosts: hostTable(database),
    audit: auditTable(database),
    retention: retention(database),
    probe: probeTable(database),
    version: database.prepare('PRAGMA data_version'),
  }
}
