import { defineEvent } from 'carabiner'
import { cancelEvent, receiver, verifyWebhook } from 'carabiner/receiver'
import { Type } from 'typebox'

// In your programs this is imported from the connector, so that both sides have one definition.
const adjust = defineEvent('adjust', { params: Type.Object({ factor: Type.Number() }) })

export const receive: (request: Request) => Promise<Response> = receiver({
  secret: 's3cr3t',
  events: [adjust],
  // `params.factor` is a number here, and `adjsut` would not compile.
  before: { adjust: ({ params }) => (params.factor > 2 ? cancelEvent('too much') : undefined) },
})

export async function factorOf(request: Request): Promise<number> {
  const event = await verifyWebhook(request, { secret: 's3cr3t', events: [adjust] })
  return event.params.factor
}
