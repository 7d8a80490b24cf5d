import { CarabinerError } from '../../errors.ts'
import type { EndpointState, Store } from '../../store/store.ts'

/** @throws {CarabinerError} ENDPOINT_DISABLED */
export function refuseDisabled(
  endpoint: string,
  { disabledReason }: Pick<EndpointState, 'disabledReason'>,
): void {
  if (disabledReason === null) return
  throw new CarabinerError(
    'ENDPOINT_DISABLED',
    `endpoint \`${endpoint}\` takes nothing until it is enabled: ${disabledReason}`,
  )
}

/**
 * For those who have no host: what the hosts last wrote about an endpoint decides.
 *
 * @throws {CarabinerError} ENDPOINT_DISABLED, STORE_UNAVAILABLE
 */
export async function refuseStoredDisabled(
  store: Pick<Store, 'endpointStates'>,
  endpoint: string,
): Promise<void> {
  const [state] = await store.endpointStates([endpoint])
  if (state !== undefined) refuseDisabled(endpoint, state)
}
