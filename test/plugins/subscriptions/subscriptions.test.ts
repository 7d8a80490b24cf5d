import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { eventually } from '../../helpers/engine.ts'
import { receiver } from '../../helpers/receiver.ts'
import { type Api, ops, rivalKey, startApi } from './api.ts'

const path = '/v1/webhooks/subscriptions'
const unknown = '0198a6a2-8b1c-7c0e-9a54-0d8d6a0b8d11'
const secret = 'a-secret-of-this-test'
let urls = 0

/** A URL that no other test has subscribed. */
function aUrl(): string {
  urls += 1
  return `http://127.0.0.1:9/${urls}`
}

describe('subscriptions over HTTP', () => {
  let api: Api
  before(async () => {
    api = await startApi()
  })
  after(() => api[Symbol.asyncDispose]())

  it('are made with an id, and never show their secret again', async () => {
    const body = { callback_url: aUrl(), event_types: ['order.created', 'inbox.*'], secret }

    const answered = await api.call('POST', path, { body: { ...body, description: 'for tests' } })

    assert.equal(answered.status, 200)
    const subscription = answered.json['subscription'] ?? {}
    assert.partialDeepStrictEqual(subscription, {
      owner_agent: ops,
      callback_url: body.callback_url,
      event_types: body.event_types,
      active: true,
      description: 'for tests',
      revoked_at: null,
      secret_hint: '****test',
    })
    assert.match(String(subscription['subscription_id']), /^[0-9a-f-]{36}$/)
    assert.equal(answered.text.includes(secret), false)
  })

  it('have no hint without a secret', async () => {
    const body = { callback_url: aUrl(), event_types: ['*'] }

    const { subscription } = await api.ok('POST', path, { body })

    assert.equal(subscription?.['secret_hint'], null)
  })

  it('are changed by the same owner and URL: the id stays, the secret unless there is a new one', async () => {
    const callback_url = aUrl()
    const id = await api.subscribe(callback_url, { secret, description: 'first' })

    const { subscription } = await api.ok('POST', path, {
      body: { callback_url, event_types: ['order.*'], active: false },
    })

    assert.partialDeepStrictEqual(subscription, {
      subscription_id: id,
      event_types: ['order.*'],
      active: false,
      description: null,
      secret_hint: '****test',
    })
    const again = { callback_url, event_types: ['*'], secret: 'another-secret-of-mine' }
    const changed = await api.ok('POST', path, { body: again })
    assert.equal(changed['subscription']?.['secret_hint'], '****mine')
  })

  it('are one, however many subscribe the same URL at once', async () => {
    const callback_url = aUrl()

    const ids = await Promise.all(Array.from({ length: 20 }, () => api.subscribe(callback_url)))

    assert.equal(new Set(ids).size, 1)
  })

  it('of two owners at one URL are two', async () => {
    const callback_url = aUrl()

    const mine = await api.subscribe(callback_url)
    const theirs = await api.subscribe(callback_url, {}, { key: rivalKey })

    assert.notEqual(mine, theirs)
  })

  it('are shown, changed and revoked by their id', async () => {
    const id = await api.subscribe(aUrl(), { secret })
    const callback_url = aUrl()

    const shown = await api.ok('GET', `${path}/${id.toUpperCase()}`)
    const changed = await api.ok('PATCH', `${path}/${id}`, {
      body: { callback_url, active: false, event_types: ['a.*', 'a.*'], description: null },
    })

    assert.equal(shown['subscription']?.['subscription_id'], id)
    assert.partialDeepStrictEqual(changed['subscription'], {
      subscription_id: id,
      callback_url,
      active: false,
      event_types: ['a.*'],
      secret_hint: '****test',
    })
  })

  it('keeps no secret once it is revoked', async () => {
    const id = await api.subscribe(aUrl(), { secret: 'a-secret-nobody-needs' })

    await api.ok('DELETE', `${path}/${id}`)

    const { store } = api.project.host
    const kept = await store.records('subscriptions/subscription', [id])
    assert.equal(kept.length, 1)
    assert.ok(!JSON.stringify(kept).includes('a-secret-nobody-needs'))
  })

  it('cannot take the URL of another one', async () => {
    const taken = aUrl()
    await api.subscribe(taken)
    const id = await api.subscribe(aUrl())

    const refused = await api.call('PATCH', `${path}/${id}`, { body: { callback_url: taken } })

    assert.equal(refused.status, 409)
    assert.equal(refused.json['error']?.['code'], 'callback_url_taken')
  })

  it('are revoked once: again answers the same moment', async () => {
    const id = await api.subscribe(aUrl())

    const first = await api.ok('DELETE', `${path}/${id}`)
    const second = await api.ok('DELETE', `${path}/${id}`)

    assert.deepEqual(second, first)
    assert.equal(first['subscription_id'], id)
  })

  it('are not changed once they are revoked', async () => {
    const id = await api.subscribe(aUrl())
    await api.ok('DELETE', `${path}/${id}`)

    for (const [method, at, body] of [
      ['PATCH', `${path}/${id}`, { active: false }],
      ['POST', `${path}/${id}/rotate-secret`, {}],
      ['POST', `${path}/${id}/test`, undefined],
    ] as const) {
      const refused = await api.call(method, at, { body })
      assert.equal(refused.status, 409, at)
      assert.equal(refused.json['error']?.['code'], 'subscription_revoked')
    }
  })

  it('are revived under a new id, without the secret of before', async () => {
    const callback_url = aUrl()
    const id = await api.subscribe(callback_url, { secret })
    await api.ok('DELETE', `${path}/${id}`)

    const { subscription } = await api.ok('POST', path, {
      body: { callback_url, event_types: ['*'] },
    })

    assert.notEqual(subscription?.['subscription_id'], id)
    assert.equal(subscription?.['secret_hint'], null)
    assert.equal(subscription?.['revoked_at'], null)
    const old = await api.ok('GET', `${path}/${id}`)
    assert.notEqual(old['subscription']?.['revoked_at'], null)
  })

  it('that are unknown, and those of others, are not there, in the same words', async () => {
    const theirs = await api.subscribe(aUrl(), {}, { key: rivalKey })
    const calls = [
      ['GET', ''],
      ['DELETE', ''],
      ['GET', '/deliveries'],
      ['POST', '/test'],
      ['POST', '/rotate-secret'],
    ] as const

    for (const [method, rest] of calls) {
      const foreign = await api.call(method, `${path}/${theirs}${rest}`)
      const none = await api.call(method, `${path}/${unknown}${rest}`)
      assert.equal(foreign.status, 404, rest)
      assert.equal(foreign.text, none.text)
    }
    const patch = { body: { active: false } }
    assert.equal((await api.call('PATCH', `${path}/${theirs}`, patch)).status, 404)
  })

  it('with an id that is none are refused by their path', async () => {
    const refused = await api.call('DELETE', `${path}/not-an-id`)

    assert.equal(refused.status, 422)
    assert.deepEqual(refused.json['detail']?.[0]?.['loc'], ['path', 'subscription_id'])
  })

  it('leave rows in the audit trail', async () => {
    const id = await api.subscribe(aUrl(), { secret })
    await api.ok('PATCH', `${path}/${id}`, { body: { active: false } })
    await api.ok('POST', `${path}/${id}/rotate-secret`, { body: {} })
    await api.ok('DELETE', `${path}/${id}`)

    const { rows } = await api.project.host.store.auditTrail({ entityId: id })

    assert.deepEqual(rows.map(({ action }) => action).toSorted(), [
      'subscription.created',
      'subscription.revoked',
      'subscription.secret_rotated',
      'subscription.updated',
    ])
    assert.ok(rows.every(({ actor, entityType }) => actor === ops && entityType === 'subscription'))
    assert.equal(JSON.stringify(rows).includes(secret), false)
  })

  it('for types that are no names, or too many of them, are refused', async () => {
    for (const event_types of [
      [],
      ['a*'],
      ['*.a'],
      Array.from({ length: 33 }, () => '*'),
      ['ab'],
    ]) {
      const body = { callback_url: aUrl(), event_types }
      assert.equal((await api.call('POST', path, { body })).status, 422)
    }
  })
})

