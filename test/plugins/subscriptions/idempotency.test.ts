import assert from 'node:assert/strict'
import { DatabaseSync } from 'node:sqlite'
import { describe, it } from 'node:test'
import { CarabinerError } from '../../../src/errors.ts'
import type { Store } from '../../../src/store/store.ts'
import { receiver } from '../../helpers/receiver.ts'
import type { Answered } from '../../helpers/served-host.ts'
import { temporaryFolder } from '../../helpers/temporary-folder.ts'
import { type Api, startApi } from './api.ts'

const events = '/v1/webhooks/events'
const subscriptions = '/v1/webhooks/subscriptions'
const body = { event_type: 'order.created', source: 'tests', payload: { n: 1 } }
const keyed = (key: string) => ({ headers: { 'idempotency-key': key } })

describe('an idempotency key', () => {
  it('makes one event of 50 calls at once, and 50 answers that agree', async () => {
    await using endpoint = await receiver()
    await using api = await startApi()
    await api.subscribe(endpoint.url)

    const answers = await Promise.all(
      Array.from({ length: 50 }, () => api.call('POST', events, { ...keyed('k'), body })),
    )

    assert.equal(new Set(answers.map(({ text }) => text)).size, 1)
    assert.equal(answers.filter(isReplayed).length, 49)
    assert.equal((await deliveriesIn(api)).length, 1)
  })

  it('gives answers that agree when they wait for first attempts, too', async () => {
    await using endpoint = await receiver()
    await using api = await startApi({ stanza: 'settle_wait: 5s' })
    await api.subscribe(endpoint.url)

    const answers = await Promise.all(
      Array.from({ length: 10 }, () => api.call('POST', events, { ...keyed('k'), body })),
    )

    assert.equal(new Set(answers.map(({ text }) => text)).size, 1)
    assert.equal(answers[0]?.json['delivered'], 1)
  })

  it('is one for each caller and route', async () => {
    await using api = await startApi()

    const first = await api.call('POST', events, { ...keyed('k'), body })
    const other = await api.call('POST', events, { ...keyed('l'), body })
    const batch = await api.call('POST', `${events}/batch`, {
      ...keyed('k'),
      body: { events: [body] },
    })
    const rival = await api.call('POST', events, {
      ...keyed('k'),
      key: 'key-of-the-rival-bot',
      body,
    })

    assert.deepEqual([first, other, batch, rival].map(isReplayed), [false, false, false, false])
    assert.equal(rival.json['owner_agent'], 'agent://rival/bot')
  })

  it('that comes again with other bytes, for another owner or another object is refused', async () => {
    await using api = await startApi()
    const first = await api.call('POST', events, { ...keyed('k'), body })
    const id = first.json['event_id']
    const other = (await api.publish())['event_id']
    await api.ok('POST', `${events}/${id}/replay`, keyed('r'))

    for (const refused of [
      await api.call('POST', events, { ...keyed('k'), body: JSON.stringify(body, null, 1) }),
      await api.call('POST', events, {
        headers: { 'idempotency-key': 'k', 'x-owner-agent': 'agent://acme/sales' },
        body,
      }),
      await api.call('POST', `${events}/${other}/replay`, keyed('r')),
    ]) {
      assert.equal(refused.status, 409)
      assert.equal(refused.json['error']?.['code'], 'idempotency_conflict')
      assert.equal(refused.json['detail'], 'idempotency key reused with different payload')
    }
  })

  it('that comes while the first call is not over is refused after a while', async () => {
    const { promise, resolve } = Promise.withResolvers<number>()
    await using endpoint = await receiver({ answers: [() => promise] })
    await using api = await startApi({ stanza: 'settle_wait: 10s' })
    await api.subscribe(endpoint.url)
    const first = api.call('POST', events, { ...keyed('k'), body })
    await arrived(api)

    const refused = await api.call('POST', events, { ...keyed('k'), body })

    resolve(200)
    assert.equal(refused.status, 409)
    assert.ok(Number(refused.headers.get('retry-after')) >= 1)
    assert.equal((await first).status, 200)
  })

  it('keeps 404 and 409, and is free again after 422', async () => {
    await using api = await startApi()
    const unknown = `${subscriptions}/0198a6a2-8b1c-7c0e-9a54-0d8d6a0b8d11/test`

    const missing = await api.call('POST', unknown, keyed('a'))
    const again = await api.call('POST', unknown, keyed('a'))
    const unfit = await api.call('POST', subscriptions, { ...keyed('b'), body: { ...anUrl, x: 1 } })
    const fits = await api.call('POST', subscriptions, { ...keyed('b'), body: anUrl })

    assert.deepEqual([missing.status, again.status], [404, 404])
    assert.deepEqual([isReplayed(missing), isReplayed(again)], [false, true])
    assert.equal(again.text, missing.text)
    assert.deepEqual([unfit.status, fits.status, isReplayed(fits)], [422, 200, false])
  })

  it('tells a generated secret again, and rotates once', async () => {
    await using api = await startApi()
    const id = await api.subscribe('http://127.0.0.1:9/')

    const first = await api.call('POST', `${subscriptions}/${id}/rotate-secret`, keyed('k'))
    const again = await api.call('POST', `${subscriptions}/${id}/rotate-secret`, keyed('k'))

    assert.match(String(first.json['secret']), /^whsec_/)
    assert.equal(again.text, first.text)
    assert.equal(isReplayed(again), true)
  })

  it('tells a generated secret no more when it was taken back, and keeps no copy of it', async () => {
    const folder = temporaryFolder()
    await using api = await startApi({ store: `sqlite:${folder}/hooks.db` })
    const id = await api.subscribe('http://127.0.0.1:9/')
    const rotate = `${subscriptions}/${id}/rotate-secret`

    const { secret } = await api.ok('POST', rotate, keyed('k'))
    using database = new DatabaseSync(`${folder}/hooks.db`, { readOnly: true })
    const holders = database
      .prepare('SELECT collection FROM records WHERE instr(value, ?) > 0')
      .all(String(secret))
    await api.ok('POST', rotate, { body: { secret: 'a-secret-of-the-caller', grace: 0 } })
    const again = await api.call('POST', rotate, keyed('k'))

    assert.deepEqual(
      holders.map(({ collection }) => collection),
      ['subscriptions/subscription'],
    )
    assert.deepEqual(
      [again.status, isReplayed(again), again.json['secret']],
      [200, true, undefined],
    )
  })

  it('has 1 to 255 visible characters', async () => {
    await using api = await startApi()

    for (const [key, status] of [
      ['x'.repeat(255), 200],
      ['x'.repeat(256), 400],
      ['two words', 400],
      ['', 400],
    ] as const) {
      const answered = await api.call('POST', events, { ...keyed(key), body })
      assert.equal(answered.status, status, key)
    }
  })
})

