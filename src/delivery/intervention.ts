import type { Clock } from '../clock.ts'
import { newId } from '../ids.ts'
import type { AuditRow, DeliveryRow, Store } from '../store/store.ts'
import { closedCircuit } from './circuit-breaker.ts'
import { circuitFields } from './endpoint-health.ts'
import type { StateFields } from './stored-states.ts'

/** What somebody changes about an endpoint by hand, and the row of the audit trail that is committed with it. */
export interface EndpointChange {
  readonly fields: StateFields
  readonly audit: readonly [AuditRow]
}

/**
 * Takes back a delivery that waits. Written to the audit trail with the same commit.
 *
 * @param actor - who asks for it
 * @returns `false` when it is settled or being sent: nothing is written then
 * @throws {CarabinerError} STORE_UNAVAILABLE
 */
export function cancelDelivery(
  store: Pick<Store, 'cancel'>,
  clock: Clock,
  { id, endpoint, messageId }: Pick<DeliveryRow, 'id' | 'endpoint' | 'messageId'>,
  actor: string,
): Promise<boolean> {
  const createdAt = clock.now()
  const action = 'delivery.cancelled'
  const details = { endpoint, messageId }
  return store.cancel(id, createdAt, [
    { id: newId(), entityType: 'delivery', entityId: id, action, actor, details, createdAt },
  ])
}

/**
 * Lets deliveries of an endpoint wait until then, on every host of the store. Written to the audit trail with the same commit.
 *
 * @param untilMs - UTC milliseconds
 * @param actor - who asks for it
 * @throws {CarabinerError} STORE_UNAVAILABLE
 */
export function pauseEndpoint(
  store: Pick<Store, 'updateEndpoint'>,
  clock: Clock,
  endpoint: string,
  untilMs: number,
  actor: string,
): Promise<void> {
  const { fields, audit } = pausing(clock, endpoint, untilMs, actor)
  return store.updateEndpoint(endpoint, fields, audit)
}

/**
 * Ends a pause, a 410 and an open circuit, on every host of the store. Written to the audit trail with the same commit.
 *
 * @param actor - who asks for it
 * @throws {CarabinerError} STORE_UNAVAILABLE
 */
export function enableEndpoint(
  store: Pick<Store, 'updateEndpoint'>,
  clock: Clock,
  endpoint: string,
  actor: string,
): Promise<void> {
  const { fields, audit } = enabling(clock, endpoint, actor)
  return store.updateEndpoint(endpoint, fields, audit)
}

export function pausing(
  clock: Clock,
  endpoint: string,
  untilMs: number,
  actor: string,
): EndpointChange {
  const details = { until: new Date(untilMs).toISOString() }
  const row = endpointAudit(endpoint, 'endpoint.paused', actor, details, clock.now())
  return { fields: { pausedUntil: untilMs }, audit: [row] }
}

export function enabling(clock: Clock, endpoint: string, actor: string): EndpointChange {
  const row = endpointAudit(endpoint, 'endpoint.enabled', actor, {}, clock.now())
  return { fields: { ...enabled, ...circuitFields(closedCircuit) }, audit: [row] }
}

const enabled = { pausedUntil: null, disabledReason: null, disabledUrl: null } as const

function endpointAudit(
  endpoint: string,
  action: 'endpoint.paused' | 'endpoint.enabled',
  actor: string,
  details: AuditRow['details'],
  createdAt: number,
): AuditRow {
  return {
    id: newId(),
    entityType: 'endpoint',
    entityId: endpoint,
    action,
    actor,
    details,
    createdAt,
  }
}
