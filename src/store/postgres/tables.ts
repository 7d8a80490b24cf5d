import type { AuditWriter } from '../audit-writer.ts'
import { AuditChainTable } from './audit-chain-table.ts'
import { AuditEnd } from './audit-end.ts'
import { AuditTable } from './audit-table.ts'
import type { Connections } from './connections.ts'
import { DeliveryList } from './delivery-list.ts'
import { DeliveryTable } from './delivery-table.ts'
import { EndpointTable } from './endpoint-table.ts'
import { OutboxTable } from './outbox-table.ts'
import { PermitTable } from './permit-table.ts'
import { RecordTable } from './record-table.ts'
import { RedeliveryTable } from './redelivery-table.ts'
import { SettlementsBeside } from './settlements-beside.ts'
import { TallyTable } from './tally-table.ts'
import { UpkeepTable } from './upkeep-table.ts'

/** What is done with the tables of a store, each by the file named for it. */
export interface Tables {
  readonly outbox: OutboxTable
  readonly deliveries: DeliveryTable
  readonly list: DeliveryList
  readonly tallies: TallyTable
  readonly endpoints: EndpointTable
  readonly redeliveries: RedeliveryTable
  readonly audit: AuditTable
  readonly auditChains: AuditChainTable
  readonly upkeep: UpkeepTable
  readonly records: RecordTable
  readonly permits: PermitTable
  /** Resolves when none of them has anything waiting. */
  idle(): Promise<void>
}

export function tablesOf(connections: Connections, now: () => number, writer: AuditWriter): Tables {
  const audit = new AuditEnd(connections, writer)
  const outbox = new OutboxTable(connections, now, audit)
  const beside = new SettlementsBeside(connections, now, audit)
  const deliveries = new DeliveryTable(connections, now, beside)
  const permits = new PermitTable(connections)
  return {
    outbox,
    deliveries,
    list: new DeliveryList(connections),
    tallies: new TallyTable(connections),
    endpoints: new EndpointTable(connections, audit),
    redeliveries: new RedeliveryTable(connections),
    audit: new AuditTable(connections),
    auditChains: new AuditChainTable(connections, writer),
    upkeep: new UpkeepTable(connections),
    records: new RecordTable(connections),
    permits,
    async idle() {
      await Promise.all([outbox.idle(), deliveries.idle(), permits.idle()])
    },
  }
}
