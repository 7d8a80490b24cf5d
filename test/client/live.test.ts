import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Client } from '../../src/client.ts'
import { type Receiver, receiver } from '../helpers/receiver.ts'
import { type Api, ops, opsKey, startApi } from '../plugins/subscriptions/api.ts'
import { clientOf, event, withGuard } from './live-setting.ts'

describe('carabiner/client with a host', () => {
  let api: Api
  let endpoint: Receiver
  let client: Client
  before(async () => {
    endpoint = await receiver()
    api = await startApi(withGuard)
    client = clientOf(api)
  })
  after(async () => {
    await api[Symbol.asyncDispose]()
    await endpoint[Symbol.asyncDispose]()
  })

  /** A subscription at a URL of its own. */
  async function subscribe(path: string, event_types: readonly string[] = ['order.created']) {
    const callback_url = `${endpoint.url}/${path}`
    const body = { callback_url, event_types, secret: 'a-secret-of-this-test' }
    return (await client.upsertWebhookSubscription(body)).subscription
  }

  it('subscribes, shows, changes and revokes', async () => {
    const made = await subscribe('life', ['life.*'])
    const id = made.subscription_id
    const changed = await client.updateWebhookSubscription(id, { active: false, description: 'x' })
    const shown = await client.getWebhookSubscription(id)
    const revoked = await client.deleteWebhookSubscription(id)
    const again = await client.deleteWebhookSubscription(id)

    assert.partialDeepStrictEqual(made, {
      owner_agent: ops,
      callback_url: `${endpoint.url}/life`,
      event_types: ['life.*'],
      active: true,
      secret_hint: '****test',
    })
    assert.deepEqual(shown, changed)
    assert.deepEqual(shown.subscription, {
      ...made,
      active: false,
      description: 'x',
      updated_at: shown.subscription.updated_at,
    })
    assert.deepEqual(revoked, { ok: true, subscription_id: id, revoked_at: revoked.revoked_at })
    assert.deepEqual(again, revoked)
  })

  it('rotates a secret, and tests a subscription with it', async () => {
    const { subscription_id: id } = await subscribe('rotated', ['none.of.these'])

    const generated = await client.rotateWebhookSubscriptionSecret(id)
    const given = await client.rotateWebhookSubscriptionSecret(id, {
      secret: 'another-secret-of-this-test',
      grace: '1h',
    })
    const tested = await client.testWebhookSubscription(id)
    const { deliveries } = await client.listWebhookSubscriptionDeliveries(id)

    assert.match(generated.secret ?? '', /^whsec_/)
    assert.equal(generated.subscription.secret_hint, `****${generated.secret?.slice(-4)}`)
    assert.equal(given.secret, undefined)
    assert.partialDeepStrictEqual(tested, {
      subscription_id: id,
      delivery: { status: 'delivered', attempts: 1, response_status: 200, last_error: null },
    })
    assert.equal(deliveries[0]?.delivery_id, tested.delivery.delivery_id)
    assert.equal(deliveries[0]?.event_id, null)
  })

  it('walks a listing page by page, whatever is added meanwhile', async () => {
    const own = clientOf(api, { apiKey: opsKey })
    const options = { ownerAgent: 'agent://acme/pages' }
    const ids: string[] = []
    for (const path of ['p1', 'p2', 'p3', 'p4', 'p5']) ids.unshift(await subscribeFor(path))

    const walked: string[] = []
    let cursor: string | null = null
    do {
      const page = await own.listWebhookSubscriptions(
        { limit: 2, include_inactive: true, ...(cursor !== null && { cursor }) },
        options,
      )
      walked.push(...page.subscriptions.map(({ subscription_id }) => subscription_id))
      cursor = page.next_cursor
      if (walked.length === 2) await subscribeFor('added')
    } while (cursor !== null)

    assert.deepEqual(walked, ids)

    async function subscribeFor(path: string): Promise<string> {
      const body = { callback_url: `${endpoint.url}/${path}`, event_types: ['*'], active: false }
      const { subscription } = await own.upsertWebhookSubscription(body, options)
      assert.equal(subscription.owner_agent, options.ownerAgent)
      return subscription.subscription_id
    }
  })

  it('publishes, shows what became of it, and replays', async () => {
    const { subscription_id } = await subscribe('told')

    const published = await client.publishWebhookEvent(event, { traceId: 'trace-of-this-test' })
    const id = published.event_id
    const replayed = await client.replayWebhookEvent(id)
    const found = await client.getWebhookEvent(id)
    const sent = await client.listWebhookEventDeliveries(id, { limit: 1 })

    const counters = {
      queued_deliveries: 1,
      processed_deliveries: 1,
      delivered: 1,
      pending: 0,
      dead_lettered: 0,
    }
    const { accepted_at, ...told } = published
    const { payload, ...rest } = event
    const common = { owner_agent: ops, event_id: id, ...counters }
    assert.deepEqual(told, { ok: true, ...rest, ...common })
    const { replayed_at } = replayed
    assert.deepEqual(replayed, {
      ok: true,
      event_type: event.event_type,
      ...common,
      replayed_at,
    })
    assert.partialDeepStrictEqual(found.event, { payload, occurred_at: accepted_at, replayed_at })
    assert.equal(found.event.delivered, 2)
    assert.equal(sent.deliveries[0]?.subscription_id, subscription_id)
    assert.notEqual(sent.next_cursor, null)
    const requests = endpoint.received.filter(({ path }) => path === '/told')
    assert.deepEqual(
      requests.map(({ text }) => JSON.parse(text).replay),
      [false, true],
    )
    assert.equal(requests[0]?.headers['x-trace-id'], 'trace-of-this-test')
    await client.deleteWebhookSubscription(subscription_id)
  })

  it('publishes many, of which each is decided on by itself', async () => {
    const { results } = await client.publishWebhookEvents([
      event,
      { ...event, payload: { order: 13 } },
    ])

    const [first, second] = results
    assert.ok(first?.ok === true && second?.ok === false)
    assert.equal(first.event_type, event.event_type)
    assert.deepEqual(second.error, {
      code: 'event_cancelled',
      message: 'an unlucky number',
      details: {},
    })
  })

  it('says what the host can do, and how it is', async () => {
    const able = await client.getCapabilities()
    const health = await clientOf(api, {}).health()

    assert.ok(able.capabilities.includes('webhooks.events.replay'))
    assert.ok(able.supported_intent_types.includes('intent.subscriptions_publish.v1'))
    assert.deepEqual(
      [health.ok, health.status, health.checks['memory']?.status],
      [true, 'ok', 'ok'],
    )
  })
})
