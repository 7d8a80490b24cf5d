import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import {
  ApiError,
  AuthError,
  type Client,
  type ClientOptions,
  RateLimitError,
  ValidationError,
} from '../../src/client.ts'
import { type Clock, systemClock } from '../../src/clock.ts'
import { type Api, ops, opsKey, readKey, rivalKey, startApi } from '../plugins/subscriptions/api.ts'
import { clientOf, event, withGuard } from './live-setting.ts'

const unknown = '0198a6a2-8b1c-7c0e-9a54-0d8d6a0b8d11'

describe('what carabiner/client rejects with', () => {
  let api: Api
  let client: Client
  before(async () => {
    api = await startApi(withGuard)
    client = clientOf(api)
  })
  after(() => api[Symbol.asyncDispose]())

  it('gives the stored answer for the same idempotency key, and refuses another body', async () => {
    const idempotencyKey = 'order-7'

    const first = await client.publishWebhookEvent(event, { idempotencyKey })
    const second = await client.publishWebhookEvent(event, { idempotencyKey })
    const other = client.publishWebhookEvent({ ...event, source: 'other' }, { idempotencyKey })

    assert.deepEqual(second, first)
    await assertRefused(other, ApiError, 409, 'idempotency_conflict')
  })

  it('rejects a vetoed publication as one that is not allowed', async () => {
    const vetoed = client.publishWebhookEvent({ ...event, payload: { order: 13 } })

    const error = await assertRefused(vetoed, AuthError, 403, 'event_cancelled')
    assert.equal(error.message, 'an unlucky number')
    assert.match(error.traceId ?? '', /./)
  })

  it('rejects what does not fit, and says where', async () => {
    const noUrl = client.upsertWebhookSubscription({
      callback_url: 'not a URL',
      event_types: ['*'],
    })
    const badType = client.publishWebhookEvents([event, { ...event, event_type: '?!?' }])

    for (const [call, place] of [
      [noUrl, ['body', 'callback_url']],
      [badType, ['body', 'events', 1, 'event_type']],
    ] as const) {
      const error = await assertRefused(call, ValidationError, 422, 'http_422')
      assert.ok(error instanceof ValidationError)
      assert.deepEqual(
        error.errors.map(({ loc }) => loc),
        [place],
      )
    }
  })

  it('rejects by status and code', async () => {
    const of = (options: Partial<ClientOptions>): Client => clientOf(api, options)
    const nobody = of({})
    const stranger = of({ apiKey: 'a-key-that-nobody-made' })
    const reader = of({ apiKey: readKey })
    const rival = of({ apiKey: rivalKey })
    const body = { callback_url: 'http://127.0.0.1:9/', event_types: ['*'], active: false }
    const { subscription } = await client.upsertWebhookSubscription(body)

    await assertRefused(nobody.getCapabilities(), AuthError, 401, 'missing_platform_api_key')
    await assertRefused(stranger.getCapabilities(), AuthError, 401, 'invalid_platform_api_key')
    await assertRefused(reader.publishWebhookEvent(event), AuthError, 403, 'invalid_actor_scope')
    const forAnother = rival.getCapabilities({ ownerAgent: ops })
    await assertRefused(forAnother, AuthError, 403, 'invalid_actor_scope')
    const hidden = rival.getWebhookSubscription(subscription.subscription_id)
    await assertRefused(hidden, ApiError, 404, 'subscription_not_found')
    await assertRefused(client.replayWebhookEvent(unknown), ApiError, 404, 'event_not_found')
    const badKey = client.publishWebhookEvent(event, { idempotencyKey: 'two words' })
    await assertRefused(badKey, ValidationError, 400, 'invalid_idempotency_key')
  })
})

describe('carabiner/client with a host that has had enough', () => {
  it('waits as long as Retry-After says, and goes on', async () => {
    await using api = await startApi({ stanza: 'rate_limit: 1/s' })
    const waits: number[] = []
    const client = clientOf(api, { apiKey: opsKey, clock: noting(waits, systemClock.sleep) })

    while (waits.length === 0) await client.getCapabilities()

    assert.equal(waits[0], 1_000)
  })

  it('gives up after two more tries', async () => {
    await using api = await startApi({ stanza: 'rate_limit: 1/h' })
    const waits: number[] = []
    const client = clientOf(api, { apiKey: opsKey, clock: noting(waits, async () => {}) })

    const error = await assertRefused(
      untilRefused(client),
      RateLimitError,
      429,
      'rate_limit_exceeded',
    )

    assert.ok(error instanceof RateLimitError)
    assert.ok((error.retryAfterMs ?? 0) >= 1_000)
    assert.equal(waits.length, 2)
    assert.ok(waits.every((ms) => ms >= 1_000 && ms <= 3_600_000))
  })
})

/** A clock that notes the waits it is asked for. */
function noting(waits: number[], sleep: Clock['sleep']): Clock {
  return {
    ...systemClock,
    sleep: (ms, signal) => {
      waits.push(ms)
      return sleep(ms, signal)
    },
  }
}

/** An hour may end between two calls, so there may be a third. */
async function untilRefused(client: Client): Promise<void> {
  for (let calls = 0; calls < 4; calls += 1) await client.getCapabilities()
}

async function assertRefused(
  call: Promise<unknown>,
  type: typeof ApiError | typeof AuthError | typeof RateLimitError | typeof ValidationError,
  status: number,
  code: string,
): Promise<ApiError> {
  const error = await call.then(
    () => assert.fail('expected a refusal'),
    (reason: unknown) => reason,
  )
  assert.ok(error instanceof ApiError, String(error))
  assert.equal(error.constructor, type)
  assert.deepEqual([error.status, error.code], [status, code])
  return error
}
