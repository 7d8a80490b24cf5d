import { untouchedEndpoint } from '../store/endpoint-state.ts'
import type { AuditRow, EndpointState, Store } from '../store/store.ts'

export type StateFields = Partial<Omit<EndpointState, 'endpoint'>>

/** What the store keeps of endpoints for all hosts, as far as it was read here, with what this host has written to it since. */
export class StoredStates {
  readonly #store: Pick<Store, 'endpointStates' | 'updateEndpoint'>
  readonly #states = new Map<string, EndpointState>()
  /** Writes of each endpoint's state, so that a copy read meanwhile is not taken for news. */
  readonly #writes = new Map<string, { readonly begun: number; readonly ended: number }>()

  constructor(store: Pick<Store, 'endpointStates' | 'updateEndpoint'>) {
    this.#store = store
  }

  get(endpoint: string): EndpointState | undefined {
    return this.#states.get(endpoint)
  }

  /** Takes in what was read. */
  set(state: EndpointState): void {
    this.#states.set(state.endpoint, state)
  }

  /** Nobody here is interested in it any more. */
  forget(endpoint: string): void {
    this.#states.delete(endpoint)
    if (this.isQuiet(endpoint)) this.#writes.delete(endpoint)
  }

  /** Whether the store has all that was written here. */
  isQuiet(endpoint: string): boolean {
    const writes = this.#writes.get(endpoint)
    return writes?.begun === writes?.ended
  }

  /** Holds here at once, whatever becomes of the write. */
  apply(endpoint: string, fields: StateFields): void {
    const stored = this.#states.get(endpoint) ?? untouchedEndpoint(endpoint)
    this.#states.set(endpoint, { ...stored, ...fields })
  }

  async write(
    endpoint: string,
    fields: StateFields,
    audit: readonly AuditRow[] = [],
  ): Promise<void> {
    this.#count(endpoint, 'begun')
    try {
      await this.#store.updateEndpoint(endpoint, fields, audit)
    } finally {
      this.#count(endpoint, 'ended')
    }
  }

  /**
   * What the store says now of these, the untouched ones included; left out is what this host was writing meanwhile.
   *
   * @param wanted - `all`: of all that the store knows, too
   */
  async read(endpoints: readonly string[], wanted: 'these' | 'all'): Promise<EndpointState[]> {
    const before = new Map(this.#writes)
    const states = await this.#store.endpointStates(wanted === 'all' ? undefined : endpoints)
    const read = new Map(states.map((state) => [state.endpoint, state]))
    for (const id of endpoints) if (!read.has(id)) read.set(id, untouchedEndpoint(id))
    return [...read.values()].filter(({ endpoint }) => {
      const wasQuiet = this.#writes.get(endpoint)?.ended === before.get(endpoint)?.ended
      return wasQuiet && this.isQuiet(endpoint)
    })
  }

  #count(endpoint: string, what: 'begun' | 'ended'): void {
    const writes = this.#writes.get(endpoint) ?? { begun: 0, ended: 0 }
    this.#writes.set(endpoint, { ...writes, [what]: writes[what] + 1 })
  }
}
