import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  ApiError,
  AuthError,
  ConnectionError,
  createClient,
  RateLimitError,
  ServerError,
  ValidationError,
} from '../../src/client.ts'
import { type Clock, systemClock } from '../../src/clock.ts'
import { type AnswerSource, receiver } from '../helpers/receiver.ts'

const id = '0198a6a2-8b1c-7c0e-9a54-0d8d6a0b8d11'
const event = { event_type: 'inbox.thread_created', source: 'crm', payload: {} }

/** A client of a server with these answers, that notes its waits instead of waiting. */
async function aClient(answers: readonly AnswerSource[]) {
  const server = await receiver({ answers })
  const waits: number[] = []
  const clock: Clock = { ...systemClock, sleep: async (ms) => void waits.push(ms) }
  const client = createClient({ baseUrl: server.url, apiKey: 'cbk_test', clock })
  return { server, client, waits, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() }
}

const answered = (body: object, headers: Record<string, string> = {}): AnswerSource => ({
  headers: { 'content-type': 'application/json', ...headers },
  body: JSON.stringify(body),
})

const refused = (
  status: number,
  code: string,
  headers: Record<string, string> = {},
): AnswerSource => ({
  status,
  headers: { 'x-trace-id': 't-1', ...headers },
  body: JSON.stringify({ error: { code, message: 'no', details: { a: 1 } }, detail: 'no' }),
})

describe('a client', () => {
  it('sends the key, the options and the body', async () => {
    await using setting = await aClient([answered({ ok: true })])

    await setting.client.publishWebhookEvent(event, {
      idempotencyKey: 'k-1',
      traceId: 't-1',
      ownerAgent: 'agent://acme/ops',
    })

    const [request] = setting.server.received
    assert.ok(request)
    assert.equal(`${request.method} ${request.path}`, 'POST /v1/webhooks/events')
    assert.deepEqual(JSON.parse(request.text), event)
    assert.partialDeepStrictEqual(request.headers, {
      'x-api-key': 'cbk_test',
      'content-type': 'application/json',
      'idempotency-key': 'k-1',
      'x-trace-id': 't-1',
      'x-owner-agent': 'agent://acme/ops',
    })
  })

  it('keeps the path of its base URL, and encodes what stands in a path', async () => {
    await using setting = await aClient([answered({ ok: true })])
    const client = createClient({ baseUrl: `${setting.server.url}/hooks/` })

    await client.getWebhookEvent('a/../b?c')

    assert.equal(setting.server.received[0]?.path, '/hooks/v1/webhooks/events/a%2F..%2Fb%3Fc')
    assert.equal(setting.server.received[0]?.headers['x-api-key'], undefined)
  })

  it('gives the cursor of the next page', async () => {
    const pages = [answered({ ok: true, subscriptions: [] }, { 'x-next-cursor': 'c-2' })]
    await using setting = await aClient([...pages, answered({ ok: true, subscriptions: [] })])

    const first = await setting.client.listWebhookSubscriptions({ limit: 1 })
    const second = await setting.client.listWebhookSubscriptions({ limit: 1, cursor: 'c-2' })

    assert.equal(first.next_cursor, 'c-2')
    assert.equal(second.next_cursor, null)
    assert.deepEqual(
      setting.server.received.map(({ path }) => path),
      ['?limit=1', '?limit=1&cursor=c-2'].map((query) => `/v1/webhooks/subscriptions${query}`),
    )
  })

  it('repeats a GET twice after 5xx and 429, waiting longer, and as long as it is told', async () => {
    const answers = [503, refused(429, 'rate_limit_exceeded', { 'retry-after': '7' })]
    await using setting = await aClient([...answers, answered({ ok: true, event: {} })])

    await setting.client.getWebhookEvent(id)

    assert.deepEqual(setting.waits, [200, 7_000])
  })

  for (const [what, repeats] of [
    ['GET', 2],
    ['DELETE', 2],
    ['POST with a key', 2],
    ['POST', 0],
    ['PATCH', 0],
  ] as const) {
    it(`repeats a ${what} ${repeats} times`, async () => {
      await using setting = await aClient([500])
      const { client } = setting
      const calls = {
        GET: () => client.getCapabilities(),
        DELETE: () => client.deleteWebhookSubscription(id),
        'POST with a key': () => client.publishWebhookEvent(event, { idempotencyKey: 'k' }),
        POST: () => client.publishWebhookEvent(event),
        PATCH: () => client.updateWebhookSubscription(id, { active: false }),
      }

      await assert.rejects(calls[what](), ServerError)

      assert.equal(setting.server.received.length, 1 + repeats)
      assert.deepEqual(setting.waits, [200, 400].slice(0, repeats))
    })
  }

  for (const [status, type] of [
    [400, ValidationError],
    [401, AuthError],
    [403, AuthError],
    [404, ApiError],
    [409, ApiError],
    [302, ApiError],
    [429, RateLimitError],
    [500, ServerError],
  ] as const) {
    it(`rejects with ${type.name} for ${status}`, async () => {
      await using setting = await aClient([refused(status, 'some_code', { 'retry-after': '3' })])

      const error = await setting.client.getCapabilities().catch((reason: unknown) => reason)

      assert.ok(error instanceof type)
      assert.equal(error.constructor, type)
      const { code, message, details, traceId } = error
      assert.deepEqual(
        { status: error.status, code, message, details, traceId },
        { status, code: 'some_code', message: 'no', details: { a: 1 }, traceId: 't-1' },
      )
      if (error instanceof RateLimitError) assert.equal(error.retryAfterMs, 3_000)
    })
  }

  it('names the places of a 422', async () => {
    const detail = [{ loc: ['body', 'callback_url'], msg: 'expected a URL', type: 'format' }]
    await using setting = await aClient([{ status: 422, body: JSON.stringify({ detail }) }])

    const error = await setting.client.publishWebhookEvent(event).catch((reason: unknown) => reason)

    assert.ok(error instanceof ValidationError)
    assert.deepEqual(error.errors, detail)
    assert.equal(error.message, 'body.callback_url: expected a URL')
  })

  it('makes do with an answer that is no JSON', async () => {
    await using setting = await aClient([{ status: 502, body: '<h1>Bad Gateway</h1>' }])

    const error = await setting.client.getCapabilities().catch((reason: unknown) => reason)

    assert.ok(error instanceof ServerError)
    assert.deepEqual([error.code, error.message], ['http_502', 'HTTP 502'])
  })

  it('takes the 503 of a health check for an answer', async () => {
    const health = { ok: false, status: 'degraded', version: '1', checks: {} }
    await using setting = await aClient([{ status: 503, body: JSON.stringify(health) }])

    assert.deepEqual(await setting.client.health(), health)
    assert.equal(setting.server.received.length, 1)
  })

  it('says that no answer came, after the retries', async () => {
    const setting = await aClient([200])
    await setting[Symbol.asyncDispose]()

    await assert.rejects(setting.client.getCapabilities(), (error) => {
      assert.ok(error instanceof ConnectionError)
      assert.match(error.message, /^no answer from http:\/\/127\.0\.0\.1:\d+: .*ECONNREFUSED/)
      return true
    })
    assert.deepEqual(setting.waits, [200, 400])
  })

  it('ends when its signal does', async () => {
    await using setting = await aClient([500])
    const reason = new Error('enough')

    await assert.rejects(
      setting.client.getCapabilities({ signal: AbortSignal.abort(reason) }),
      reason,
    )
    assert.equal(setting.server.received.length, 0)
  })
})
