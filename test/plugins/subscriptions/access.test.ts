import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { KeyBook } from '../../../src/access/key-book.ts'
import { systemClock } from '../../../src/clock.ts'
import { type Api, ops, opsKey, readKey, rival, rivalKey, startApi } from './api.ts'

const subscriptions = '/v1/webhooks/subscriptions'
const events = '/v1/webhooks/events'
const id = '0198a6a2-8b1c-7c0e-9a54-0d8d6a0b8d11'

/** Every call there is, with the scope it needs. */
const calls = [
  ['POST', subscriptions, 'subscriptions:write'],
  ['GET', subscriptions, 'read'],
  ['GET', `${subscriptions}/${id}`, 'read'],
  ['PATCH', `${subscriptions}/${id}`, 'subscriptions:write'],
  ['DELETE', `${subscriptions}/${id}`, 'subscriptions:write'],
  ['POST', `${subscriptions}/${id}/rotate-secret`, 'subscriptions:write'],
  ['POST', `${subscriptions}/${id}/test`, 'subscriptions:write'],
  ['GET', `${subscriptions}/${id}/deliveries`, 'read'],
  ['POST', events, 'events:publish'],
  ['POST', `${events}/batch`, 'events:publish'],
  ['GET', `${events}/${id}`, 'read'],
  ['GET', `${events}/${id}/deliveries`, 'read'],
  ['POST', `${events}/${id}/replay`, 'events:replay'],
  ['GET', '/v1/capabilities', 'read'],
] as const

const subscription = { callback_url: 'http://127.0.0.1:9/', event_types: ['*'] }

describe('who may call', () => {
  let api: Api
  before(async () => {
    api = await startApi()
  })
  after(() => api[Symbol.asyncDispose]())

  it('is asked of every call, before anything else', async () => {
    for (const [method, path] of calls) {
      const body = method === 'GET' ? undefined : '{"malformed'
      const missing = await api.call(method, path, { key: null, body })
      const wrong = await api.call(method, path, { key: 'a-key-that-nobody-made', body })

      assert.equal(missing.status, 401, path)
      assert.deepEqual(missing.json, {
        error: {
          code: 'missing_platform_api_key',
          message: missing.json['detail'],
          details: { header: 'x-api-key' },
        },
        detail: missing.json['detail'],
      })
      assert.equal(wrong.status, 401, path)
      assert.equal(wrong.json['error']?.['code'], 'invalid_platform_api_key')
    }
  })

  it('is told by x-api-key or a bearer token; with both, x-api-key counts', async () => {
    const bearer = (token: string): { readonly authorization: string } => ({
      authorization: `Bearer ${token}`,
    })
    const statuses = await Promise.all(
      [
        { key: null, headers: bearer(opsKey) },
        { key: null, headers: { authorization: `bearer ${opsKey}` } },
        { key: null, headers: { authorization: `Basic ${opsKey}` } },
        { key: opsKey, headers: bearer('wrong') },
        { key: 'wrong', headers: bearer(opsKey) },
        { key: '', headers: bearer(opsKey) },
      ].map(async (call) => (await api.call('GET', subscriptions, call)).status),
    )

    assert.deepEqual(statuses, [200, 200, 401, 200, 401, 200])
  })

  it('may only do what the key is good for', async () => {
    const keys = new KeyBook(api.project.host.store, systemClock)
    for (const scope of ['subscriptions:write', 'events:publish', 'events:replay', 'read']) {
      const { secret } = await keys.create({ owner: ops, scopes: [scope] }, 'tests')
      for (const [method, path, needed] of calls) {
        const { status, json } = await api.call(method, path, { key: secret })
        assert.equal(status === 403, scope !== needed, `${scope}: ${method} ${path}: ${status}`)
        if (status === 403) assert.equal(json['error']?.['code'], 'invalid_actor_scope')
      }
    }
    assert.equal((await api.call('GET', subscriptions, { key: readKey })).status, 200)
  })

  it('is known by keys that are made while the host runs, until they are revoked', async () => {
    const keys = new KeyBook(api.project.host.store, systemClock)
    const { key, secret } = await keys.create({ owner: 'agent://new/one' }, 'tests')
    const made = await api.ok('POST', subscriptions, { key: secret, body: subscription })
    await keys.revoke(key.id, 'tests')

    const refused = await api.call('GET', subscriptions, { key: secret })

    assert.equal(made['subscription']?.['owner_agent'], 'agent://new/one')
    assert.equal(refused.status, 401)
  })

  it('acts for its own owner, or for those that the key may act for', async () => {
    const other = 'agent://acme/sales'
    const byQuery = await api.ok(
      'POST',
      `${subscriptions}?owner_agent=${encodeURIComponent(other)}`,
      {
        body: subscription,
      },
    )
    const byHeader = await api.ok('GET', subscriptions, { headers: { 'x-owner-agent': other } })
    const byBoth = await api.call(
      'GET',
      `${subscriptions}?owner_agent=${encodeURIComponent(other)}`,
      {
        headers: { 'x-owner-agent': other },
      },
    )

    assert.equal(byQuery['subscription']?.['owner_agent'], other)
    assert.equal(Object.values(byHeader['subscriptions'] ?? {}).length, 1)
    assert.equal(byBoth.status, 200)
  })

  it('is refused for owners it may not act for, and for two at once', async () => {
    for (const owner of [rival, 'agent://acme', 'agent://acmes/x', 'agent://acme/a b', 'x']) {
      const at = `${subscriptions}?owner_agent=${encodeURIComponent(owner)}`
      const refused = await api.call('GET', at)
      assert.equal(refused.status, 403, owner)
      assert.equal(refused.json['error']?.['code'], 'invalid_actor_scope')
    }
    const foreign = await api.call('GET', subscriptions, {
      key: rivalKey,
      headers: { 'x-owner-agent': ops },
    })
    const both = await api.call('GET', `${subscriptions}?owner_agent=${encodeURIComponent(ops)}`, {
      headers: { 'x-owner-agent': 'agent://acme/sales' },
    })

    assert.equal(foreign.status, 403)
    assert.equal(both.status, 400)
    assert.equal(both.json['error']?.['code'], 'owner_conflict')
  })

  it('cannot name an owner that runs over a line', async () => {
    const at = `${subscriptions}?owner_agent=${encodeURIComponent(`${ops}\n*`)}`

    assert.equal((await api.call('GET', at)).status, 403)
  })

  it('is told what the host can do', async () => {
    const told = await api.ok('GET', '/v1/capabilities')

    assert.deepEqual(Object.values(told['capabilities'] ?? {}), [
      'webhooks.subscriptions',
      'webhooks.events',
      'webhooks.events.replay',
      'capabilities.get',
      'subscriptions',
    ])
    const intents: readonly unknown[] = Object.values(told['supported_intent_types'] ?? {})
    assert.ok(intents.includes('intent.subscriptions_publish.v1'))
  })

  it('keeps its trace and request ids, and gets ones otherwise', async () => {
    const headers = { 'x-trace-id': 'trace-1', 'x-request-id': 'request-1' }

    const answered = await api.call('GET', subscriptions, { headers })
    const refused = await api.call('GET', subscriptions, { headers, key: null })
    const other = await api.call('GET', subscriptions)

    for (const each of [answered, refused]) {
      assert.equal(each.headers.get('x-trace-id'), 'trace-1')
      assert.equal(each.headers.get('x-request-id'), 'request-1')
    }
    assert.match(other.headers.get('x-request-id') ?? '', /^[0-9a-f-]{36}$/)
  })
})