describe('a crash between store and answer', () => {
  it('leaves an answer for the retry: one event, one delivery', async () => {
    await using endpoint = await receiver()
    await using api = await startApi()
    await api.subscribe(endpoint.url)
    failOnce(api.project.host.store, 'enqueue', 'after')

    const lost = await api.call('POST', events, { ...keyed('k'), body })
    const retried = await api.call('POST', events, { ...keyed('k'), body })

    assert.equal(lost.status, 503)
    assert.ok(Number(lost.headers.get('retry-after')) >= 1)
    assert.equal(retried.status, 200)
    assert.ok(isReplayed(retried))
    assert.equal((await deliveriesIn(api)).length, 1)
    const { event } = await api.ok('GET', `${events}/${retried.json['event_id']}`)
    assert.equal(event?.['queued_deliveries'], 1)
  })

  it('before the store has it leaves nothing, and the retry does it', async () => {
    await using api = await startApi()
    failOnce(api.project.host.store, 'enqueue', 'before')

    const lost = await api.call('POST', events, { ...keyed('k'), body })
    const retried = await api.call('POST', events, { ...keyed('k'), body })

    assert.deepEqual([lost.status, retried.status, isReplayed(retried)], [503, 200, false])
  })

  it('of a replay, a subscription or a rotation leaves its answer, too', async () => {
    await using api = await startApi()
    const { store } = api.project.host
    const id = await api.subscribe('http://127.0.0.1:9/')
    const event = (await api.publish())['event_id']
    const calls = [
      [subscriptions, anUrl],
      [`${subscriptions}/${id}/rotate-secret`, {}],
      [`${events}/${event}/replay`, {}],
    ] as const

    for (const [path, sent] of calls) {
      failOnce(store, 'enqueue', 'after')
      const lost = await api.call('POST', path, { ...keyed('k'), body: sent })
      const retried = await api.call('POST', path, { ...keyed('k'), body: sent })
      assert.deepEqual([lost.status, retried.status, isReplayed(retried)], [503, 200, true], path)
    }
  })

  it('of a batch, after some of its events or before its answer, stores none of them twice', async () => {
    await using endpoint = await receiver()
    await using api = await startApi()
    await api.subscribe(endpoint.url)
    const { store } = api.project.host
    const call = { ...keyed('k'), body: { events: Array.from({ length: 20 }, () => body) } }

    failOnce(store, 'enqueue', 'after')
    const first = await api.call('POST', `${events}/batch`, call)
    failOnce(store, 'writeRecords', 'before')
    const second = await api.call('POST', `${events}/batch`, call)
    const third = await api.call('POST', `${events}/batch`, call)

    assert.deepEqual([first.status, second.status, third.status], [503, 503, 200])
    const ids = Object.values(third.json['results'] ?? {}).map((each) => each['event_id'])
    assert.equal(new Set(ids).size, 20)
    assert.equal((await deliveriesIn(api)).length, 20)
  })
})

