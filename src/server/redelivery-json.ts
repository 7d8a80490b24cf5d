import type { Redelivery } from '../store/redelivery.ts'

/** A redelivery of many as the management API and `deliveries redeliveries --json` show it; times in ISO 8601, UTC. */
export interface RedeliveryJson {
  readonly id: string
  readonly filter: {
    readonly state: string
    readonly endpoint: string | null
    readonly from: string | null
    readonly to: string | null
  }
  readonly actor: string
  readonly state: string
  readonly matched: number
  readonly processed: number
  readonly redelivered: number
  readonly skipped: number
  readonly createdAt: string
  readonly finishedAt: string | null
}

export function redeliveryJson(redelivery: Redelivery): RedeliveryJson {
  const { id, filter, actor, state, matched, processed, redelivered, skipped } = redelivery
  return {
    id,
    filter: {
      state: filter.state,
      endpoint: filter.endpoint ?? null,
      from: iso(filter.from),
      to: iso(filter.to),
    },
    actor,
    state,
    matched,
    processed,
    redelivered,
    skipped,
    createdAt: new Date(redelivery.createdAt).toISOString(),
    finishedAt: iso(redelivery.finishedAt),
  }
}

function iso(ms: number | null | undefined): string | null {
  return ms === null || ms === undefined ? null : new Date(ms).toISOString()
}
