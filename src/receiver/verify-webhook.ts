import type { AnyEvent } from '../bus/event.ts'
import { CarabinerError } from '../errors.ts'
import { type ChannelMessage, parseChannelMessage } from './channel-message.ts'
import { createVerifier, refused, type VerifiedRequest, type VerifyOptions } from './verifier.ts'
import { parseEvent, type WebhookEvent } from './webhook-event.ts'
import type { WebhookRequest } from './webhook-request.ts'

/** What is verified, and which events are expected. */
export interface VerifyEventOptions<E extends AnyEvent> extends VerifyOptions {
  /** The definitions of the events that are expected: they type the event. @defaultValue any event, with params of unknown type */
  readonly events?: readonly E[]
}

/**
 * Checks who sent a webhook and gives the event in it.
 *
 * Params have the types of `events` because the host checked them against its definition before it signed them: keep the
 * two alike, or check again.
 *
 * @throws {CarabinerError} SIGNATURE_INVALID (answer 401), EVENT_PARAMS_INVALID when the body holds no event (400), EVENT_UNKNOWN
 *   when it is none of `events`, MESSAGE_TOO_LARGE (413), SECRET_INVALID
 *
 * @example
 * ```ts
 * import { cancelEvent, verifyWebhook } from 'carabiner/receiver'
 *
 * export async function answer(request: Request): Promise<Response> {
 *   const event = await verifyWebhook(request, { secret, events: [adjust] })
 *   if (event.phase === 'before' && event.params.amount > 512) return cancelEvent('too much').toResponse()
 *   return new Response(null, { status: 204 })
 * }
 * ```
 */
export async function verifyWebhook<const E extends AnyEvent = AnyEvent>(
  request: WebhookRequest,
  options: VerifyEventOptions<E>,
): Promise<WebhookEvent<E>> {
  const received = await createVerifier(options)(request)
  const event = eventIn(received)
  if (!isExpected(event, options.events)) {
    throw new CarabinerError('EVENT_UNKNOWN', `event \`${event.event}\` is not expected here`)
  }
  return event
}

/**
 * Checks who sent a message of a channel, and gives it.
 *
 * @throws {CarabinerError} as `verifyWebhook`
 */
export async function verifyChannelMessage(
  request: WebhookRequest,
  options: VerifyOptions,
): Promise<ChannelMessage> {
  const received = await createVerifier(options)(request)
  return parseChannelMessage(received)
}

/** The event of a request whose signature is good. */
export function eventIn(received: VerifiedRequest): WebhookEvent {
  const event = parseEvent(received)
  const id = received.headers.get('webhook-id')
  // Without this a body that is signed alone could come back under any number of ids.
  if (id !== undefined && id !== event.id) throw refused('webhook-id is not the id in the body')
  return event
}

function isExpected<E extends AnyEvent>(
  event: WebhookEvent,
  events: readonly E[] | undefined,
): event is WebhookEvent<E> {
  return events === undefined || events.some(({ name }) => name === event.event)
}
