import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { describe, it } from 'node:test'
import '@shopify/shopify-api/adapters/node'
import { ApiVersion, shopifyApi } from '@shopify/shopify-api'
import { createProvider } from '../../../../plugins/ingress/providers/providers.ts'
import { eventOf, json, now, requestOf, type Sent, signed, urlOf, verdictOn } from './sent.ts'

const secret = 'hush'
const shopify = createProvider({ provider: 'shopify', secret: [secret] })
const api = shopifyApi({
  apiKey: 'key',
  apiSecretKey: secret,
  hostName: 'hooks.example.com',
  apiVersion: ApiVersion.January26,
  isEmbeddedApp: false,
  logger: { log: () => undefined },
})

/** What Shopify's own library makes of a request; without its topic when it refuses it. */
async function validate({ headers, body }: Sent) {
  const given = Object.entries(headers).filter(
    (each): each is [string, string] => each[1] !== undefined,
  )
  const rawRequest = { method: 'POST', url: '/', headers: Object.fromEntries(given) }
  const rawBody = Buffer.from(body).toString('utf8')
  return api.webhooks.validate({ rawBody, rawRequest, rawResponse: {} })
}

function sentByShopify(prefix: string, topic: string, payload: object): Sent {
  const body = JSON.stringify(payload)
  const headers = {
    'content-type': json,
    [`${prefix}-topic`]: topic,
    [`${prefix}-hmac-sha256`]: createHmac('sha256', secret).update(body).digest('base64'),
    [`${prefix}-shop-domain`]: 'gate.myshopify.com',
    [`${prefix}-api-version`]: '2026-01',
    [`${prefix}-webhook-id`]: 'b54557e4-bdd9-4b37-8a5f-bf7d70bcd043',
    [`${prefix}-triggered-at`]: '2026-01-05T09:30:00.123456789Z',
  }
  return { headers, body: Buffer.from(body), url: urlOf(shopify), now }
}

describe('Shopify', () => {
  for (const prefix of ['x-shopify', 'shopify']) {
    it(`is verified and read with ${prefix} headers, as its own library does`, async () => {
      const payload = { id: 1, admin_graphql_api_id: 'gid://shopify/Order/1' }
      const sent = sentByShopify(prefix, 'orders/create', payload)

      const validation = await validate(sent)

      assert.ok(validation.valid)
      assert.deepEqual(verdictOn(shopify, sent), { kind: 'verified' })
      const event = eventOf(shopify, sent)
      assert.deepEqual(event, {
        eventType: 'orders/create',
        externalEventId: validation.webhookId,
        occurredAt: Date.UTC(2026, 0, 5, 9, 30, 0, 123),
        subject: 'gid://shopify/Order/1',
        payload: {
          provider: 'shopify',
          eventType: 'orders/create',
          externalEventId: validation.webhookId,
          data: payload,
        },
      })
    })
  }

  it('is about the shop when it is about nothing else', () => {
    const sent = sentByShopify('x-shopify', 'shop/redact', {})

    assert.equal(eventOf(shopify, sent).subject, 'gate.myshopify.com')
  })

  it('needs a topic', () => {
    const sent = sentByShopify('x-shopify', '', {})

    assert.deepEqual(shopify.normalize(requestOf(sent), {}), {
      kind: 'misfit',
      errors: [{ pointer: '', message: 'missing x-shopify-topic header' }],
    })
  })

  it('signs samples as its own library verifies them', async () => {
    const sent = signed(shopify, { event: 'orders/paid' })
    const altered = { ...sent, body: Buffer.from('{}') }

    const [genuine, forged] = await Promise.all([validate(sent), validate(altered)])

    assert.ok(genuine.valid && !forged.valid)
    assert.equal(eventOf(shopify, sent).eventType, 'orders/paid')
  })
})
