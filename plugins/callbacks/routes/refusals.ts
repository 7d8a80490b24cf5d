import type { RouteResponse } from 'carabiner'
import { Failure } from '../schemas/management.ts'

const descriptions = {
  400: 'Something in the request cannot be what it says',
  401: 'No management key, or a wrong one',
  404: 'There is no such callback, or nobody waits for it any more',
  413: 'The body is too long',
  500: 'A mistake of the host',
  503: 'The host cannot do it now',
} as const

/** What a route of the management API refuses with, as the description of the API tells it. */
export function refusals(
  ...more: readonly (400 | 404 | 413)[]
): Readonly<Record<number, RouteResponse>> {
  const statuses = [...more, 401, 500, 503] as const
  return Object.fromEntries(
    statuses.map((status) => [status, { description: descriptions[status], body: Failure }]),
  )
}
