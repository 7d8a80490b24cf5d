import type { CircuitSignal } from './attempt-outcome.ts'
import type { CircuitBreakerOptions } from './endpoint.ts'

/** Whether requests go through, as the store keeps it for all hosts. */
export interface Circuit {
  readonly state: 'closed' | 'open' | 'half-open'
  readonly consecutiveFailures: number
  /** When the next probe may go through, UTC milliseconds; `null` while closed. */
  readonly probeAt: number | null
}

export const closedCircuit: Circuit = { state: 'closed', consecutiveFailures: 0, probeAt: null }

/** The circuit after a request. The same object when nothing changed: then there is nothing to store. */
export function circuitAfter(
  circuit: Circuit,
  signal: CircuitSignal,
  options: CircuitBreakerOptions,
  now: number,
): Circuit {
  switch (signal) {
    case 'success':
      return isUntroubled(circuit) ? circuit : closedCircuit
    case 'failure':
      return afterFailure(circuit, options, now)
    case 'neutral':
      // A probe that told nothing: another one when its time comes.
      return circuit.state === 'half-open' ? { ...circuit, state: 'open' } : circuit
  }
}

/** The circuit while its one probe is under way; should the prober die, another may go at `nextProbeAt`. */
export function probing(circuit: Circuit, nextProbeAt: number): Circuit {
  return { ...circuit, state: 'half-open', probeAt: nextProbeAt }
}

function afterFailure(circuit: Circuit, options: CircuitBreakerOptions, now: number): Circuit {
  // Requests that were under way when it opened say nothing new.
  if (circuit.state === 'open') return circuit

  const consecutiveFailures = circuit.consecutiveFailures + 1
  if (circuit.state === 'half-open' || consecutiveFailures >= options.failureThreshold) {
    return { state: 'open', consecutiveFailures, probeAt: now + options.recoveryTimeoutMs }
  }
  return { ...circuit, consecutiveFailures }
}

function isUntroubled(circuit: Circuit): boolean {
  return circuit.state === 'closed' && circuit.consecutiveFailures === 0
}
