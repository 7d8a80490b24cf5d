import { CarabinerError, EventParamsError, type HandlerContext, newId } from 'carabiner'
import type { IngressEvent } from '../books/event.ts'
import { toReplayRecord } from '../books/replay-record.ts'
import type { ingressReplay } from '../ingress-events.ts'
import { endpointPrefix } from '../integration.ts'
import type { Service } from '../service.ts'
import { messageOfEvent } from './message.ts'
import { changeOfEvent } from './transition.ts'

/** What came of a replay that was asked for: its id is also that of the delivery it makes. */
export interface ReplayResult {
  readonly replayRequestId: string
  readonly eventId: string
}

type Context = HandlerContext<typeof ingressReplay>

/** Who wants it, when nobody says. */
const defaultRequester = 'api-user'

/**
 * Records a replay, and in the same commit the delivery it makes, with a full set of tries: the on handler of `ingress.replay`.
 *
 * Several of one event at a time do not meet: each has a record and a delivery of its own.
 *
 * @throws {EventParamsError} there is no such event
 * @throws {CarabinerError} ENDPOINT_UNKNOWN, MESSAGE_ERASED, STORE_UNAVAILABLE
 */
export async function replay(service: Service, context: Context): Promise<ReplayResult> {
  const { params, traceId, depth } = context
  const event = await replayable(service, context)
  const { scope } = service
  const id = newId()
  const now = scope.clock.now()
  const requestedBy = params.requestedBy ?? defaultRequester
  const { reason } = params
  await scope.deliveries.send(
    [
      {
        ...messageOfEvent(event, event.payload),
        // It was taken in, and stored.
        size: 0,
        origin: 'replay',
        traceId,
        depth: depth + 1,
        to: [{ endpoint: `${endpointPrefix}${event.provider}`, id }],
      },
    ],
    {
      records: [
        toReplayRecord({
          id,
          version: 0,
          eventId: event.id,
          provider: event.provider,
          requestedBy,
          reason,
          status: 'queued',
          createdAt: now,
          updatedAt: now,
          expiresAt: now + scope.retentionMs,
        }),
        changeOfEvent(event.id, { status: 'pending' }, now),
      ],
      audit: [
        {
          entityType: 'replay',
          entityId: id,
          action: 'replay.requested',
          actor: requestedBy,
          details: { eventId: event.id, provider: event.provider, reason },
        },
      ],
    },
  )
  return { replayRequestId: id, eventId: event.id }
}

/** @throws {EventParamsError} @throws {CarabinerError} ENDPOINT_UNKNOWN, MESSAGE_ERASED */
async function replayable(
  { events, integrations }: Service,
  { event: name, params }: Context,
): Promise<IngressEvent & { readonly payload: Uint8Array }> {
  const { eventId } = params
  const event = await events.find(eventId.toLowerCase())
  if (event === undefined) {
    throw new EventParamsError(name, [
      { pointer: '/eventId', message: `there is no event ${eventId}` },
    ])
  }
  const { payload, provider } = event
  if (!integrations.has(provider)) {
    // Its delivery would wait for an endpoint that nobody has.
    const message = `there is no integration of ${provider} any more`
    throw new CarabinerError('ENDPOINT_UNKNOWN', message)
  }
  if (payload !== null) return { ...event, payload }
  throw new CarabinerError('MESSAGE_ERASED', `the payload of event ${eventId} was erased`)
}
