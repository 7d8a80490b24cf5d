import type { EndpointState } from '../store/store.ts'
import type { EndpointQueue } from './endpoint-queue.ts'

/** An endpoint as listings show it. */
export interface EndpointStatus
  extends Pick<
    EndpointState,
    'circuit' | 'pausedUntil' | 'disabledReason' | 'lastSuccessAt' | 'lastErrorAt' | 'lastError'
  > {
  readonly id: string
  /** As configured: whoever shows it masks credentials and query values. */
  readonly url: string
  /** When the open circuit lets a probe through, UTC milliseconds. */
  readonly probeAt: number | null
  /** Deliveries in this host's hands; the store may hold more. */
  readonly waiting: number
}

/** A family of endpoints as listings show it: it may have a million. */
export interface FamilyStatus {
  /** What the ids of its endpoints begin with. */
  readonly prefix: string
  /** How many this host has in use. */
  readonly inUse: number
}

export type CircuitCounts = Readonly<Record<EndpointState['circuit'], number>>

export function familyStatuses(
  prefixes: Iterable<string>,
  members: Iterable<EndpointQueue>,
): readonly FamilyStatus[] {
  const ids = Array.from(members, ({ id }) => id)
  return Array.from(prefixes, (prefix) => ({
    prefix,
    inUse: ids.filter((id) => id.startsWith(prefix)).length,
  }))
}

export function circuitCounts(...groups: readonly Iterable<EndpointQueue>[]): CircuitCounts {
  const counts = { closed: 0, open: 0, 'half-open': 0 }
  for (const group of groups) for (const { circuit } of group) counts[circuit.state] += 1
  return counts
}

export function endpointStatus(queue: EndpointQueue): EndpointStatus {
  const { pausedUntil, disabledReason, lastSuccessAt, lastErrorAt, lastError } = queue.state
  return {
    id: queue.id,
    url: queue.definition.url,
    circuit: queue.circuit.state,
    probeAt: queue.circuit.probeAt,
    pausedUntil,
    disabledReason,
    lastSuccessAt,
    lastErrorAt,
    lastError,
    waiting: queue.held,
  }
}
