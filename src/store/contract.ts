import { describe } from 'node:test'
import { testBeside } from './contract/beside.ts'
import { testClaim } from './contract/claim.ts'
import { testDueEndpoints } from './contract/due-endpoints.ts'
import { testEndpoint } from './contract/endpoint.ts'
import { testEnqueue } from './contract/enqueue.ts'
import { testErasure } from './contract/erasure.ts'
import { testLease } from './contract/lease.ts'
import { testLife } from './contract/life.ts'
import { testListing } from './contract/listing.ts'
import { testPermits } from './contract/permits.ts'
import { testRate } from './contract/rate.ts'
import { testRecordLists } from './contract/record-lists.ts'
import { testRecordPatches } from './contract/record-patch.ts'
import { testRecordSearch } from './contract/record-search.ts'
import { testRecordStamps } from './contract/record-stamps.ts'
import { testRecordWalk } from './contract/record-walk.ts'
import { testRecords } from './contract/records.ts'
import { testRedelivery } from './contract/redelivery.ts'
import { testRedeliverySteps } from './contract/redelivery-step.ts'
import { testRetention } from './contract/retention.ts'
import { testSettle } from './contract/settle.ts'
import { testSettleBeside } from './contract/settle-beside.ts'
import { testTally } from './contract/tally.ts'
import type { Store } from './store.ts'

/**
 * What every store must do, as tests for `node:test`.
 *
 * @param name - of the store, in the test report
 * @param open - opens an empty store; each test opens its own and closes it
 */
export function testStore(name: string, open: () => Promise<Store>): void {
  describe(`store ${name}`, () => {
    testEnqueue(open)
    testClaim(open)
    testSettle(open)
    testSettleBeside(open)
    testLease(open)
    testListing(open)
    testEndpoint(open)
    testRetention(open)
    testRedelivery(open)
    testRedeliverySteps(open)
    testErasure(open)
    testRate(open)
    testPermits(open)
    testRecords(open)
    testRecordPatches(open)
    testRecordWalk(open)
    testRecordStamps(open)
    testRecordLists(open)
    testRecordSearch(open)
    testBeside(open)
    testTally(open)
    testDueEndpoints(open)
    testLife(open)
  })
}
