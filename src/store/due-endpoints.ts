/** A walk over the names of endpoints that something waits for. */
export interface DueWalk {
  /** Names that begin with this. */
  readonly prefix: string
  /** Names that come after this one; `''` is before all of them. */
  readonly after: string
  readonly now: number
  /** How many names are looked at. */
  readonly visits: number
}

export interface DueEndpoints {
  /** Those of the names looked at that have something due, in the order of the walk. */
  readonly endpoints: readonly string[]
  /** The last name looked at: `after` of the next walk. `null` when there were fewer than `visits`: that was all. */
  readonly reached: string | null
}

export interface DueEndpointStore {
  /** Endpoints with a delivery that may be claimed by `now`, by name in UTF-8 order. Costs as much as the names looked at, however many deliveries each has. */
  dueEndpoints(walk: DueWalk): Promise<DueEndpoints>
}

/** Makes the answer of a walk from the names it came by. */
export function dueAmong(
  visited: readonly string[],
  visits: number,
  isDue: (endpoint: string) => boolean,
): DueEndpoints {
  const reached = visited.length < visits ? null : (visited.at(-1) ?? null)
  return { endpoints: visited.filter(isDue), reached }
}
