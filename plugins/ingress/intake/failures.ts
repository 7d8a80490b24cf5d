import { CarabinerError, type RateLimit, type RouteError, type RouteHead } from 'carabiner'
import type { Integration } from '../integration.ts'
import type { Service } from '../service.ts'
import { notGenuine, tooMany } from './refusals.ts'

/**
 * What is answered to a request that is not genuine: 401, and 429 once there were too many of them from this address.
 *
 * Genuine requests are not counted: a provider that is refused may never send again.
 */
export async function refusalOfUnverified(
  service: Service,
  integration: Integration,
  { address }: Pick<RouteHead, 'address'>,
  message: string,
): Promise<RouteError> {
  const { unverified } = integration.limits
  const refused = notGenuine(message, integration.name)
  if (unverified === undefined) return refused
  try {
    const over = await exceeded(service, integration, 'unverified', { address, rate: unverified })
    return over ?? refused
  } catch (error) {
    // Nobody can count now; it is not genuine all the same.
    if (error instanceof CarabinerError && error.code === 'STORE_UNAVAILABLE') return refused
    throw error
  }
}

/** @throws {RouteError} 429: more genuine requests from this address than are taken */
export async function limitVerified(
  service: Service,
  integration: Integration,
  { address }: Pick<RouteHead, 'address'>,
): Promise<void> {
  const { verified } = integration.limits
  if (verified === undefined) return
  const over = await exceeded(service, integration, 'verified', { address, rate: verified })
  if (over !== undefined) throw over
}

async function exceeded(
  { scope }: Service,
  { name }: Integration,
  kind: 'unverified' | 'verified',
  { address, rate }: { readonly address: string; readonly rate: RateLimit },
): Promise<RouteError | undefined> {
  const allowance = await scope.limits.take(`${kind} ${name} ${address}`, rate)
  return allowance.isAllowed ? undefined : tooMany(kind, allowance, scope.clock.now())
}
