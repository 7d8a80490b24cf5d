import { CarabinerError, newId, type SentDelivery } from 'carabiner'
import { actorOf, type Call } from './call.ts'
import { findUnrevoked } from './change.ts'
import { asMessageId } from './event.ts'
import type { AnswerWith, Keep } from './once.ts'
import { messageOfEvent } from './publish.ts'
import { shownError } from './shown-error.ts'
import type { Subscription } from './subscription.ts'

/** What a test event is called. Whoever publishes under the name, where any is taken, has an event of his own. */
const pingType = 'webhook.test'
const source = 'carabiner'

/** How long the answer waits for the first attempt. */
const longestWaitMs = 10_000

/** Sends a test event to one subscription, paused ones too, and tells what came of its first attempt. @throws {RouteError} 404, 409 */
export async function ping(call: Call, id: string, keep: Keep): Promise<AnswerWith<PingBody>> {
  const { service, request } = call
  const subscription = await findUnrevoked(call, id)
  const { clock, config, deliveries } = service.scope
  const now = clock.now()
  const eventId = asMessageId(newId())
  const event = {
    id: eventId,
    version: 0,
    owner: subscription.owner,
    type: pingType,
    source,
    traceId: request.traceId,
    acceptedAt: now,
    replays: [],
    payload: '{}',
    erasedAt: null,
    expiresAt: now,
  }
  const deliveryId = newId()
  const message = messageOfEvent(service, event, [subscription], {
    id: eventId,
    origin: 'publish',
    traceId: request.traceId,
    depth: request.depth + 1,
    payload: event.payload,
  })
  const kept = testedAnswer(subscription, untried(deliveryId))
  const sent = await deliveries.send(
    [{ ...message, to: message.to.map((recipient) => ({ ...recipient, id: deliveryId })) }],
    {
      records: keep === undefined ? [] : [keep(kept)],
      audit: [
        {
          entityType: 'subscription',
          entityId: id,
          action: 'subscription.tested',
          actor: actorOf(call.caller),
          details: { owner: subscription.owner, delivery: deliveryId },
        },
      ],
      wait: { ms: Math.min(longestWaitMs, config.http.timeout), until: 'attempted' },
    },
  )
  return testedAnswer(subscription, sent[0] ?? disabled())
}

interface PingBody {
  readonly ok: true
  readonly subscription_id: string
  readonly delivery: {
    readonly delivery_id: string
    readonly status: SentDelivery['state']
    readonly attempts: number
    readonly response_status: number | null
    readonly last_error: string | null
  }
}

type Tested = Pick<SentDelivery, 'id' | 'state' | 'attempts' | 'status' | 'lastError'>

function untried(id: string): Tested {
  return { id, state: 'pending', attempts: 0, status: null, lastError: null }
}

function disabled(): never {
  throw new CarabinerError(
    'ENDPOINT_DISABLED',
    'the receiver has answered 410: nothing is sent to it until it is subscribed again',
  )
}

function testedAnswer({ id }: Subscription, tested: Tested): AnswerWith<PingBody> {
  return {
    status: 200,
    body: {
      ok: true,
      subscription_id: id,
      delivery: {
        delivery_id: tested.id,
        status: tested.state,
        attempts: tested.attempts,
        response_status: tested.status,
        last_error: shownError(tested.lastError),
      },
    },
  }
}
