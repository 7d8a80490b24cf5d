import type { DeliveryId } from '../../ids.ts'
import type { AuditText } from '../audit-chain.ts'
import { besideOf, type OwnSettlement } from '../copies.ts'
import type { OwnWrite } from '../record-write.ts'
import type { AuditEnd, Extension } from './audit-end.ts'
import { auditRefusal, auditValues } from './audit-table.ts'
import type { Connections } from './connections.ts'
import type { Row } from './database.ts'
import { raised, raisedDetail } from './failure.ts'
import { GroupedCalls } from './grouped-calls.ts'
import { oneStatement, type RoutineCall } from './one-statement.ts'
import { recordConflict, recordWriteValues } from './record-writes.ts'
import { refusedPlaces, settleRounds, settleValues } from './settlement-values.ts'

/** One of a call's settlements, with its place in it. */
interface Placed {
  readonly settlement: OwnSettlement
  readonly index: number
}

/**
 * Settlements with what stands beside them, a call in one statement.
 *
 * What stands beside them is sent with them, before it is known whose they are. If one of these turns out not to be the owner's, all is undone and made
 * again without it: that is rare, and costs nothing else a second round trip.
 */
export class SettlementsBeside {
  readonly #connections: Connections
  readonly #now: () => number
  readonly #audit: AuditEnd
  /** One call at a time. */
  readonly #calls: GroupedCalls<readonly OwnSettlement[], readonly boolean[]>

  constructor(connections: Connections, now: () => number, audit: AuditEnd) {
    this.#connections = connections
    this.#now = now
    this.#audit = audit
    this.#calls = new GroupedCalls({
      run: (calls) => Promise.all(calls.map((settlements) => this.#settle(settlements))),
      sizeOf: () => 1,
      largestGroup: 1,
    })
  }

  /** @throws {RecordConflictError} nothing of the call is settled then */
  settle(settlements: readonly OwnSettlement[]): Promise<readonly boolean[]> {
    return this.#calls.add(settlements)
  }

  /** Cancels what waits, with rows of the audit trail, or neither. */
  async cancel(id: DeliveryId, at: number, audit: readonly AuditText[]): Promise<boolean> {
    const values = [this.#connections.sender, [id], 'cancelled', null, at]
    const call = { routine: 'all_given_up', of: { routine: 'give_up', values }, values: [1] }
    try {
      await this.#audit.extend(audit, (extension) => this.#make([call], extension))
      return true
    } catch (error) {
      if (lostPlaces(error) !== undefined) return false
      throw auditRefusal(error) ?? error
    }
  }

  idle(): Promise<void> {
    return this.#calls.idle()
  }

  async #settle(settlements: readonly OwnSettlement[]): Promise<readonly boolean[]> {
    let left: readonly Placed[] = settlements.map((settlement, index) => ({ settlement, index }))
    for (;;) {
      try {
        const settled = new Set(await this.#write(left))
        return settlements.map((_, index) => settled.has(index))
      } catch (error) {
        const lost = lostPlaces(error)
        if (lost === undefined) throw error
        left = left.filter(({ index }) => !lost.has(index))
      }
    }
  }

  /** Resolves to the places of those that were settled. */
  async #write(placed: readonly Placed[]): Promise<readonly number[]> {
    const { records, audit } = besideOf(placed.map(({ settlement }) => settlement))
    const rounds = settleRounds(placed)
    const calls = rounds.map((round) => this.#settleCall(round))
    // Of what is not the owner's no record may conflict: they are written when that is known.
    if (records.length > 0) calls.push(writeCall(records))
    try {
      const row =
        audit.length === 0
          ? await this.#make(calls)
          : await this.#audit.extend(audit, (extension) => this.#make(calls, extension))
      return rounds.flatMap((round, index) => {
        const refused = refusedPlaces(row, `r${index}`)
        return round.filter((_, place) => !refused.has(place)).map((each) => each.index)
      })
    } catch (error) {
      throw recordConflict(error, records)?.conflict ?? auditRefusal(error) ?? error
    }
  }

  /** Fails as a whole if one with something beside it is not the owner's. */
  #settleCall(round: readonly Placed[]): RoutineCall {
    const settlements = round.map(({ settlement }) => settlement)
    const beside = round.map(({ settlement, index }) =>
      settlement.beside === undefined ? null : index,
    )
    const values = settleValues(settlements, this.#now(), this.#connections.sender)
    return { routine: 'all_settled', of: { routine: 'settle', values }, values: [beside] }
  }

  async #make(calls: readonly RoutineCall[], extension?: Extension): Promise<Row | undefined> {
    const { schema } = this.#connections
    const audited = extension && { routine: 'add_audit', values: auditValues(extension) }
    const { statement, values } = oneStatement(schema, audited ? [...calls, audited] : calls)
    const [row] = await this.#connections.write(statement, values)
    return row
  }
}

function writeCall(records: readonly OwnWrite[]): RoutineCall {
  return { routine: 'write_records', values: recordWriteValues(records) }
}

/** The settlements, by their places in the call, that have something beside them and were not the owner's. */
function lostPlaces(error: unknown): ReadonlySet<number> | undefined {
  const detail = raisedDetail(error, raised.notSettled)
  return detail === undefined ? undefined : new Set(detail.split(' ').map(Number))
}