describe('a list of subscriptions', () => {
  it('shows those that are active, newest first, and the others when it is asked to', async () => {
    await using api = await startApi()
    const first = await subscribeLater(api, 'http://127.0.0.1:9/1')
    const paused = await subscribeLater(api, 'http://127.0.0.1:9/2', { active: false })
    const revoked = await subscribeLater(api, 'http://127.0.0.1:9/3')
    await api.ok('DELETE', `${path}/${revoked}`)
    const last = await subscribeLater(api, 'http://127.0.0.1:9/4')

    const active = await idsOf(api, path)
    const all = await idsOf(api, `${path}?include_inactive=true`)
    const theirs = await idsOf(api, path, rivalKey)

    assert.deepEqual(active, [last, first])
    assert.deepEqual(all, [last, revoked, paused, first])
    assert.deepEqual(theirs, [])
  })

  it('goes on where a page ended, whatever was added or revoked meanwhile', async () => {
    await using api = await startApi()
    const made: string[] = []
    for (let n = 0; n < 25; n += 1) made.push(await subscribeLater(api, `http://127.0.0.1:9/${n}`))

    const seen: string[] = []
    let cursor: string | null = ''
    for (let added = 100; cursor !== null; added += 1) {
      const answered = await api.call(
        'GET',
        `${path}?limit=7&cursor=${cursor}`.replace(/&cursor=$/, ''),
      )
      seen.push(...listed(answered.json))
      cursor = answered.headers.get('x-next-cursor')
      await api.subscribe(`http://127.0.0.1:9/${added}`)
    }

    assert.deepEqual(seen, made.toReversed())
  })

  it('ends without a cursor when the last page is full', async () => {
    await using api = await startApi()
    for (let n = 0; n < 4; n += 1) await api.subscribe(`http://127.0.0.1:9/${n}`)

    const first = await api.call('GET', `${path}?limit=2`)
    const last = await api.call(
      'GET',
      `${path}?limit=2&cursor=${first.headers.get('x-next-cursor')}`,
    )

    assert.equal(last.headers.get('x-next-cursor'), null)
    assert.equal(listed(last.json).length, 2)
  })

  it('refuses cursors and limits that are none', async () => {
    await using api = await startApi()

    for (const query of [
      'cursor=abc',
      'limit=0',
      'limit=1001',
      'limit=x',
      'include_inactive=yes',
    ]) {
      const refused = await api.call('GET', `${path}?${query}`)
      assert.equal(refused.status, 422, query)
      assert.deepEqual(refused.json['detail']?.[0]?.['loc'], ['query', query.split('=')[0]])
    }
  })
})

