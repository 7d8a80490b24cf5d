import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { describe, it } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { scheduledWait } from 'carabiner'
import { startTestHost, type TestHost } from 'carabiner/testing'
import subscriptions from '../../../../plugins/subscriptions/index.ts'
import type { TenantConfig } from '../../../../plugins/subscriptions/tenants/config.ts'
import type { Execution } from '../../../../plugins/subscriptions/tenants/execution.ts'
import { receiversOf } from '../../../../plugins/subscriptions/tenants/receiver.ts'
import { FakeClock } from '../../../helpers/fake-clock.ts'
import { type AnswerSource, type Receiver, receiver } from '../../../helpers/receiver.ts'

const secret = 'the-secret-of-acme'

type Given = Partial<Omit<TenantConfig, 'subscriptions'>>

/** A host with one configuration of the tenant `acme`, whose receivers are paths of one server. */
async function aTenant(
  answers: readonly AnswerSource[],
  types: readonly string[] = ['*'],
  given: Given = {},
  clock?: FakeClock,
  event_types: unknown = 'any',
) {
  const server = await receiver({ answers })
  const config = {
    event_types,
    tenants: {
      acme: [
        {
          name: 'suite',
          secret,
          backoff_ms: 1,
          ...given,
          subscriptions: types.map((event_type, index) => ({
            event_type,
            target_url: `${server.url}/${index}`,
          })),
        },
      ],
    },
  }
  const host = await startTestHost(
    { subscriptions: { connector: subscriptions, config } },
    clock === undefined ? {} : { clock },
  )
  return {
    server,
    host,
    async [Symbol.asyncDispose]() {
      await host[Symbol.asyncDispose]()
      await server[Symbol.asyncDispose]()
    },
  }
}

/** Publishes to a tenant, and waits until its executions are over. */
async function publish(
  host: TestHost,
  {
    tenant = 'acme',
    type = 'OrderPlaced',
    payload = { id: 7 },
    wait = 20,
  }: Partial<Publishing> = {},
): Promise<readonly Execution[]> {
  const params = { tenant, type, payload, ...(wait > 0 && { wait }) }
  const outcome = await host.dispatch('subscriptions.publish', params)
  assert.equal(outcome.kind, 'completed', JSON.stringify(outcome))
  const [result] = outcome.results
  assert.ok(result !== undefined && 'value' in result)
  // The result has been held against the event's signature.
  return (result.value as { executions: readonly Execution[] }).executions
}

interface Publishing {
  readonly tenant: string
  readonly type: string
  readonly payload: Readonly<Record<string, unknown>>
  /** Seconds. */
  readonly wait: number
}

async function only(server: Receiver) {
  const [request, ...others] = await server.requests(1)
  assert.ok(request)
  assert.equal(others.length, 0)
  return request
}

