import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { AuditWriter } from '../audit-writer.ts'
import { RecordStamps } from '../record-stamps.ts'
import { type AuditChainTable, auditChainTable } from './audit-chain-table.ts'
import { type AuditTable, auditTable } from './audit-table.ts'
import { type BacklogCount, backlogCount } from './backlog-count.ts'
import { type DeliveryList, deliveryList } from './delivery-list.ts'
import { type DeliveryPage, deliveryPage } from './delivery-page.ts'
import { type DeliveryTable, deliveryTable } from './delivery-table.ts'
import { type EndpointTable, endpointTable } from './endpoint-table.ts'
import { type ErasureTable, erasureTable } from './erasure-table.ts'
import type { TransactionPart } from './file-access.ts'
import { type HostTable, hostTable } from './host-table.ts'
import { type OutboxTable, outboxTable } from './outbox-table.ts'
import { type PermitTable, permitTable } from './permit-table.ts'
import { probeTable } from './probe-table.ts'
import { type RateTable, rateTable } from './rate-table.ts'
import { type RecordList, recordList } from './record-list.ts'
import { type RecordListPage, recordListPage } from './record-list-page.ts'
import { type RecordListSearch, recordListSearch } from './record-list-search.ts'
import { recordListings } from './record-listings.ts'
import { recordLists } from './record-lists.ts'
import { type RecordTable, recordTable } from './record-table.ts'
import { recordTexts } from './record-texts.ts'
import { recordZones } from './record-zones.ts'
import { type RedeliveryTable, redeliveryTable } from './redelivery-table.ts'
import { type Retention, retention } from './retention.ts'
import { RowHints } from './row-hints.ts'
import { type SettledDeliveries, settledDeliveries } from './settled-deliveries.ts'

/** What is done with the tables of a store, each by the file named for it. */
export interface Tables {
  readonly outbox: OutboxTable
  readonly deliveries: DeliveryTable
  readonly list: DeliveryList
  readonly page: DeliveryPage
  readonly backlog: BacklogCount
  readonly endpoints: EndpointTable
  readonly hosts: HostTable
  readonly audit: AuditTable
  readonly auditChains: AuditChainTable
  readonly retention: Retention
  readonly settled: SettledDeliveries
  readonly redeliveries: RedeliveryTable
  readonly erasure: ErasureTable
  readonly rates: RateTable
  readonly permits: PermitTable
  readonly records: RecordTable
  readonly stamps: RecordStamps
  readonly recordList: RecordList
  readonly recordListPage: RecordListPage
  readonly recordListSearch: RecordListSearch
  readonly transaction: TransactionPart
  readonly probe: { write(): void }
  readonly version: StatementSync
}

export function tablesOf(database: DatabaseSync, writer: AuditWriter): Tables {
  const hints = new RowHints()
  const stamps = new RecordStamps()
  const deliveries = deliveryTable(database, hints)
  const settled = settledDeliveries(database)
  const audit = auditTable(database, writer)
  const lists = recordLists(database)
  const pages = recordListPage(database, lists)
  const listings = recordListings(database, lists, recordTexts(database, recordZones(database)))
  return {
    outbox: outboxTable(database, hints),
    deliveries,
    list: deliveryList(database),
    page: deliveryPage(database),
    backlog: backlogCount(database),
    endpoints: endpointTable(database),
    hosts: hostTable(database),
    audit,
    auditChains: auditChainTable(database, writer),
    retention: retention(database),
    settled,
    redeliveries: redeliveryTable(database, settled),
    erasure: erasureTable(database, listings, stamps, deliveries.passKeyOn),
    rates: rateTable(database),
    permits: permitTable(database),
    records: recordTable(database, listings, stamps),
    stamps,
    recordList: recordList(database),
    recordListPage: pages,
    recordListSearch: recordListSearch(database, lists, pages),
    transaction: {
      begin() {
        audit.begin()
        listings.begin()
      },
      together: listings.together,
      finish() {
        listings.finish()
        audit.finish()
      },
    },
    probe: probeTable(database),
    version: database.prepare('PRAGMA data_version'),
  }
}
