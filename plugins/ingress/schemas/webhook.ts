import { type TObject, Type } from 'typebox'
import { closed, Moment, orNull, Text } from './fields.ts'

/** The request that an event came with. */
export const WebhookBody: TObject = Type.Object(
  {
    externalEventId: orNull(Text),
    idempotencyKey: Type.Unsafe<string>({
      ...Text,
      description: '`<provider>:<id>`, or `<provider>:payload:<hash>` without an id',
    }),
    signatureValid: Type.Boolean({ description: 'false only where nothing is verified' }),
    requestHeaders: Type.Unsafe<Readonly<Record<string, string>>>({
      type: 'object',
      additionalProperties: { type: 'string' },
      description:
        'Credentials and signatures are masked before they are stored; none once they were erased',
    }),
    rawPayload: Type.Unsafe<unknown>({
      description: 'The JSON that came, or the text of what is no JSON; null once it was erased',
    }),
    sourceIp: Text,
    receivedAt: Moment,
  },
  { ...closed, title: 'ReceivedWebhook' },
)
