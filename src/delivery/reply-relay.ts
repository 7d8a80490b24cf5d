import type { Logger } from '../bus/handler.ts'
import type { EndpointDefinition } from './endpoint.ts'
import type { HeldDelivery } from './held-deliveries.ts'
import type { CompleteReply, Reply } from './sender.ts'

/** The reply of a receiver is a message too, for whoever asked for it. `undefined`: nobody did, or there is nothing in it. */
export function passReplyOn(
  log: Logger,
  held: HeldDelivery,
  reply: Reply,
): Promise<void> | undefined {
  const { onReply } = held.endpoint.definition
  const isEmpty = reply.kind !== 'reply' || reply.body.byteLength === 0
  return onReply === undefined || isEmpty ? undefined : tell(onReply, log, held, reply)
}

async function tell(
  onReply: NonNullable<EndpointDefinition['onReply']>,
  log: Logger,
  { delivery, endpoint }: HeldDelivery,
  { headers, body }: CompleteReply,
): Promise<void> {
  const contentType = headers.find(([name]) => name === 'content-type')?.[1]
  const { traceId, depth } = delivery.message
  try {
    await onReply({
      contentType: contentType ?? 'application/octet-stream',
      body,
      traceId,
      depth,
    })
  } catch (error) {
    log.warn(
      { err: error, delivery: delivery.id, endpoint: endpoint.id },
      'the reply could not be passed on',
    )
  }
}
