import {
  type ChannelMessage,
  type EndpointDefinition,
  messageOf,
  newId,
  type OutboundMessage,
  type Scope,
} from 'carabiner'
import { firstSelecting } from './channel-selector.ts'
import { orderKeyOf } from './order-key.ts'
import type { Webhook } from './webhook.ts'

type ChannelScope = Pick<Scope, 'subscribe' | 'publish' | 'deliveries' | 'log'>
type Reply = Parameters<NonNullable<EndpointDefinition['onReply']>>[0]

/** Messages that cause messages: as many after one another as dispatches may be. */
const deepest = 16

/** Where a published reply says how deep in a chain of messages it stands, and to which trace it belongs. */
const depthField = 'carabiner-depth'
const traceField = 'carabiner-trace-id'

/** Has every message of a webhook's channels stored for it, as it is. `publish` resolves when it is stored. */
export function postFromChannels(scope: ChannelScope, webhook: Webhook): void {
  for (const selector of webhook.channels) {
    const isPostedHere = onceFor(webhook.channels, selector)
    scope.subscribe(
      selector,
      async (message, { channel }) => {
        if (isPostedHere(channel)) await post(scope, webhook, message, channel)
      },
      { awaited: true },
    )
  }
}

/** A message that several selectors of a webhook match is posted once: by the first of them. */
function onceFor(selectors: readonly string[], own: string): (channel: string) => boolean {
  if (selectors[0] === own) return () => true
  return (channel) => firstSelecting(selectors, channel) === own
}

/** Publishes a reply on the response channel, one deeper than the message it answers. */
export async function publishReply(
  scope: ChannelScope,
  webhook: Webhook,
  channel: string,
  { contentType, body, traceId, depth }: Reply,
): Promise<void> {
  const metadata = { webhook: webhook.id, [depthField]: String(depth), [traceField]: traceId }
  try {
    await scope.publish(channel, { content: body, contentType, metadata })
  } catch (error) {
    const fields = { webhook: webhook.id, channel, error: messageOf(error) }
    scope.log.error(fields, 'a reply could not be published')
  }
}

async function post(
  scope: ChannelScope,
  webhook: Webhook,
  message: ChannelMessage,
  channel: string,
): Promise<void> {
  const depth = Number(message.metadata[depthField] ?? 0) + 1
  if (depth > deepest) {
    scope.log.error(
      { webhook: webhook.id, channel, depth },
      'a loop of channels and replies was ended',
    )
    return
  }
  const body = message.bytes()
  const orderKey = orderKeyOf(webhook.ordered, body)
  const owed: OutboundMessage = {
    origin: 'channel',
    type: channel,
    contentType: message.contentType,
    body,
    headers: { 'x-carabiner-channel': channel },
    traceId: message.metadata[traceField] ?? newId(),
    depth,
    to: [{ endpoint: webhook.id, ...(orderKey !== undefined && { orderKey }) }],
  }
  await scope.deliveries.send([owed])
}
