import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import fc from 'fast-check'
import { BatchBody, PublishBody } from '../../../plugins/subscriptions/schemas/event.ts'
import {
  PatchBody,
  RotateBody,
  UpsertBody,
} from '../../../plugins/subscriptions/schemas/subscription.ts'
import { type Api, opsKey, startApi } from './api.ts'

const subscriptions = '/v1/webhooks/subscriptions'
const events = '/v1/webhooks/events'
const id = '0198a6a2-8b1c-7c0e-9a54-0d8d6a0b8d11'
const anEvent = { event_type: 'order.created', source: 'tests', payload: {} }

type Json = Readonly<Record<string, unknown>>
interface Shape {
  readonly properties: Json
  readonly required?: readonly string[] | undefined
}

/** Calls with a body: its schema, and one that fits. */
const calls: readonly {
  readonly method: string
  readonly path: string
  readonly schema: Shape
  readonly fits: Json
}[] = [
  {
    method: 'POST',
    path: subscriptions,
    schema: UpsertBody,
    fits: { callback_url: 'http://127.0.0.1:9/', event_types: ['*'] },
  },
  {
    method: 'PATCH',
    path: `${subscriptions}/${id}`,
    schema: PatchBody,
    fits: { active: true },
  },
  { method: 'POST', path: `${subscriptions}/${id}/rotate-secret`, schema: RotateBody, fits: {} },
  { method: 'POST', path: events, schema: PublishBody, fits: anEvent },
  { method: 'POST', path: `${events}/batch`, schema: BatchBody, fits: { events: [anEvent] } },
]

/** Without the keys that make a body unreadable: those are 400. */
const anyJson = fc
  .jsonValue()
  .filter((value) => !/"(__proto__|constructor)"/.test(JSON.stringify(value)))

/** A body with one thing wrong in it, and the field that is wrong. */
interface Wrong {
  readonly method: string
  readonly path: string
  readonly body: Json
  readonly field: string
}

const wrongBody: fc.Arbitrary<Wrong> = fc.constantFrom(...calls).chain(({ schema, ...call }) => {
  const wrongFields = Object.entries(schema.properties).map(([field, property]) =>
    misfit(property as Json).map((value) => ({ field, body: { ...call.fits, [field]: value } })),
  )
  const missing = (schema.required ?? []).map((field) => {
    const { [field]: _, ...body } = call.fits
    return fc.constant({ field, body })
  })
  const unknown = fc
    .tuple(fc.string({ minLength: 1, maxLength: 20 }), anyJson)
    .filter(([field]) => !(field in schema.properties) && field !== '__proto__')
    .map(([field, value]) => ({ field, body: { ...call.fits, [field]: value } }))
  return fc
    .oneof(...wrongFields, ...missing, unknown)
    .map((wrong) => ({ method: call.method, path: call.path, ...wrong }))
})

/** Values that a schema does not take. */
function misfit(schema: Json): fc.Arbitrary<unknown> {
  const type = schema['type'] ?? 'union'
  const others = anyJson.filter((value) => !isOfType(schema, value))
  if (type === 'string') return fc.oneof(others, wrongLength(schema, 'Length', textOf))
  if (type === 'array') return fc.oneof(others, wrongLength(schema, 'Items', listOf))
  return others
}

function wrongLength(
  schema: Json,
  what: string,
  make: (length: number) => unknown,
): fc.Arbitrary<unknown> {
  const least = Number(schema[`min${what}`] ?? 0)
  const most = Number(schema[`max${what}`] ?? Number.POSITIVE_INFINITY)
  const lengths = [least - 1, most + 1].filter((length) => length >= 0 && Number.isFinite(length))
  return fc.constantFrom(...lengths.map(make))
}

const textOf = (length: number): string => 'h'.repeat(length)
const listOf = (length: number): unknown => Array.from({ length }, () => '*')

function isOfType(schema: Json, value: unknown): boolean {
  const branches = schema['anyOf']
  if (Array.isArray(branches)) return branches.some((branch) => isOfType(branch, value))
  switch (schema['type']) {
    case 'array':
      return Array.isArray(value)
    case 'object':
      return typeof value === 'object' && value !== null && !Array.isArray(value)
    case 'null':
      return value === null
    default:
      return typeof value === schema['type']
  }
}