describe('the rules of an assembly for subscriptions', () => {
  it('refuse URLs that nothing would be sent to', async () => {
    await using api = await startApi({ stanza: 'egress: { allow: [127.0.0.1] }' })

    for (const callback_url of [
      'http://example.com/plain',
      'https://example.com:22/',
      'https://user:word@example.com/',
      'https://10.0.0.5/',
      'https://[::1]/',
      'https://169.254.169.254/latest',
      'https://2130706433/',
      'ftp://example.com/',
    ]) {
      const refused = await api.call('POST', path, { body: { callback_url, event_types: ['*'] } })
      const isAllowed = callback_url.includes('2130706433')
      assert.equal(refused.status, isAllowed ? 200 : 422, callback_url)
      if (!isAllowed)
        assert.deepEqual(refused.json['detail']?.[0]?.['loc'], ['body', 'callback_url'])
      assert.equal(refused.text.includes('user:word'), false)
    }
  })

  it('demand a secret where they say so, of revived ones too', async () => {
    await using api = await startApi({ stanza: 'require_secret: true' })
    const body = { callback_url: 'http://127.0.0.1:9/', event_types: ['*'] }

    const refused = await api.call('POST', path, { body })
    const id = await api.subscribe(body.callback_url, { secret })
    const kept = await api.call('POST', path, { body })
    await api.ok('DELETE', `${path}/${id}`)
    const revived = await api.call('POST', path, { body })

    assert.deepEqual([refused.status, kept.status, revived.status], [422, 200, 422])
    assert.deepEqual(refused.json['detail']?.[0]?.['loc'], ['body', 'secret'])
  })

  it('refuse secrets that the signatures cannot be made with', async () => {
    await using api = await startApi()

    for (const secret of ['whsec_not-base64-at-all', ' '.repeat(16), 'whpk_'.padEnd(40, 'A')]) {
      const body = { callback_url: 'http://127.0.0.1:9/', event_types: ['*'], secret }
      const refused = await api.call('POST', path, { body })
      assert.equal(refused.status, 422)
      assert.deepEqual(refused.json['detail']?.[0]?.['loc'], ['body', 'secret'])
      assert.equal(refused.text.includes(secret.slice(6).trim() || '•'), false)
    }
  })

  it('name the types that can be subscribed', async () => {
    await using api = await startApi({ stanza: 'event_types: [inbox.thread_created]' })

    for (const [type, status] of [
      ['inbox.thread_created', 200],
      ['inbox.*', 200],
      ['*', 200],
      ['inbox.thread_deleted', 422],
      ['outbox.*', 422],
    ] as const) {
      const body = { callback_url: 'http://127.0.0.1:9/', event_types: ['*', type] }
      const answered = await api.call('POST', path, { body })
      assert.equal(answered.status, status, type)
      if (status === 422) {
        assert.deepEqual(answered.json['detail']?.[0]?.['loc'], ['body', 'event_types', 1])
      }
    }
  })
})

