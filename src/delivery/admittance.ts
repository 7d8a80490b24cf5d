import type { Logger } from '../bus/handler.ts'
import { CarabinerError, messageOf } from '../errors.ts'
import type { AdmissionVerdict } from './delivery-at-hand.ts'
import type { EndpointDefinition } from './endpoint.ts'
import type { HeldDelivery } from './held-deliveries.ts'

/** Nobody is to decide here any more: the host stops, or the delivery is another's. */
interface Withdrawn {
  readonly kind: 'withdrawn'
}

const withdrawn: Withdrawn = { kind: 'withdrawn' }

/** Asks an endpoint whether a delivery is sent, until it says so or the delivery leaves this host's hands. Never rejects. */
export async function admittance(
  held: HeldDelivery,
  admit: NonNullable<EndpointDefinition['admit']>,
  log: Logger,
): Promise<AdmissionVerdict | Withdrawn> {
  const asking = new AbortController()
  const { signal } = asking
  held.asking = asking
  try {
    // Whoever does not heed the signal is not waited for.
    return await Promise.race([admit({ ...held.delivery, signal }), aborted(signal)])
  } catch (error) {
    if (signal.aborted || isAway(error)) return withdrawn
    log.error(
      { err: error, delivery: held.delivery.id, endpoint: held.endpoint.id },
      'whether a delivery is sent could not be decided',
    )
    return { kind: 'again', reason: messageOf(error) }
  } finally {
    held.asking = undefined
  }
}

function aborted(signal: AbortSignal): Promise<Withdrawn> {
  return new Promise((resolve) => {
    signal.addEventListener('abort', () => resolve(withdrawn), { once: true })
  })
}

function isAway(error: unknown): boolean {
  return error instanceof CarabinerError && error.code === 'STORE_UNAVAILABLE'
}