describe('bodies that do not fit', () => {
  let api: Api
  before(async () => {
    api = await startApi()
  })
  after(() => api[Symbol.asyncDispose]())

  it('are 422 with the place, and nothing is stored: 300 of them', async () => {
    await fc.assert(
      fc.asyncProperty(wrongBody, async ({ method, path, body, field }) => {
        const refused = await api.call(method, path, { body })

        assert.equal(refused.status, 422, refused.text)
        const places = Object.values(refused.json['detail'] ?? {}).map(({ loc }) => loc)
        const isNamed = places.some(
          (loc) => String(loc?.[0]) === 'body' && String(loc?.[1]) === field,
        )
        assert.ok(isNamed, `${field}: ${refused.text}`)
      }),
      { numRuns: 300 },
    )
    await assertNothingStored(api)
  })

  it('name every place: what does not fit the schema, then what the assembly does not allow', async () => {
    await using strict = await startApi({ stanza: 'event_types: [a.b]\negress: {}' })
    const unfit = { event_types: ['!', 7], secret: 'short', other: 1 }
    const refused = {
      callback_url: 'https://10.0.0.1/',
      event_types: ['a.b', 'no.such', 'nor.such'],
      secret: 'whsec_not-base64-at-all',
    }

    assert.deepEqual(await placesOf(strict, unfit), [
      'body.callback_url missing',
      'body.event_types.0 string_pattern_mismatch',
      'body.event_types.1 wrong_type',
      'body.other extra_forbidden',
      'body.secret string_too_short',
    ])
    assert.deepEqual(await placesOf(strict, refused), [
      'body.callback_url egress',
      'body.event_types.1 event_type',
      'body.event_types.2 event_type',
      'body.secret secret',
    ])
  })

  it('name 50 places at most', async () => {
    const members = Array.from({ length: 5_000 }, (_, index) => [`member-${index}`, index])

    assert.equal((await placesOf(api, Object.fromEntries(members))).length, 50)
  })
})

describe('bodies that are no JSON of a host', () => {
  let api: Api
  before(async () => {
    api = await startApi()
  })
  after(() => api[Symbol.asyncDispose]())

  const deep = (depth: number): string =>
    `{"event_type":"order.created","source":"tests","payload":${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}}`
  const bodies: readonly (readonly [string, string | Uint8Array, number])[] = [
    ['malformed', '{"event_type": "order.created",', 400],
    ['cut off in a text', '{"event_type": "order', 400],
    ['not JSON at all', 'event_type=order.created', 400],
    ['two values', '{}{}', 400],
    ['NaN', '{"payload": NaN}', 400],
    [
      'a key twice',
      '{"event_type":"a.b","event_type":"order.created","source":"tests","payload":{}}',
      400,
    ],
    [
      'a key twice, deep inside',
      '{"event_type":"order.created","source":"tests","payload":{"a":[{"b":1,"b":2}]}}',
      400,
    ],
    [
      '__proto__',
      '{"event_type":"order.created","source":"tests","payload":{"__proto__":{"x":1}}}',
      400,
    ],
    [
      'constructor.prototype',
      '{"event_type":"order.created","source":"tests","payload":{"constructor":{"prototype":{}}}}',
      400,
    ],
    ['nested too deep', deep(300), 400],
    ['nested much too deep', deep(15_000), 400],
    ['not UTF-8', new Uint8Array([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d]), 400],
    ['half a surrogate pair in UTF-8', new Uint8Array([0x22, 0xed, 0xa0, 0x80, 0x22]), 400],
    ['empty', '', 422],
    ['a list', '[]', 422],
    ['null', 'null', 422],
    ['a text', '"order.created"', 422],
    ['too long', `{"payload":"${'x'.repeat(128 * 1024)}"}`, 413],
  ]

  for (const [what, body, status] of bodies) {
    it(`are ${status}: ${what}`, async () => {
      const answered = await send(api, events, body)

      assert.equal(answered.status, status)
      await assertNothingStored(api)
    })
  }

  it('are 415 with another content type, or encoded', async () => {
    const text = JSON.stringify(anEvent)
    for (const headers of [
      { 'content-type': 'text/plain' },
      { 'content-type': 'application/json; charset=latin1' },
      { 'content-type': 'application/x-www-form-urlencoded' },
      { 'content-type': 'application/json', 'content-encoding': 'gzip' },
    ]) {
      assert.equal((await api.call('POST', events, { body: text, headers })).status, 415)
    }
    await assertNothingStored(api)
  })

  it('are taken up to 128 KiB and not a byte more', async () => {
    await using own = await startApi()
    const empty = JSON.stringify({ ...anEvent, payload: { text: '' } })
    const longest = empty.replace('""', `"${'x'.repeat(128 * 1024 - empty.length)}"`)

    const taken = await send(own, events, longest)
    const refused = await send(own, events, `${longest} `)

    assert.deepEqual([taken.status, refused.status], [200, 413])
  })

  it('are 400 with numbers beyond all doubles; longer ones are taken as they were written', async () => {
    const withNumber = (text: string): string =>
      `{"event_type":"order.created","source":"tests","payload":{"n":${text}}}`

    for (const text of ['1e400', '-1e400', '9'.repeat(400)]) {
      assert.equal((await send(api, events, withNumber(text))).status, 400)
    }
    await assertNothingStored(api)
    assert.equal((await send(api, events, withNumber('9'.repeat(300)))).status, 200)
  })
})

