import type { EndpointDefinition } from '../endpoint.ts'

const second = 1_000

/**
 * How many deliveries a redelivery may have due or under way at once, so that a live message never waits for it: half of the
 * connections of the slowest endpoint it last made something for, and no more than that one's rate lets through in a second.
 *
 * @param endpoints - `undefined` for one that is not known here
 */
export function allowance(
  endpoints: readonly (Pick<EndpointDefinition, 'concurrency' | 'rate'> | undefined)[],
): number {
  const known = endpoints.filter((endpoint) => endpoint !== undefined)
  return known.length === 0 ? 1 : Math.min(...known.map(endpointAllowance))
}

function endpointAllowance({
  concurrency,
  rate,
}: Pick<EndpointDefinition, 'concurrency' | 'rate'>): number {
  const perSecond =
    rate === undefined ? Number.POSITIVE_INFINITY : (rate.count * second) / rate.perMs
  return Math.max(1, Math.floor(Math.min(concurrency / 2, perSecond)))
}
