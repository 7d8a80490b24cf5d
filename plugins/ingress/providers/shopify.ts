import { missingHeader, type Reading } from './facts.ts'
import { parseInstant } from './instant.ts'
import { textAt } from './payload.ts'
import type { JsonObject, ProviderRequest, ProviderSample } from './provider.ts'
import type { ProviderKind } from './provider-kind.ts'
import { schemeIn, schemeNamed } from './scheme.ts'

/** Of the webhooks that Shopify calls events, whose headers have no `x-` before their names. */
const eventsSignature = 'shopify-hmac-sha256'

/** https://shopify.dev/docs/apps/build/webhooks */
export const shopify: ProviderKind = {
  bodies: ['json'],
  schemes: [{ scheme: schemeNamed('shopify') }, { scheme: schemeIn('shopify', eventsSignature) }],
  read,
  headers,
  sample: {
    contentType: 'application/json',
    body: JSON.stringify({
      id: 450789469,
      admin_graphql_api_id: 'gid://shopify/Order/450789469',
      name: '#9999',
      email: 'jon@example.com',
      currency: 'USD',
      total_price: '403.00',
    }),
  },
}

function read(request: ProviderRequest, payload: JsonObject): Reading {
  const prefix = request.header(eventsSignature) === undefined ? 'x-shopify' : 'shopify'
  const of = (name: string): string => request.header(`${prefix}-${name}`) ?? ''
  const topic = of('topic')
  if (topic === '') return missingHeader(`${prefix}-topic`)

  return {
    kind: 'facts',
    facts: {
      eventType: topic,
      externalEventId: of('webhook-id') || null,
      occurredAt: parseInstant(of('triggered-at')) ?? request.now,
      subject: textAt(payload, '/admin_graphql_api_id', '/id') ?? (of('shop-domain') || null),
      data: payload,
    },
  }
}

function headers(sample: ProviderSample, id: string): Readonly<Record<string, string>> {
  return {
    'x-shopify-topic': sample.event ?? 'orders/create',
    'x-shopify-shop-domain': 'example.myshopify.com',
    'x-shopify-api-version': '2026-01',
    'x-shopify-webhook-id': id,
    'x-shopify-triggered-at': new Date(sample.now).toISOString(),
  }
}
