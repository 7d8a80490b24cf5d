import type { DeliveryId } from '../../ids.ts'
import type { AuditText } from '../audit-chain.ts'
import type { OwnSettlement } from '../copies.ts'
import { hostSilenceMs } from '../liveness.ts'
import type { ClaimedDelivery, ClaimRequest, Lease } from '../store.ts'
import { type ClaimedRow, claimedOf } from './claimed-row.ts'
import type { Connections } from './connections.ts'
import type { Statement } from './database.ts'
import { GroupedCalls } from './grouped-calls.ts'
import { placeholders, text } from './parameters.ts'
import { refusedPlaces, settleParameters, settleRounds, settleValues } from './settlement-values.ts'
import type { SettlementsBeside } from './settlements-beside.ts'

/** Settlements that one transaction carries at most. */
const largestSettlement = 1000
/** Leases that one transaction looks at, when they have run out or their host is gone; each is of what was claimed together. */
const recoveredLeases = 50

/** What becomes of deliveries that are not sent any more. */
export interface GivenUp {
  readonly state: 'dead' | 'cancelled'
  readonly reason: string
  readonly at: number
}

/** The ways of a delivery from `pending` to settled. */
export class DeliveryTable {
  readonly #connections: Connections
  readonly #now: () => number
  readonly #beside: SettlementsBeside
  readonly #statements: ReturnType<typeof statementsOf>
  readonly #settlements: GroupedCalls<readonly OwnSettlement[], readonly boolean[]>
  /** One claim at a time, so that two do not lock past each other. */
  readonly #claims: GroupedCalls<ClaimRequest, ClaimedDelivery[]>

  constructor(connections: Connections, now: () => number, beside: SettlementsBeside) {
    this.#beside = beside
    this.#connections = connections
    this.#now = now
    this.#statements = statementsOf(connections.schema)
    this.#settlements = new GroupedCalls({
      run: (calls) => this.#settle(calls),
      sizeOf: (settlements) => settlements.length,
      largestGroup: largestSettlement,
    })
    this.#claims = new GroupedCalls({
      run: (requests) => Promise.all(requests.map((request) => this.#claim(request))),
      sizeOf: () => 1,
      largestGroup: 1,
    })
  }

  claim(request: ClaimRequest): Promise<ClaimedDelivery[]> {
    return this.#claims.add(request)
  }

  async settle(settlements: readonly OwnSettlement[]): Promise<readonly boolean[]> {
    if (settlements.length === 0) return []
    const isAlone = settlements.every(({ beside }) => beside === undefined)
    return isAlone ? this.#settlements.add(settlements) : this.#beside.settle(settlements)
  }

  async renew(
    ids: readonly DeliveryId[],
    { owner, until }: Lease,
  ): Promise<ReadonlySet<DeliveryId>> {
    const rows = await this.#connections.write(this.#statements.renew, [ids, owner, until])
    // As they were given: ids are compared as UUIDs and told in lower case.
    return new Set(rows.map((row) => row['id'] as DeliveryId))
  }

  async release(ids: readonly DeliveryId[], owner: string): Promise<void> {
    const { sender } = this.#connections
    await this.#connections.write(this.#statements.release, [ids, owner, this.#now(), sender])
  }

  async recover(now: number): Promise<number> {
    const values = [this.#connections.sender, now, now - hostSilenceMs, recoveredLeases]
    let recovered = 0
    for (;;) {
      const [row] = await this.#connections.write(this.#statements.recover, values)
      recovered += Number(row?.['recovered'])
      if (Number(row?.['leases']) < recoveredLeases) return recovered
    }
  }

  /** @param audit - written in the same transaction, if it is cancelled */
  async cancel(id: DeliveryId, at: number, audit: readonly AuditText[]): Promise<boolean> {
    if (audit.length > 0) return this.#beside.cancel(id, at, audit)
    return (await this.#count(this.#statements.cancel, [id, at])) === 1
  }

  /** Settles at most `limit` of what waits for an endpoint, without a try; 0 when nothing does. */
  giveUp(endpoint: string, { state, reason, at }: GivenUp, limit: number): Promise<number> {
    const values = [text(endpoint), state, text(reason), at, limit]
    return this.#count(this.#statements.giveUp, values)
  }

  async idle(): Promise<void> {
    await Promise.all([this.#claims.idle(), this.#settlements.idle(), this.#beside.idle()])
  }

  async #claim({ lease, now, endpoints }: ClaimRequest): Promise<ClaimedDelivery[]> {
    const rows = await this.#connections.writeForCells<ClaimedRow>(this.#statements.claim, [
      lease.owner,
      lease.until,
      now,
      endpoints.map(({ endpoint }) => text(endpoint)),
      endpoints.map(({ limit }) => limit),
    ])
    return rows.map(claimedOf)
  }

  async #settle(calls: readonly (readonly OwnSettlement[])[]): Promise<(readonly boolean[])[]> {
    const results = calls.map((settlements) => settlements.map(() => false))
    const placed = calls.flatMap((settlements, call) =>
      settlements.map((settlement, index) => ({ settlement, call, index })),
    )
    for (const round of settleRounds(placed)) {
      const refused = await this.#settleRound(round.map(({ settlement }) => settlement))
      for (const [place, { call, index }] of round.entries()) {
        const result = results[call]
        if (result !== undefined) result[index] = !refused.has(place)
      }
    }
    return results
  }

  /** Resolves to the places of those that are not the owner's to settle. */
  async #settleRound(settlements: readonly OwnSettlement[]): Promise<ReadonlySet<number>> {
    const values = settleValues(settlements, this.#now(), this.#connections.sender)
    const [row] = await this.#connections.write(this.#statements.settle, values)
    return refusedPlaces(row, 'refused')
  }

  async #count(statement: Statement, values: readonly (string | number)[]): Promise<number> {
    const [row] = await this.#connections.write(statement, [this.#connections.sender, ...values])
    return Number(row?.['changed'])
  }
}

function statementsOf(schema: string) {
  return {
    claim: {
      name: 'claim',
      text: `SELECT * FROM ${schema}.claim(${placeholders(5)})`,
    },
    settle: {
      name: 'settle',
      text: `SELECT ${schema}.settle(${placeholders(settleParameters)}) AS refused`,
    },
    renew: {
      name: 'renew',
      text: `UPDATE ${schema}.deliveries SET lease_until = $3
        WHERE id = ANY ($1::uuid[]) AND state = 'sending' AND lease_owner = $2 RETURNING id`,
    },
    release: {
      name: 'release',
      text: `WITH released AS (
          UPDATE ${schema}.deliveries SET state = 'pending', due_at = least(due_at, $3), lease_owner = NULL, lease_until = NULL
          WHERE id = ANY ($1::uuid[]) AND state = 'sending' AND lease_owner = $2 RETURNING id
        ) SELECT ${schema}.tell($4) WHERE EXISTS (SELECT FROM released)`,
    },
    recover: { name: 'recover', text: `SELECT * FROM ${schema}.recover($1, $2, $3, $4)` },
    cancel: {
      name: 'cancel',
      text: `SELECT ${schema}.give_up($1, ARRAY[$2::uuid], 'cancelled', NULL, $3) AS changed`,
    },
    giveUp: {
      name: 'give-up-waiting',
      text: `SELECT ${schema}.give_up_waiting(${placeholders(6)}) AS changed`,
    },
  } satisfies Record<string, Statement>
}
