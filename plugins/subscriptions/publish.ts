import {
  EventParamsError,
  type HandlerContext,
  newId,
  type OutboundMessage,
  type RecordWrite,
  rawMember,
  signedForm,
} from 'carabiner'
import { countersOf } from './counters.ts'
import { endpointOf } from './endpoint.ts'
import { asMessageId, bodyOf, type PublishedEvent, toRecord } from './event.ts'
import type { Misfit } from './event-types.ts'
import type { Publication, publishEvent } from './publish-event.ts'
import { publishedBefore } from './published-before.ts'
import type { Service } from './service.ts'
import { rfc3339, type Subscription } from './subscription.ts'
import { unfitParams } from './unfit-params.ts'

type Context = HandlerContext<typeof publishEvent>

/**
 * Stores an event with its deliveries to the subscriptions of its owner that are active now: the on handler of `subscriptions.publish`.
 *
 * An event that is stored already, as when a batch is sent again, is not stored twice.
 *
 * @throws {EventParamsError} its type is not taken, its payload does not match or is too large, its id is that of another event
 * @throws {CarabinerError} STORE_UNAVAILABLE
 */
export async function publish(service: Service, context: Context): Promise<Publication> {
  const event = eventOf(service, context)
  const errand = service.intake.of(event.id)
  try {
    return await store(service, event, context, errand?.record)
  } catch (error) {
    errand?.failed(error)
    throw unfitParams(error)
  }
}

/** What of an event does not fit, by JSON Pointer: its type, or its payload. */
export function misfitsOf(
  { types }: Pick<Service, 'types'>,
  names: { readonly type: string; readonly payload: string },
  { type, payload }: { readonly type: string; readonly payload: unknown },
): readonly Misfit[] {
  if (!types.accepts(type)) {
    return [
      { pointer: names.type, message: 'is no event type that is taken', keyword: 'event_type' },
    ]
  }
  return types.mismatches(type, payload).map((misfit) => ({
    ...misfit,
    pointer: `${names.payload}${misfit.pointer}`,
  }))
}

/** A message that tells subscriptions of an event. */
export function messageOfEvent(
  { scope: { config, clock }, definitions }: Service,
  event: PublishedEvent,
  subscriptions: readonly Subscription[],
  told: Pick<OutboundMessage, 'origin' | 'traceId' | 'depth'> & {
    readonly id: string
    readonly payload: string
  },
): OutboundMessage {
  const { id, origin, traceId, depth, payload } = told
  const now = clock.now()
  const body = bodyOf(event, payload, origin === 'replay')
  return {
    id,
    origin,
    type: event.type,
    contentType: 'application/json',
    body: signedForm(config.signatures, body),
    headers: { 'x-axme-event': event.type },
    traceId,
    depth,
    tenant: event.owner,
    to: subscriptions.map((each) => ({
      endpoint: endpointOf(each.id),
      definition: definitions.of(each, now),
    })),
  }
}

async function store(
  service: Service,
  event: PublishedEvent,
  { depth, actor, traceId }: Context,
  keep: ((publication: Publication) => RecordWrite) | undefined,
): Promise<Publication> {
  const { scope, subscriptions } = service
  const matching = await subscriptions.matching(event.owner, event.type)
  const queued = matching.map(() => ({ state: 'pending', attempts: 0 }) as const)
  const accepted = { event_id: event.id, accepted_at: rfc3339(event.acceptedAt) }
  const records: RecordWrite[] = [toRecord(event)]
  if (keep !== undefined) records.push(keep({ ...accepted, ...countersOf(queued) }))
  const told = { id: event.id, origin: 'publish', traceId, depth: depth + 1 } as const
  try {
    const sent = await scope.deliveries.send(
      matching.length === 0
        ? []
        : [messageOfEvent(service, event, matching, { ...told, payload: event.payload ?? 'null' })],
      {
        records,
        audit: [auditOf(event, matching.length, actor)],
        ...waiting(service),
      },
    )
    return { ...accepted, ...countersOf(sent) }
  } catch (error) {
    return publishedBefore(service, event, error)
  }
}

/** @throws {EventParamsError} */
function eventOf(service: Service, { event, params, source, traceId }: Context): PublishedEvent {
  const { clock, retentionMs } = service.scope
  const misfits = misfitsOf(service, { type: '/type', payload: '/payload' }, params)
  if (misfits.length > 0) {
    const errors = misfits.map(({ pointer, message }) => ({ pointer, message }))
    throw new EventParamsError(event, errors)
  }
  const now = clock.now()
  return {
    id: asMessageId(params.id?.toLowerCase() ?? newId()),
    version: 0,
    // The schema of the params demands an owner or a tenant, and this handler is asked only with an owner.
    owner: params.owner ?? '',
    type: params.type,
    source: params.source ?? 'carabiner',
    traceId,
    acceptedAt: now,
    replays: [],
    payload: payloadText(params.payload, source),
    erasedAt: null,
    expiresAt: now + retentionMs,
  }
}

/** As it came, where it came as text: `1.0` stays `1.0`. */
export function payloadText(payload: unknown, source: string | undefined): string {
  const text = source === undefined ? undefined : rawMember(source, 'payload')
  return text ?? JSON.stringify(payload)
}

function auditOf({ id, owner, type }: PublishedEvent, deliveries: number, actor = 'host') {
  return {
    entityType: 'event',
    entityId: id,
    action: 'event.published',
    actor,
    details: { owner, type, deliveries },
  }
}

/** Asks the engine to wait for first attempts, as long as the assembly says. */
export function waiting({ scope: { config } }: Service) {
  const { settle_wait: ms } = config
  return ms > 0 ? { wait: { ms, until: 'attempted' } as const } : {}
}
