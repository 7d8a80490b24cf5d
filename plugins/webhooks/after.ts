import { type AfterContext, type Clock, newId, type OutboundMessage, type Scope } from 'carabiner'
import { orderKeyOf } from './order-key.ts'
import { afterRequest } from './request.ts'
import type { Webhook } from './webhook.ts'

/** Has a webhook told after each of its events: the message is stored before the dispatch resolves, only if it completed. */
export function tellAfter(scope: Pick<Scope, 'deliveries' | 'clock'>, webhook: Webhook): void {
  const { name, when, index } = webhook
  const describe = { kind: 'delivery', path: [index] } as const
  const options = { name, describe, ...(when !== undefined && { when }) }
  const collect = (context: AfterContext): readonly OutboundMessage[] => [
    owedAfter(context, webhook, scope.clock),
  ]
  for (const event of webhook.after) scope.deliveries.owe(event, collect, options)
}

function owedAfter(context: AfterContext, webhook: Webhook, clock: Clock): OutboundMessage {
  const stamp = { id: newId(), createdAt: clock.now() }
  const { hook, contentType, body } = afterRequest(context, stamp, webhook.form)
  const orderKey = orderKeyOf(webhook.ordered, body)
  return {
    id: stamp.id,
    origin: 'webhook',
    type: hook,
    contentType,
    body,
    headers: { 'x-servo-event': hook },
    traceId: context.traceId,
    depth: context.depth + 1,
    to: [{ endpoint: webhook.id, ...(orderKey !== undefined && { orderKey }) }],
  }
}
