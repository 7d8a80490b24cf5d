import { answer, type ConnectorRoute, newId, type StoredAnswer } from 'carabiner'
import { type ApiCall, apiRoute, idIn } from '../api-route.ts'
import { publishBatch } from '../batch.ts'
import type { SubscriptionsConfig } from '../config.ts'
import { type EventView, eventView } from '../event-view.ts'
import { answerOnce, type Keep } from '../once.ts'
import { publishedBody, submit } from '../publication.ts'
import { misfitsOf } from '../publish.ts'
import { findEvent, isSame, replay } from '../replay.ts'
import {
  BatchAnswer,
  BatchBody,
  EventAnswer,
  EventPath,
  PublishBody,
  PublishedAnswer,
  ReplayedAnswer,
} from '../schemas/event.ts'
import { Nothing } from '../schemas/fields.ts'
import { refusal, unfit } from '../surface.ts'

const tags = ['events']
const utf8 = new TextDecoder()
const path = '/v1/webhooks/events'
const onePath = `${path}/:event_id`

export const eventRoutes: readonly ConnectorRoute<SubscriptionsConfig>[] = [
  apiRoute({
    method: 'POST',
    path,
    scope: 'events:publish',
    operation: {
      id: 'publishWebhookEvent',
      summary: 'Publish an event to the active subscriptions of an owner',
      description:
        'When it is answered, the event and its deliveries are stored. A before handler or webhook of `subscriptions.publish` can veto it: 403 with the code `event_cancelled`.',
      tags,
    },
    body: PublishBody,
    success: { description: 'It is stored', body: PublishedAnswer },
    refusals: [409, 504],
    isKeyed: true,
    handle(call) {
      const body = call.request.body as PublishBody // as the schema says
      checkEvents(call, [body], () => '')
      return answerOnce(call, (keep) => publishOne(call, body, keep))
    },
  }),
  apiRoute({
    method: 'POST',
    path: `${path}/batch`,
    scope: 'events:publish',
    operation: {
      id: 'publishWebhookEvents',
      summary: 'Publish up to 100 events',
      description:
        'Each is decided on by itself: one that is vetoed has `ok: false` in its place. When one of them cannot be stored, the call fails; sent again with the same `Idempotency-Key` it stores nothing twice.',
      tags,
    },
    body: BatchBody,
    success: { description: 'What came of each', body: BatchAnswer },
    refusals: [409, 504],
    isKeyed: true,
    handle(call) {
      const body = call.request.body as BatchBody // as the schema says
      checkEvents(call, body.events, (index) => `/events/${index}`)
      return answerOnce(call, () => publishBatch(call, body))
    },
  }),
  apiRoute({
    method: 'GET',
    path: onePath,
    scope: 'read',
    operation: { id: 'getWebhookEvent', summary: 'Show one event and how it stands', tags },
    params: EventPath,
    success: { description: 'The event', body: EventAnswer },
    refusals: [404],
    async handle(call) {
      const event = await findEvent(call, idIn(call, 'event_id'))
      const view = await eventView(call.service, event)
      return answer(eventBytes(view, event.payload), { headers: json })
    },
  }),
  apiRoute({
    method: 'POST',
    path: `${onePath}/replay`,
    scope: 'events:replay',
    operation: {
      id: 'replayWebhookEvent',
      summary: 'Send an event again, to the subscriptions that are active now',
      tags,
    },
    params: EventPath,
    body: Nothing,
    success: { description: 'It is on its way again', body: ReplayedAnswer },
    refusals: [404, 409],
    isKeyed: true,
    handle: (call) => answerOnce(call, (keep) => replay(call, idIn(call, 'event_id'), keep)),
  }),
]

const json = { 'content-type': 'application/json; charset=utf-8' }

/** The payload's text goes in as it came, so that its numbers are as they were published. */
function eventBytes({ payload: _, ...view }: EventView, payload: string | null): Uint8Array {
  const event = JSON.stringify(view).slice(0, -1)
  return new TextEncoder().encode(`{"ok":true,"event":${event},"payload":${payload}}}`)
}

async function publishOne(call: ApiCall, body: PublishBody, keep: Keep): Promise<StoredAnswer> {
  let kept: StoredAnswer | undefined
  const submitted = await submit(call, {
    id: newId(),
    body,
    text: utf8.decode(call.request.bytes),
    record:
      keep === undefined
        ? undefined
        : (publication) => {
            kept = { status: 200, body: publishedBody(call, body, publication) }
            return keep(kept)
          },
  })
  if (submitted.kind === 'vetoed') throw refusal(submitted.refused)
  const told = { status: 200, body: publishedBody(call, body, submitted.publication) }
  return kept !== undefined && isSame(kept, told) ? kept : told
}

/** @throws {RouteError} 422: types that are not taken, payloads that do not match, all of them at once */
function checkEvents(
  { service }: ApiCall,
  events: readonly PublishBody[],
  placeOf: (index: number) => string,
): void {
  const misfits = events.flatMap(({ event_type: type, payload }, index) => {
    const place = placeOf(index)
    const names = { type: `${place}/event_type`, payload: `${place}/payload` }
    return misfitsOf(service, names, { type, payload })
  })
  if (misfits.length > 0) throw unfit(misfits.map((each) => ({ part: 'body', ...each })))
}