describe('a store that is away', () => {
  it('makes every call 503 with Retry-After', async () => {
    await using api = await startApi()
    const id = await api.subscribe('http://127.0.0.1:9/')
    const event = (await api.publish())['event_id']
    const { store } = api.project.host
    for (const name of ['enqueue', 'records', 'findRecords', 'lookUpRecords', 'tally'] as const) {
      failAlways(store, name)
    }

    for (const [method, path, sent] of [
      ['POST', subscriptions, anUrl],
      ['GET', subscriptions, undefined],
      ['GET', `${subscriptions}/${id}`, undefined],
      ['PATCH', `${subscriptions}/${id}`, { active: true }],
      ['DELETE', `${subscriptions}/${id}`, undefined],
      ['POST', `${subscriptions}/${id}/rotate-secret`, {}],
      ['POST', `${subscriptions}/${id}/test`, undefined],
      ['GET', `${subscriptions}/${id}/deliveries`, undefined],
      ['POST', events, body],
      ['POST', `${events}/batch`, { events: [body] }],
      ['GET', `${events}/${event}`, undefined],
      ['GET', `${events}/${event}/deliveries`, undefined],
      ['POST', `${events}/${event}/replay`, undefined],
    ] as const) {
      const answered = await api.call(method, path, { body: sent })
      assert.equal(answered.status, 503, `${method} ${path}`)
      assert.ok(Number(answered.headers.get('retry-after')) >= 1)
    }
  })
})

const anUrl = { callback_url: 'http://127.0.0.1:9/', event_types: ['*'] }

function isReplayed({ headers }: Answered): boolean {
  return headers.get('idempotent-replayed') === 'true'
}

async function deliveriesIn({ project }: Api): Promise<readonly unknown[]> {
  return (await project.host.store.deliveries({ limit: 1_000 })).rows
}

/** Resolves when the receiver has the request, but not its answer. */
async function arrived(api: Api): Promise<void> {
  for (;;) {
    const { rows } = await api.project.host.store.deliveries({ state: 'sending' })
    if (rows.length > 0) return
    await new Promise((resolve) => setImmediate(resolve))
  }
}

type Called = 'enqueue' | 'writeRecords' | 'records' | 'findRecords' | 'lookUpRecords' | 'tally'

/** The next call of the store fails: before anything is written, or after it was, so that only its answer is lost. */
function failOnce(store: Store, name: Called, when: 'before' | 'after'): void {
  const real = store[name] as (...args: unknown[]) => Promise<unknown>
  Reflect.set(store, name, async (...args: unknown[]) => {
    Reflect.deleteProperty(store, name)
    if (when === 'after') await Reflect.apply(real, store, args)
    throw away(name)
  })
}

function failAlways(store: Store, name: Called): void {
  Reflect.set(store, name, () => Promise.reject(away(name)))
}

function away(name: string): CarabinerError {
  return new CarabinerError('STORE_UNAVAILABLE', `the store failed on cue, at ${name}`)
}
