import { Signer } from '../../src/delivery/signing/signer.ts'

export const webhookSecret = 'whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY='

export interface WebhookMaker {
  readonly secrets?: readonly string[]
  readonly signatures?: readonly string[]
  /** UTC milliseconds at which it is signed. */
  readonly now?: number
  /** Replaces or adds to the body's members; `undefined` takes one away. */
  readonly with?: Readonly<Record<string, unknown>>
}

export interface SignedWebhook {
  readonly headers: Record<string, string>
  readonly body: string
}

const facts = {
  id: '018f0f69-63c9-7c86-bf2f-9b62d2cda6f4',
  dispatch_id: '018f0f69-63c9-7c86-bf2f-9b62d2cda6f5',
  created_at: '2026-01-01T00:00:00.000Z',
  params: { component: 'web', factor: 2 },
  actor: null,
  trace_id: 'trace-1',
}

/** A question as the host sends it. */
export function beforeWebhook(maker: WebhookMaker = {}): SignedWebhook {
  const question = { dry_run: false, deadline: '2026-01-01T00:00:30.000Z' }
  return sign({ ...facts, event: 'before:adjust', ...question, ...maker.with }, maker)
}

/** A report as the host sends it. */
export function afterWebhook(maker: WebhookMaker = {}): SignedWebhook {
  const results = [
    { connector: 'scaler', value: { applied: 2 } },
    { connector: 'pager', error: { name: 'Error', message: 'no line' } },
  ]
  return sign({ ...facts, event: 'after:adjust', results, ...maker.with }, maker)
}

/** A web request that carries it. */
export function asRequest({ headers, body }: SignedWebhook): Request {
  return new Request('http://receiver.test/', { method: 'POST', headers, body })
}

/** The headers of a request with any body. */
export function signedHeaders(
  body: string | Uint8Array,
  { secrets = [webhookSecret], signatures = ['servo', 'standard'], now = Date.now() }: WebhookMaker,
): Record<string, string> {
  const timestamp = Math.floor(now / 1_000)
  const bytes = typeof body === 'string' ? Buffer.from(body, 'utf8') : body
  const signer = new Signer(signatures, secrets)
  return {
    'content-type': 'application/json',
    'webhook-id': facts.id,
    'x-carabiner-attempt': '1',
    ...signer.headers({ id: facts.id, timestamp, body: bytes }),
  }
}

function sign(content: object, maker: WebhookMaker): SignedWebhook {
  const body = JSON.stringify(content)
  return { headers: signedHeaders(body, maker), body }
}
