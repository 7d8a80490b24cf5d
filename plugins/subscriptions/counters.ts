import type { Tally } from 'carabiner'

/** How the deliveries of an event stand. `delivered + pending + dead_lettered` is `queued_deliveries`. */
export interface Counters {
  /** Created for subscriptions that were active. */
  readonly queued_deliveries: number
  /** Attempted at least once. */
  readonly processed_deliveries: number
  readonly delivered: number
  readonly pending: number
  /** Given up, or cancelled. */
  readonly dead_lettered: number
}

interface Standing {
  readonly state: 'pending' | 'sending' | 'delivered' | 'dead' | 'cancelled'
  readonly attempts: number
}

/** Counts deliveries as they stand when the answer is given. */
export function countersOf(deliveries: readonly Standing[]): Counters {
  const count = (...states: readonly Standing['state'][]): number =>
    deliveries.filter(({ state }) => states.includes(state)).length
  return {
    queued_deliveries: deliveries.length,
    processed_deliveries: deliveries.filter(({ attempts }) => attempts > 0).length,
    delivered: count('delivered'),
    pending: count('pending', 'sending'),
    dead_lettered: count('dead', 'cancelled'),
  }
}

/** The same from the store's tallies of one or more messages. */
export function countersOfTallies(tallies: readonly Tally[]): Counters {
  const sum = (...fields: readonly (keyof Tally)[]): number =>
    tallies.reduce((total, tally) => fields.reduce((all, field) => all + tally[field], total), 0)
  const delivered = sum('delivered')
  const pending = sum('pending', 'sending')
  const deadLettered = sum('dead', 'cancelled')
  return {
    queued_deliveries: delivered + pending + deadLettered,
    processed_deliveries: sum('attempted'),
    delivered,
    pending,
    dead_lettered: deadLettered,
  }
}
