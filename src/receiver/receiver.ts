import type { AnyEvent } from '../bus/event.ts'
import { CarabinerError, type CarabinerErrorCode } from '../errors.ts'
import { isCancelReply } from './cancel-event.ts'
import { type ChannelMessage, channelOf, parseChannelMessage } from './channel-message.ts'
import {
  type Acknowledgement,
  type AfterHandlers,
  type BeforeAnswer,
  type BeforeHandlers,
  type ChannelHandlers,
  collectHandlers,
  type Handlers,
  handlerFor,
} from './handlers.ts'
import { createVerifier, type Verifier, type VerifyOptions } from './verifier.ts'
import { eventIn } from './verify-webhook.ts'
import type { WebhookEvent } from './webhook-event.ts'

/** What a receiver verifies with, and what it calls. */
export interface ReceiverOptions<E extends AnyEvent> extends VerifyOptions {
  /** The definitions of the events that are handled: they type the handlers. @defaultValue any event */
  readonly events?: readonly E[]
  /** Decide: nothing allows, `cancelEvent()` cancels, a throw is an error, for which the webhook's `on_failure` decides. */
  readonly before?: BeforeHandlers<NoInfer<E>>
  /** Are told what has happened. A throw is a 500, and the delivery comes again. */
  readonly after?: AfterHandlers<NoInfer<E>>
  /** Are told what was published on a channel. */
  readonly channel?: ChannelHandlers
  /** Hears what a handler threw; the sender is told nothing of it. */
  readonly onError?: (error: unknown) => void
}

/**
 * A whole receiver as a web-standard fetch handler: checks the signature, calls the handler, answers.
 *
 * Answers 204 for what is allowed or taken, 401 for a bad signature, 400 for a body that holds no event, 405 for anything but POST,
 * 413 for more than `bodyLimit`, 500 when a handler throws. A before event without a handler is answered 501, so that nobody's
 * silence is an approval; an after event or channel message without one is taken.
 *
 * @throws {CarabinerError} SECRET_INVALID
 * @throws {TypeError} for a handler of an event that is not among `events`
 *
 * @example
 * ```ts
 * import { cancelEvent, receiver } from 'carabiner/receiver'
 *
 * const receive = receiver({ secret, before: { adjust: () => cancelEvent('not today') } })
 * const response = await receive(request)
 * ```
 */
export function receiver<const E extends AnyEvent = AnyEvent>(
  options: ReceiverOptions<E>,
): (request: Request) => Promise<Response> {
  const verify = createVerifier(options)
  const handlers = collectHandlers(options)

  const refuse = (error: unknown): Response => {
    const refusal = refusalOf(error)
    if (refusal === undefined) throw error
    return refusal
  }
  const fail = (error: unknown): Response => {
    options.onError?.(error)
    return json(500, { error: 'the webhook could not be handled' })
  }

  return async (request) => {
    if (request.method !== 'POST') {
      return json(405, { error: 'a webhook is a POST' }, { allow: 'POST' })
    }
    return accept(verify, request)
      .then((incoming) => answer(handlers, incoming), refuse)
      .catch(fail)
  }
}

type Incoming =
  | { readonly kind: 'message'; readonly message: ChannelMessage }
  | { readonly kind: 'event'; readonly event: WebhookEvent }

async function accept(verify: Verifier, request: Request): Promise<Incoming> {
  const received = await verify(request)
  return channelOf(received) === undefined
    ? { kind: 'event', event: eventIn(received) }
    : { kind: 'message', message: parseChannelMessage(received) }
}

/** What the sender is told when its request is not accepted; `undefined` when the fault is not its own. */
function refusalOf(error: unknown): Response | undefined {
  if (!(error instanceof CarabinerError)) return undefined
  const status = refusals[error.code]
  return status === undefined ? undefined : json(status, { error: error.message })
}

const refusals: Partial<Record<CarabinerErrorCode, number>> = {
  SIGNATURE_INVALID: 401,
  EVENT_PARAMS_INVALID: 400,
  MESSAGE_TOO_LARGE: 413,
}

async function answer(handlers: Handlers, incoming: Incoming): Promise<Response> {
  if (incoming.kind === 'message') {
    const { message } = incoming
    return acknowledge(await handlerFor(handlers.channel, message.channel)?.(message))
  }
  const { event } = incoming
  switch (event.phase) {
    case 'before': {
      const handler = handlerFor(handlers.before, event.event)
      if (handler === undefined) return json(501, { error: `no handler for before:${event.event}` })
      return decide(await handler(event))
    }
    case 'after':
      return acknowledge(await handlerFor(handlers.after, event.event)?.(event))
  }
}

function decide(decision: BeforeAnswer): Response {
  if (decision === undefined) return new Response(null, { status: 204 })
  if (isCancelReply(decision)) return decision.toResponse()
  // From JavaScript anything may come, `false` for example: it must not pass for an approval.
  if (Array.isArray(decision.warnings)) return json(200, { warnings: decision.warnings })
  throw new TypeError('expected a before handler to return nothing, cancelEvent() or { warnings }')
}

function acknowledge(answer: Acknowledgement): Response {
  return answer instanceof Response ? answer : new Response(null, { status: 204 })
}

function json(status: number, body: object, headers: Record<string, string> = {}): Response {
  const contentType = { 'content-type': 'application/json' }
  return new Response(JSON.stringify(body), { status, headers: { ...contentType, ...headers } })
}
