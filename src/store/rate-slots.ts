/** How many places in time are asked for. */
export interface SlotRequest {
  readonly count: number
  readonly intervalMs: number
  readonly now: number
}

/** Places in time at which an endpoint may be sent to, shared by all hosts on the store. */
export interface RateStore {
  /**
   * Takes the next `count` places of an endpoint, `intervalMs` apart, none before `now`: the first is at the time resolved to (UTC milliseconds,
   * may have a fraction), the others follow. No two callers get the same place (generic cell rate algorithm, ITU-T I.371, without tolerance).
   */
  takeSlots(endpoint: string, request: SlotRequest): Promise<number>
}
