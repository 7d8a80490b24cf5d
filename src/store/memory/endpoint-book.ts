import { untouchedEndpoint } from '../endpoint-state.ts'
import type { EndpointState } from '../store.ts'

/** What is known of each endpoint. */
export class EndpointBook {
  readonly #states = new Map<string, EndpointState>()

  all(): EndpointState[] {
    const states = [...this.#states.values()].sort((a, b) => (a.endpoint < b.endpoint ? -1 : 1))
    return states.map((state) => ({ ...state }))
  }

  /** What is known of these. */
  of(endpoints: readonly string[]): EndpointState[] {
    const states = [...new Set(endpoints)].map((endpoint) => this.#states.get(endpoint))
    return states.filter((state) => state !== undefined).map((state) => ({ ...state }))
  }

  update(endpoint: string, fields: Partial<Omit<EndpointState, 'endpoint'>>): void {
    const stored = this.#states.get(endpoint) ?? untouchedEndpoint(endpoint)
    this.#states.set(endpoint, { ...stored, ...fields })
  }

  takeProbe(endpoint: string, now: number, next: number): boolean {
    const state = this.#states.get(endpoint)
    if (state === undefined || state.circuit === 'closed') return false
    if (state.probeAt === null || state.probeAt > now) return false
    this.#states.set(endpoint, { ...state, probeAt: next })
    return true
  }

  missingSince(endpoint: string): number | null {
    return this.#states.get(endpoint)?.missingSince ?? null
  }
}
