import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { type Answered, request } from '../helpers/served-host.ts'
import { type StartedProject, startProject } from '../helpers/start-host.ts'

const assembly = `host:
  store: "memory:"
  server: { port: 0, allow_unauthenticated: true, body_limit: 4MiB }
connectors: { subscriptions: subscriptions, ingress: ingress, callbacks: callbacks }
callbacks: { secret: "${'07'.repeat(32)}" }
ingress:
  integrations:
    - { provider: acme, secret: a-secret-of-acme-alone, callback_url: "http://127.0.0.1:9/" }
subscriptions:
  event_types: { order.created: { schema: { properties: { n: { type: integer } } } } }
  tenants:
    acme:
      - { name: suite, subscriptions: [{ event_type: "*", target_url: "http://127.0.0.1:9/" }] }
`

const id = '0198a6a2-8b1c-7c0e-9a54-0d8d6a0b8d11'
const toOwner = { owner: 'agent://acme/ops', type: 'order.created', payload: { n: 1 } }
const toTenant = { tenant: 'acme', type: 'anything', payload: { n: 1 } }
const ofState = { state: 'dead', from: '2026-01-05T09:30:00Z', to: '2026-01-05T09:30:00Z' }

type Params = Readonly<Record<string, unknown>>

/** Params that fit, of all that plugins and the host let others dispatch. */
const fitting: readonly (readonly [event: string, whom: string, params: Params])[] = [
  ['subscriptions.publish', 'an owner', { ...toOwner, source: 'tests', wait: '0s' }],
  ['subscriptions.publish', 'a tenant', { ...toTenant, source: 'tests', wait: 0 }],
  [
    'ingress.received',
    'a provider',
    {
      eventId: id,
      provider: 'acme',
      eventType: 'order.created',
      externalEventId: null,
      subject: null,
      occurredAt: 1,
      payload: {},
    },
  ],
  [
    'ingress.replay',
    'a provider',
    { eventId: id, provider: 'acme', requestedBy: 'me', reason: 'it was lost' },
  ],
  [
    'callbacks.resolved',
    'a callback',
    { id, action: 'complete', payload: {}, error: null, by: null, event: null, meta: {} },
  ],
  ['deliveries.redeliver', 'a state', { filter: ofState }],
]

/** JSON that is wrong in one place or another, or in all. */
const wrong: readonly string[] = [
  ...['null', 'true', '0', '-1', '1.5', '1e308', '1e999', '12345678901234567890123'],
  ...['""', '"x"', '"10"', '"1h2"', '"-1s"', '"\\ud800"', '"\\u0000"', `"${'a'.repeat(5_000)}"`],
  ...['[]', '[null]', '{}', '{"n":"x"}', '{"n":1e308}', '{"n":1e999}', '{"n":"\\ud800"}'],
  ...['{"\\ud800":1}', '{"__proto__":{}}', '{"constructor":{"prototype":{}}}', '{"toJSON":1}'],
  ...['{"rawJSON":"1"}', '{"deliveryId":1}', '{"state":"dead","from":"x"}'],
  ...[nested(999), nested(1_500)],
]

describe('params that are dispatched over HTTP', () => {
  let project: StartedProject
  const dispatch = (event: string, body: string): Promise<Answered> =>
    request(`${project.url}/api/v1/dispatch/${event}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
    })

  before(async () => {
    project = await startProject(assembly, { listen: true })
  })
  after(() => project[Symbol.asyncDispose]())

  for (const [event, whom, params] of fitting) {
    it(`of ${event} to ${whom} are no failure of the host, whatever is wrong`, async () => {
      const told = new Set<number>()
      for (const body of wrongBodies(params)) {
        const { status, json, text } = await dispatch(event, body)
        const label = `${status} for ${body.slice(0, 200)}: ${text.slice(0, 200)}`
        assert.ok(status < 500, label)
        if (status === 422) assertSaysWhere(json, label)
        told.add(status)
      }
      assert.ok(told.has(422) && told.has(400))
    })
  }

  const found: readonly (readonly [what: string, event: string, params: Params, where: string])[] =
    [
      ['a type not taken', 'subscriptions.publish', { ...toOwner, type: 'x.y' }, '/type'],
      [
        'a payload unlike its schema',
        'subscriptions.publish',
        { ...toOwner, payload: { n: 'x' } },
        '/payload/n',
      ],
      [
        'too large a payload',
        'subscriptions.publish',
        { ...toTenant, payload: large() },
        '/payload',
      ],
      ['a wait that is none', 'subscriptions.publish', { ...toTenant, wait: '10' }, '/wait'],
      ['a wait too long', 'subscriptions.publish', { ...toTenant, wait: 1e308 }, '/wait'],
      [
        'an event there is not',
        'ingress.replay',
        { eventId: id, reason: 'it was lost' },
        '/eventId',
      ],
    ]
  for (const [what, event, params, where] of found) {
    it(`are told apart: ${what} is 422 at ${where}`, async () => {
      const { status, json } = await dispatch(event, JSON.stringify(params))

      assert.equal(status, 422)
      assert.deepEqual(pointersOf(json), [where])
    })
  }

  for (const params of [toOwner, toTenant]) {
    it(`with the id of another event are 422 (${Object.keys(params)[0]})`, async () => {
      const own = `0198a6a2-8b1c-7c0e-9a54-0d8d6a0b8d${'owner' in params ? 21 : 22}`
      const first = await dispatch('subscriptions.publish', JSON.stringify({ ...params, id: own }))
      const other = { ...params, id: own, payload: { n: 2 } }

      const { status, json } = await dispatch('subscriptions.publish', JSON.stringify(other))

      assert.equal(first.status, 200, first.text)
      assert.equal(status, 422)
      assert.deepEqual(pointersOf(json), ['/id'])
    })
  }
})

/** Each field missing and wrong in every kind, one more field, and what is no object of params at all. */
function* wrongBodies(params: Params): Iterable<string> {
  for (const field of [...Object.keys(params), '__proto__', 'more']) {
    const { [field]: _, ...others } = params
    yield JSON.stringify(others)
    const start = JSON.stringify(others).slice(0, -1)
    const separator = start === '{' ? '' : ','
    for (const value of wrong) yield `${start}${separator}"${field}":${value}}`
  }
  yield* wrong
}

function nested(depth: number): string {
  return `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`
}

/** More than a message may have, less than a request. */
function large(): Params {
  return { text: 'a'.repeat(2 << 20) }
}

function assertSaysWhere(json: Answered['json'], label: string): void {
  assert.equal(json['error']?.['code'], 'EVENT_PARAMS_INVALID', label)
  assert.ok(pointersOf(json).length > 0, label)
}

function pointersOf(json: Answered['json']): readonly unknown[] {
  const errors = json['error']?.['details']?.['errors']
  assert.ok(Array.isArray(errors))
  return errors.map(({ pointer, message }) => {
    assert.equal(typeof message, 'string')
    return pointer
  })
}