describe('paths, methods and queries that are none', () => {
  let api: Api
  before(async () => {
    api = await startApi()
  })
  after(() => api[Symbol.asyncDispose]())

  it('are 405 with Allow for another method, in the form of the API', async () => {
    for (const [method, path, allow] of [
      ['PUT', subscriptions, ['GET', 'POST']],
      ['DELETE', events, ['POST']],
      ['GET', `${events}/${id}/replay`, ['POST']],
      ['POST', '/v1/capabilities', ['GET']],
    ] as const) {
      const refused = await api.call(method, path)
      assert.equal(refused.status, 405, `${method} ${path}`)
      const allowed = (refused.headers.get('allow') ?? '').split(', ')
      assert.ok(allow.every((each) => allowed.includes(each)))
      assert.equal(refused.json['error']?.['code'], 'method_not_allowed')
      assert.equal(refused.json['detail'], refused.json['error']?.['message'])
    }
  })

  it('are 404 for a path that is none, in the form of the API', async () => {
    const refused = await api.call('GET', '/v1/webhooks')

    assert.equal(refused.status, 404)
    assert.equal(refused.json['error']?.['code'], 'not_found')
    assert.equal(refused.json['detail'], refused.json['error']?.['message'])
  })

  it('are 422 for a query that is not known, or comes twice', async () => {
    for (const query of ['nothing=1', 'limit=1&limit=2', 'owner_agent=a&owner_agent=b']) {
      const refused = await api.call('GET', `${subscriptions}?${query}`)
      assert.equal(refused.status, 422, query)
      assert.deepEqual(refused.json['detail']?.[0]?.['loc'], ['query', query.split('=')[0]])
    }
  })

  it('are 422 for ids that are none, whatever they are', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ minLength: 1, maxLength: 60 }), async (text) => {
        const part = encodeURIComponent(text)
        fc.pre(part !== '.' && part !== '..' && !/^[0-9a-f-]{36}$/i.test(part))

        const refused = await api.call('GET', `${subscriptions}/${part}`)

        assert.equal(refused.status, 422, part)
        assert.deepEqual(refused.json['detail']?.[0]?.['loc'], ['path', 'subscription_id'])
      }),
      { numRuns: 50 },
    )
  })
})

/** What a 422 names when a subscription is asked for like this, sorted. */
async function placesOf(api: Api, body: unknown): Promise<readonly string[]> {
  const refused = await api.call('POST', subscriptions, { body })
  assert.equal(refused.status, 422, refused.text)
  const detail: readonly { readonly loc: readonly unknown[]; readonly type: string }[] = JSON.parse(
    refused.text,
  ).detail
  return detail.map(({ loc, type }) => `${loc.join('.')} ${type}`).sort()
}

async function send(api: Api, path: string, body: string | Uint8Array): Promise<Response> {
  return fetch(`${api.project.url}${path}`, {
    method: 'POST',
    headers: { 'x-api-key': opsKey, 'content-type': 'application/json' },
    body: typeof body === 'string' ? body : new Blob([Uint8Array.from(body)]),
  })
}

async function assertNothingStored({ project }: Api): Promise<void> {
  const { store } = project.host
  for (const name of ['event', 'subscription', 'once']) {
    const index = name === 'once' ? 'none' : 'owner'
    const collection = `subscriptions/${name}`
    assert.deepEqual(await store.findRecords({ collection, index, limit: 1 }), [])
  }
  assert.deepEqual((await store.deliveries({})).rows, [])
  assert.deepEqual((await store.auditTrail({ entityType: 'subscription' })).rows, [])
}
