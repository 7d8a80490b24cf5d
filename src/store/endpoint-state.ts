import type { EndpointState } from './store.ts'

/** The state of an endpoint nothing has happened to. */
export function untouchedEndpoint(endpoint: string): EndpointState {
  return {
    endpoint,
    circuit: 'closed',
    consecutiveFailures: 0,
    probeAt: null,
    pausedUntil: null,
    disabledReason: null,
    disabledUrl: null,
    missingSince: null,
    lastSuccessAt: null,
    lastErrorAt: null,
    lastError: null,
  }
}