describe('a revoked subscription', () => {
  it('gets nothing more: what waits for it is cancelled', async () => {
    await using endpoint = await receiver({ answers: [503] })
    await using api = await startApi()
    const id = await api.subscribe(endpoint.url)
    await api.publish()
    const { store } = api.project.host
    const stateOf = async () => (await store.deliveries({ endpoint: `subscription/${id}` })).rows[0]
    await eventually(async () => (await stateOf())?.attempts === 1)

    await api.ok('DELETE', `${path}/${id}`)

    assert.equal((await stateOf())?.state, 'cancelled')
    const { deliveries } = await api.ok('GET', `${path}/${id}/deliveries`)
    assert.partialDeepStrictEqual(deliveries?.[0], {
      status: 'cancelled',
      last_error: 'subscription revoked',
      attempts: 1,
    })
    const published = await api.publish()
    assert.equal(published['queued_deliveries'], 0)
  })
})

describe('a subscription whose receiver has answered 410', () => {
  it('gets events again when somebody says that it is active', async () => {
    await using endpoint = await receiver({ answers: [410, 410, 200] })
    await using api = await startApi({ stanza: 'settle_wait: 5s' })
    const id = await api.subscribe(endpoint.url)
    const deadLettered = async () => (await api.publish())['dead_lettered']
    const queued = async () => (await api.publish())['queued_deliveries']

    assert.deepEqual([await deadLettered(), await queued()], [1, 0])
    await api.ok('PATCH', `${path}/${id}`, { body: { active: true } })
    assert.deepEqual([await deadLettered(), await queued()], [1, 0])
    await api.ok('PATCH', `${path}/${id}`, { body: { description: 'the same' } })
    assert.equal(await queued(), 0)
    const again = await api.subscribe(endpoint.url)
    const published = await api.publish()

    assert.equal(again, id)
    assert.deepEqual([published['queued_deliveries'], published['delivered']], [1, 1])
  })
})

/** In a later millisecond than what was made before: those of one millisecond are listed by their ids, which are random. */
async function subscribeLater(api: Api, url: string, fields = {}): Promise<string> {
  const now = Date.now()
  await eventually(async () => Date.now() > now)
  return api.subscribe(url, fields)
}

async function idsOf(api: Api, at: string, key?: string): Promise<readonly unknown[]> {
  return listed(await api.ok('GET', at, key === undefined ? {} : { key }))
}

function listed(json: object): readonly string[] {
  const { subscriptions } = json as { readonly subscriptions: readonly Record<string, string>[] }
  return subscriptions.map(({ subscription_id: id = '' }) => id)
}
