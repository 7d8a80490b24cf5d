import type { AdmissionVerdict, DeliveryAtHand, EndpointDefinition } from 'carabiner'
import type { Integration } from '../integration.ts'
import type { Service } from '../service.ts'
import { admit } from './admit.ts'
import { recordsOfStep } from './step.ts'

/** Requests at once to one integration. */
const concurrency = 8
const replyLimit = 64 * 1024

/** Where the events of an integration go, what has to be so before one is sent, and what is written when it was. */
export function endpointOf(service: Service, integration: Integration): EndpointDefinition {
  const { endpoint, callbackUrl, active, timeoutMs, retry, name } = integration
  const { retentionMs } = service.scope
  return {
    id: endpoint,
    url: callbackUrl,
    // Nothing is sent to one that is switched off: it would be in trouble until it is switched on.
    ...(active && { health: `integrations.${name}` }),
    headers: {},
    secrets: integration.signingSecrets,
    signatures: integration.signatures,
    timeoutMs,
    retry,
    concurrency,
    rate: undefined,
    circuitBreaker: { failureThreshold: 5, recoveryTimeoutMs: 30_000, count5xx: false },
    replyLimit,
    admit: (delivery: DeliveryAtHand): AdmissionVerdict | Promise<AdmissionVerdict> =>
      active ? admit(service, delivery) : inactive,
    beside: (step) => recordsOfStep(step, { provider: name, retentionMs }),
  }
}

const inactive: AdmissionVerdict = { kind: 'dead', reason: 'Integration is inactive' }
