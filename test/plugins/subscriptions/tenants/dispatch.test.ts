import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { CarabinerError, type Connector, type DispatchOptions, defineConnector } from 'carabiner'
import { type Dispatched, type Execution, subscriptionsOn } from 'carabiner/subscriptions'
import { startTestHost } from 'carabiner/testing'
import subscriptions from '../../../../plugins/subscriptions/index.ts'
import type { Execution as ExecutionOfEvent } from '../../../../plugins/subscriptions/tenants/execution.ts'
import { receiver } from '../../../helpers/receiver.ts'
import { anOutcome } from '../../../helpers/served-host.ts'
import { startProject } from '../../../helpers/start-host.ts'

/** The stanza of a tenant with two configurations, one of them switched off, one of whose receivers is at an unauthorized host. */
function stanza(url: string): object {
  const of = (event_type: string, path: string) => ({ event_type, target_url: `${url}/${path}` })
  const port = new URL(url).port
  return {
    tenants: {
      acme: [
        {
          name: 'suite',
          authorized_domains: ['127.0.0.1'],
          max_attempts: 1,
          subscriptions: [
            of('OrderPlaced', 'orders'),
            of('*', 'all'),
            { event_type: 'OrderPlaced', target_url: `http://localhost:${port}/` },
          ],
        },
        { name: 'off', enabled: false, subscriptions: [of('*', 'off')] },
      ],
    },
  }
}

async function startTenant(url: string, more: Readonly<Record<string, Connector>> = {}) {
  const others = Object.entries(more).map(([id, connector]) => [id, { connector }])
  return await startTestHost({
    subscriptions: { connector: subscriptions, config: stanza(url) },
    ...Object.fromEntries(others),
  })
}