describe('a tenant', () => {
  it('gets the payload alone, as canonical JSON that is also what is signed', async () => {
    await using setting = await aTenant([200])

    const [execution] = await publish(setting.host, {
      payload: { b: 'ü', a: [1, { z: 1, y: null }] },
    })

    const request = await only(setting.server)
    assert.equal(request.text, '{"a":[1,{"y":null,"z":1}],"b":"\\u00fc"}')
    const signature = createHmac('sha256', secret).update(request.body).digest('hex')
    assert.equal(request.headers['x-pyfly-signature'], `sha256=${signature}`)
    assert.ok(execution)
    assert.partialDeepStrictEqual(execution, {
      tenant: 'acme',
      config: 'suite',
      eventType: 'OrderPlaced',
      targetUrl: `${setting.server.url}/0`,
      payload: { b: 'ü', a: [1, { z: 1, y: null }] },
      status: 'DELIVERED',
      attempts: 1,
      lastError: null,
      responseStatus: 200,
    })
    assert.ok(Date.parse(execution.deliveredAt ?? '') >= Date.parse(execution.createdAt))
  })

  it('is told without a signature when it has no secret', async () => {
    const server = await receiver()
    const tenants = {
      acme: [{ name: 'bare', subscriptions: [{ event_type: '*', target_url: server.url }] }],
    }
    await using _server = server
    await using host = await startTestHost({
      subscriptions: { connector: subscriptions, config: { event_types: 'any', tenants } },
    })

    await publish(host)

    assert.ok(!('x-pyfly-signature' in (await only(server)).headers))
  })

  it('is told by exact type and by *, and by nothing in between', async () => {
    const types = ['OrderPlaced', '*', 'Order*', 'orderplaced', 'OrderPlaced.x']
    await using setting = await aTenant([200], types)

    const executions = await publish(setting.host)

    assert.deepEqual(
      executions.map(({ targetUrl }) => targetUrl),
      [`${setting.server.url}/0`, `${setting.server.url}/1`],
    )
  })

  for (const tenant of ['globex', 'ACME', 'acm']) {
    it(`is not told what ${tenant} is`, async () => {
      await using setting = await aTenant([200])

      assert.deepEqual(await publish(setting.host, { tenant }), [])
      assert.equal(setting.server.received.length, 0)
    })
  }

  it('is told of types, and in payloads, that `event_types` does not take from owners', async () => {
    const taken = { OrderPlaced: { schema: { required: ['total'] } } }
    const types = ['Order geändert', 'OrderPlaced']
    await using setting = await aTenant([200], types, {}, undefined, taken)

    for (const type of types) await publish(setting.host, { type, payload: { id: 7 } })
    const toOwner = { owner: 'agent://acme/ops', payload: { id: 7 } }
    const outcomes = await Promise.all(
      types.map((type) => setting.host.dispatch('subscriptions.publish', { ...toOwner, type })),
    )

    const told = await setting.server.requests(2)
    assert.deepEqual(
      told.map(({ path, text }) => [path, text]),
      [
        ['/0', '{"id":7}'],
        ['/1', '{"id":7}'],
      ],
    )
    assert.deepEqual(
      outcomes.map((each) => each.kind === 'failed' && each.failures[0]?.code),
      ['EVENT_PARAMS_INVALID', 'EVENT_PARAMS_INVALID'],
    )
  })

  it('is told nothing while its configuration is switched off', async () => {
    await using setting = await aTenant([200], ['*'], { enabled: false })

    assert.deepEqual(await publish(setting.host), [])
  })

  it('answers at once when nobody waits', async () => {
    const gate = Promise.withResolvers<number>()
    await using setting = await aTenant([() => gate.promise])

    const [execution] = await publish(setting.host, { wait: 0 })

    assert.partialDeepStrictEqual(execution, {
      status: 'PENDING',
      attempts: 0,
      responseStatus: null,
      deliveredAt: null,
    })
    gate.resolve(200)
  })

  for (const status of [200, 201, 204, 299]) {
    it(`takes ${status} for delivered`, async () => {
      await using setting = await aTenant([status])

      const [execution] = await publish(setting.host)

      assert.partialDeepStrictEqual(execution, {
        status: 'DELIVERED',
        attempts: 1,
        responseStatus: status,
      })
    })
  }

  for (const status of [301, 400, 401, 404, 410, 422, 425]) {
    it(`gives up at once after ${status}, and goes on with the next event`, async () => {
      await using setting = await aTenant([status, 200])

      const [failed] = await publish(setting.host)
      const [next] = await publish(setting.host)

      assert.partialDeepStrictEqual(failed, {
        status: 'FAILED',
        attempts: 1,
        lastError: `http ${status}`,
        responseStatus: status,
        deliveredAt: null,
      })
      assert.equal(next?.status, 'DELIVERED')
    })
  }

  for (const status of [408, 429, 500, 503]) {
    it(`tries again after ${status}`, async () => {
      await using setting = await aTenant([status, 200])

      const [execution] = await publish(setting.host)

      assert.partialDeepStrictEqual(execution, { status: 'DELIVERED', attempts: 2 })
    })
  }

  it('is given up after max_attempts, with the last error', async () => {
    await using setting = await aTenant([500], ['*'], { max_attempts: 3 })

    const [execution] = await publish(setting.host)

    assert.partialDeepStrictEqual(execution, {
      status: 'FAILED',
      attempts: 3,
      responseStatus: 500,
    })
    assert.equal(execution?.lastError, 'http 500')
  })

  it('waits 5, 10, 20, 40 seconds between attempts, on the clock of the host', async () => {
    const clock = new FakeClock()
    await using setting = await aTenant([500], ['*'], { backoff_ms: 5_000 }, clock)
    await publish(setting.host, { wait: 0 })

    while (setting.server.received.length < 5) {
      await clock.advance(100)
      for (let turn = 0; turn < 20; turn++) await setImmediate()
    }

    const sent = setting.server.received.map(({ headers }) => Number(headers['webhook-timestamp']))
    const waits = sent.slice(1).map((at, index) => at - (sent[index] ?? 0))
    waits.forEach((wait, index) => {
      const scheduled = 5 * 2 ** index
      assert.ok(wait >= scheduled && wait <= scheduled + 2, `waited ${waits}`)
    })
  })

  it('is never let wait longer than five minutes', () => {
    const [made] = receiversOf(
      {
        acme: [
          {
            name: 'suite',
            enabled: true,
            max_attempts: 20,
            backoff_ms: 5_000,
            authorized_domains: [],
            subscriptions: [{ event_type: '*', target_url: 'https://x.example.com', headers: {} }],
          },
        ],
      },
      { timeout: 10_000, circuit_breaker: { failure_threshold: 5, recovery_timeout: 30_000 } },
      'subscriptions.tenants',
    )
    assert.ok(made)
    const waits = Array.from({ length: 10 }, (_, index) =>
      scheduledWait(made.endpoint.retry, index + 1),
    )

    assert.deepEqual(
      waits.map((ms = 0) => ms / 1_000),
      [5, 10, 20, 40, 80, 160, 300, 300, 300, 300],
    )
  })

  it('counts what an open circuit refuses as an attempt, and says so', async () => {
    const server = await receiver()
    await server[Symbol.asyncDispose]()
    await using host = await startTestHost({
      subscriptions: {
        connector: subscriptions,
        config: {
          event_types: 'any',
          http: { circuit_breaker: { failure_threshold: 2, recovery_timeout: '1h' } },
          tenants: {
            acme: [
              {
                name: 'suite',
                max_attempts: 4,
                backoff_ms: 1,
                subscriptions: [{ event_type: '*', target_url: server.url }],
              },
            ],
          },
        },
      },
    })

    const [execution] = await publish(host)

    assert.partialDeepStrictEqual(execution, {
      status: 'FAILED',
      attempts: 4,
      responseStatus: null,
    })
    assert.match(execution?.lastError ?? '', /circuit open/)
  })

  it('is not told where its domains do not reach: no attempt, no connection', async () => {
    const domains = ['customer.example.com', { domain: 'hooks.example.com', description: 'prod' }]
    await using setting = await aTenant([200], ['*'], { authorized_domains: domains })

    const [execution] = await publish(setting.host)

    assert.partialDeepStrictEqual(execution, {
      status: 'FAILED',
      attempts: 0,
      lastError: 'Domain not authorized',
    })
    assert.equal(setting.server.connections, 0)
  })

  it('is told where its domains reach', async () => {
    await using setting = await aTenant([200], ['*'], { authorized_domains: ['127.0.0.1'] })

    const [execution] = await publish(setting.host)

    assert.equal(execution?.status, 'DELIVERED')
  })

  it('has receivers that fail alone', async () => {
    const answers = [(request: { path: string }) => (request.path === '/0' ? 400 : 200)]
    await using setting = await aTenant(answers, ['*', 'OrderPlaced'])

    const executions = await publish(setting.host)

    assert.deepEqual(
      executions.map(({ status }) => status),
      ['FAILED', 'DELIVERED'],
    )
  })
})
