import type { AnyEvent } from '../bus/event.ts'
import type { CancelReply } from './cancel-event.ts'
import type { ChannelMessage } from './channel-message.ts'
import type { AfterEvent, BeforeEvent } from './webhook-event.ts'

/** Nothing allows the event; `warnings` allows it and tells whoever dispatched it. */
export type BeforeAnswer = CancelReply | { readonly warnings: readonly string[] } | undefined | void

/** Nothing is a 204; a `Response` is sent as it is (its body goes to the webhook's `response_channel`). */
export type Acknowledgement = Response | undefined | void

/** Decides whether an event may happen. */
export type BeforeWebhookHandler<E extends AnyEvent = AnyEvent> = (
  event: BeforeEvent<E>,
) => BeforeAnswer | Promise<BeforeAnswer>
/** Is told of an event that has happened. */
export type AfterWebhookHandler<E extends AnyEvent = AnyEvent> = (
  event: AfterEvent<E>,
) => Acknowledgement | Promise<Acknowledgement>
/** Is told of a message that was published on a channel. */
export type ChannelHandler = (message: ChannelMessage) => Acknowledgement | Promise<Acknowledgement>

/** By the event's name; `*` for events without a handler of their own. */
export type BeforeHandlers<E extends AnyEvent> = AnyEvent extends E
  ? Readonly<Record<string, BeforeWebhookHandler>>
  : { readonly [D in E as D['name']]?: BeforeWebhookHandler<D> } & {
      readonly '*'?: BeforeWebhookHandler
    }
/** By the event's name; `*` for events without a handler of their own. */
export type AfterHandlers<E extends AnyEvent> = AnyEvent extends E
  ? Readonly<Record<string, AfterWebhookHandler>>
  : { readonly [D in E as D['name']]?: AfterWebhookHandler<D> } & {
      readonly '*'?: AfterWebhookHandler
    }
/** By the channel's name; `*` for channels without a handler of their own. */
export type ChannelHandlers = Readonly<Record<string, ChannelHandler>>

/** A receiver's handlers, looked up without the traps of a plain object. */
export interface Handlers {
  readonly before: ReadonlyMap<string, BeforeWebhookHandler>
  readonly after: ReadonlyMap<string, AfterWebhookHandler>
  readonly channel: ReadonlyMap<string, ChannelHandler>
}

/** @throws {TypeError} for a handler of an event that is not among `events`, and for one that is no function */
export function collectHandlers<E extends AnyEvent>(options: {
  readonly events?: readonly E[]
  readonly before?: BeforeHandlers<E>
  readonly after?: AfterHandlers<E>
  readonly channel?: ChannelHandlers
}): Handlers {
  const { events, before, after, channel } = options
  const names = events?.map(({ name }) => name)
  return {
    before: byName<BeforeWebhookHandler>('before', before, names),
    after: byName<AfterWebhookHandler>('after', after, names),
    channel: byName<ChannelHandler>('channel', channel, undefined),
  }
}

export function handlerFor<H>(handlers: ReadonlyMap<string, H>, name: string): H | undefined {
  return handlers.get(name) ?? handlers.get('*')
}

function byName<H>(
  place: string,
  handlers: object | undefined,
  names: readonly string[] | undefined,
): ReadonlyMap<string, H> {
  const given = Object.entries(handlers ?? {}).filter(([, handler]) => handler !== undefined)
  for (const [name, handler] of given) {
    if (typeof handler !== 'function') {
      throw new TypeError(`expected a function as the ${place} handler of \`${name}\``)
    }
    if (name !== '*' && names?.includes(name) === false) {
      throw new TypeError(`the ${place} handler of \`${name}\` has no event among \`events\``)
    }
  }
  // A handler wants the event it stands under, and is called with no other: it is looked up by that event's name.
  return new Map(given as [string, H][])
}