describe('subscriptions.dispatch', () => {
  it('sends to each enabled configuration and matching subscription, and gives their executions', async () => {
    await using endpoint = await receiver({ answers: [200] })
    await using host = await startTenant(endpoint.url)
    const subscriptions = subscriptionsOn(host)

    const sent = await subscriptions.dispatch('acme', 'OrderPlaced', { order: 7 }, { wait: '10s' })

    assert.equal(sent.kind, 'accepted')
    assert.match(sent.eventId, /^[0-9a-f-]{36}$/)
    assert.deepEqual(sent.executions.map(facts), [
      ['suite', '/orders', 'DELIVERED', 1, null, 200],
      ['suite', '/all', 'DELIVERED', 1, null, 200],
      ['suite', '/', 'FAILED', 0, 'Domain not authorized', null],
    ])
    assert.deepEqual(endpoint.received.map(({ path }) => path).sort(), ['/all', '/orders'])
    const [first] = sent.executions
    assert.ok(Date.parse(first?.deliveredAt ?? '') >= Date.parse(first?.createdAt ?? ''))
    assert.deepEqual(first?.payload, { order: 7 })
  })

  it('waits for nobody unless it is told to', async () => {
    await using endpoint = await receiver()
    await using host = await startTenant(endpoint.url)

    const sent = await subscriptionsOn(host).dispatch('acme', 'Other', {})

    assert.deepEqual(sent.executions.map(facts), [['suite', '/all', 'PENDING', 0, null, null]])
    await endpoint.requests(1)
  })

  it('is there for connectors, with their scope', async () => {
    await using endpoint = await receiver({ answers: [500] })
    const sent = Promise.withResolvers<Dispatched>()
    const shop = defineConnector({
      name: 'shop',
      setup(scope) {
        scope.on('startup', async () => {
          const given = subscriptionsOn(scope).dispatch('acme', 'Opened', {}, { wait: '10s' })
          sent.resolve(await given)
        })
      },
    })
    await using _ = await startTenant(endpoint.url, { shop })

    const { executions } = await sent.promise

    assert.deepEqual(executions.map(facts), [['suite', '/all', 'FAILED', 1, 'http 500', 500]])
  })

  it('has no executions for nobody', async () => {
    await using endpoint = await receiver()
    await using host = await startTenant(endpoint.url)

    const sent = await subscriptionsOn(host).dispatch('nobody', 'OrderPlaced', {})

    assert.equal(sent.kind, 'accepted')
    assert.deepEqual(sent.executions, [])
  })

  it('tells of a veto; nothing is sent', async () => {
    await using endpoint = await receiver()
    const guard = defineConnector({
      name: 'guard',
      setup({ before }) {
        before('subscriptions.publish', ({ cancel }) => cancel('closed', { until: 'Monday' }))
      },
    })
    await using host = await startTenant(endpoint.url, { guard })

    const sent = await subscriptionsOn(host).dispatch('acme', 'OrderPlaced', {}, { wait: 1 })

    assert.deepEqual(sent, {
      kind: 'cancelled',
      executions: [],
      by: 'guard',
      reason: 'closed',
      details: { until: 'Monday' },
    })
    assert.equal(endpoint.received.length, 0)
  })

  it('tells of a failure, and what was stored all the same', async () => {
    const failure = {
      connector: 'late',
      phase: 'after',
      code: 'HANDLER_FAILED',
      message: 'no',
    } as const
    const dispatch = async () =>
      anOutcome({
        kind: 'failed',
        phase: 'after',
        failures: [failure],
        results: [
          { connector: 'other', error: { code: 'HANDLER_FAILED', name: 'Error', message: 'no' } },
          { connector: 'another', value: null },
          { connector: 'subscriptions', value: { event_id: 'e', executions: [anExecution] } },
        ],
      })

    const sent = await subscriptionsOn({ dispatch }).dispatch('acme', 'OrderPlaced', {})

    assert.deepEqual(sent, { kind: 'failed', failures: [failure], executions: [anExecution] })
  })

  it('waits no longer than the event may take, and loses nothing by it', async () => {
    const { promise, resolve } = Promise.withResolvers<number>()
    await using endpoint = await receiver({ answers: [() => promise] })
    await using host = await startTenant(endpoint.url)

    const sent = await subscriptionsOn(host).dispatch(
      'acme',
      'Other',
      {},
      { wait: '5m', timeout: 1 },
    )
    resolve(200)

    assert.equal(sent.kind, 'accepted')
    assert.deepEqual(
      sent.executions.map(({ status }) => status),
      ['PENDING'],
    )
  })

  it('gives the event time for its wait, unless it is told how much', async () => {
    const asked: DispatchOptions[] = []
    const dispatch = async (_event: unknown, _params: unknown, options: DispatchOptions = {}) => {
      asked.push(options)
      throw new CarabinerError('SHUTTING_DOWN', 'the host is shutting down')
    }
    const subscriptions = subscriptionsOn({ dispatch })

    await subscriptions.dispatch('acme', 'A', {}, { wait: '2m', traceId: 'trace-7' })
    await subscriptions.dispatch('acme', 'A', {}, { wait: 60, timeout: '5s' })
    const sent = await subscriptions.dispatch('acme', 'A', {})

    assert.deepEqual(asked, [{ timeout: 150, traceId: 'trace-7' }, { timeout: '5s' }, {}])
    const failures = [{ code: 'SHUTTING_DOWN', message: 'the host is shutting down' }]
    assert.deepEqual(sent, { kind: 'failed', failures, executions: [] })
  })

  it('never throws: what is wrong is in the result', async () => {
    await using endpoint = await receiver()
    await using host = await startTenant(endpoint.url)
    await using bare = await startTestHost({})
    await using stopped = await startProject('host: { store: "memory:" }\nconnectors: {}\n')
    await stopped.host.stop()
    const circular: Record<string, unknown> = {}
    circular['self'] = circular
    const { dispatch } = subscriptionsOn(host)

    const codes = [
      await dispatch('', 'OrderPlaced', {}),
      await dispatch('acme', '', {}),
      await dispatch('acme', 'OrderPlaced', {}, { wait: 'soon' }),
      await dispatch('acme', 'OrderPlaced', circular),
      await dispatch('acme', 'OrderPlaced', { n: 1n }),
      // @ts-expect-error: a payload is an object
      await dispatch('acme', 'OrderPlaced', 'text'),
      await subscriptionsOn(bare).dispatch('acme', 'OrderPlaced', {}),
      await subscriptionsOn(stopped.host).dispatch('acme', 'OrderPlaced', {}),
    ].map((sent) => (sent.kind === 'failed' ? sent.failures[0]?.code : sent.kind))

    assert.deepEqual(codes, [
      'EVENT_PARAMS_INVALID',
      'EVENT_PARAMS_INVALID',
      'QUANTITY_INVALID',
      'EVENT_PARAMS_INVALID',
      'HANDLER_FAILED',
      'EVENT_PARAMS_INVALID',
      'EVENT_UNKNOWN',
      'SHUTTING_DOWN',
    ])
    assert.equal(endpoint.received.length, 0)
  })
})

/** What the event's schema says of executions is what the interface says. */
const anExecution: Execution = {
  id: 'x',
  tenant: 'acme',
  config: 'suite',
  eventType: 'OrderPlaced',
  targetUrl: 'https://customer.example.com/',
  payload: {},
  status: 'PENDING',
  attempts: 0,
  lastError: null,
  responseStatus: null,
  createdAt: '2026-03-01T12:00:00.000Z',
  deliveredAt: null,
} satisfies ExecutionOfEvent

function facts({ config, targetUrl, status, attempts, lastError, responseStatus }: Execution) {
  return [config, new URL(targetUrl).pathname, status, attempts, lastError, responseStatus]
}
