import type { Webhook } from '../books/webhook-record.ts'
import { RawJson } from './raw-json.ts'
import { rfc3339 } from './time.ts'

/** The request that an event came with, as the API and the command line show it. */
export interface WebhookView {
  readonly externalEventId: string | null
  readonly idempotencyKey: string
  readonly signatureValid: boolean
  readonly requestHeaders: Readonly<Record<string, string>>
  /** JSON, or the text of a form; `null` once it was erased. */
  readonly rawPayload: RawJson | string | null
  readonly sourceIp: string
  readonly receivedAt: string
}

export function webhookView(webhook: Webhook): WebhookView {
  const { externalEventId, idempotencyKey, signatureValid, requestHeaders, sourceIp } = webhook
  return {
    externalEventId,
    idempotencyKey,
    signatureValid,
    requestHeaders,
    rawPayload: rawPayload(webhook),
    sourceIp,
    receivedAt: rfc3339(webhook.receivedAt),
  }
}

const utf8 = new TextDecoder()

/** What is no form was read as JSON before it was stored. */
function rawPayload({ body, requestHeaders }: Webhook): RawJson | string | null {
  if (body === null) return null
  const text = utf8.decode(body)
  const isForm = /^application\/x-www-form-urlencoded\b/i.test(requestHeaders['content-type'] ?? '')
  return isForm ? text : new RawJson(text)
}
