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
