import type { DatabaseSync } from 'node:sqlite'
import type { Place } from '../paging.ts'
import type { DeliveryState } from '../store.ts'
import { type Slice, sliceCount } from './slice-count.ts'

/** How much there is to do, counted a slice at a time. */
export interface BacklogCount {
  inState(state: Exclude<DeliveryState, 'delivered'>, after: Place | undefined): Slice
  /** Pending deliveries of an endpoint: those that may go, or those that their order key holds back. */
  waitingFor(endpoint: string, which: 'first of key' | 'held back', after: Place | undefined): Slice
  /** `createdAt` of the oldest delivery that is not settled. */
  oldestUnsettledAt(): number | null
}

/** All deliveries of one state, in an index that has all but the delivered. */
export const rowsOfState = `FROM deliveries INDEXED BY deliveries_state
  WHERE state = ? AND state <> 'delivered'`
/** All that wait for one endpoint, in an index. */
export const rowsWaitingFor = `FROM deliveries INDEXED BY deliveries_due
  WHERE state = 'pending' AND endpoint = ? AND first_of_key = ?`

export const selectOldest: string = `
  SELECT (SELECT min(created_at) ${rowsOfState.replace('?', "'pending'")}) AS pending_since,
    (SELECT min(created_at) ${rowsOfState.replace('?', "'sending'")}) AS sending_since`

export function backlogCount(database: DatabaseSync): BacklogCount {
  const ofState = sliceCount(database, rowsOfState, 'created_at')
  const waiting = sliceCount(database, rowsWaitingFor, 'due_at')
  const oldest = database.prepare(selectOldest)

  return {
    inState: (state, after) => ofState([state], after),

    waitingFor: (endpoint, which, after) =>
      waiting([endpoint, which === 'first of key' ? 1 : 0], after),

    oldestUnsettledAt() {
      const times = Object.values(oldest.get() ?? {}).filter((time) => typeof time === 'number')
      return times.length === 0 ? null : Math.min(...times)
    },
  }
}