describe('the rate limit', () => {
  it('is one for each key and route, told with every answer', async () => {
    await using api = await startApi({ stanza: 'rate_limit: 3/h' })

    const answers = []
    for (let n = 0; n < 4; n += 1) answers.push(await api.call('GET', subscriptions))
    const other = await api.call('GET', `${subscriptions}/${id}`)
    const somebody = await api.call('GET', subscriptions, { key: rivalKey })

    assert.deepEqual(
      answers.map(({ status }) => status),
      [200, 200, 200, 429],
    )
    assert.deepEqual(
      answers.map(({ headers }) => headers.get('x-ratelimit-remaining')),
      ['2', '1', '0', '0'],
    )
    const refused = answers[3]
    assert.equal(refused?.json['error']?.['code'], 'rate_limit_exceeded')
    assert.equal(refused?.headers.get('x-ratelimit-limit'), '3')
    assert.ok(Number(refused?.headers.get('retry-after')) >= 1)
    const reset = Number(refused?.headers.get('x-ratelimit-reset'))
    assert.ok(reset * 1_000 > Date.now() && reset * 1_000 <= Date.now() + 3_601_000)
    assert.deepEqual([other.status, somebody.status], [404, 200])
  })

  it('counts calls that are refused for their body, not those without a key', async () => {
    await using api = await startApi({ stanza: 'rate_limit: 2/h' })

    const statuses = []
    for (const key of [null, null, null, opsKey, opsKey, opsKey]) {
      statuses.push((await api.call('POST', subscriptions, { key, body: {} })).status)
    }

    assert.deepEqual(statuses, [401, 401, 401, 422, 422, 429])
  })

  it('is told with every answer that counted, whatever it is, and with no other', async () => {
    await using api = await startApi({ stanza: 'rate_limit: 100/h' })
    const post = async (call: Parameters<typeof api.call>[2]) => {
      const { status, headers } = await api.call('POST', subscriptions, call)
      const names = ['x-ratelimit-limit', 'x-ratelimit-remaining', 'x-ratelimit-reset']
      return [status, names.filter((name) => headers.has(name)).length]
    }
    const typed = { 'content-type': 'text/plain' }

    assert.deepEqual(await post({ body: '{' }), [400, 3])
    assert.deepEqual(await post({ body: ' '.repeat(128 * 1024 + 1) }), [413, 3])
    assert.deepEqual(await post({ body: 'x', headers: typed }), [415, 3])
    assert.deepEqual(await post({ body: {} }), [422, 3])
    const missing = await api.call('GET', `${subscriptions}/${id}`)
    assert.deepEqual([missing.status, missing.headers.has('x-ratelimit-limit')], [404, true])

    assert.deepEqual(await post({ key: null, body: {} }), [401, 0])
    const elsewhere = { 'x-owner-agent': 'agent://somebody/else' }
    assert.deepEqual(await post({ body: {}, headers: elsewhere }), [403, 0])
    const wrongMethod = await api.call('PUT', subscriptions)
    assert.deepEqual(
      [wrongMethod.status, wrongMethod.headers.has('x-ratelimit-limit')],
      [405, false],
    )
  })

  it('is 120 a minute', async () => {
    await using api = await startApi({ isBare: true })

    const { headers } = await api.call('GET', subscriptions)

    assert.equal(headers.get('x-ratelimit-limit'), '120')
  })
})
