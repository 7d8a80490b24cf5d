import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Static } from 'typebox'
import type { Execution as Dispatched } from '../../../../plugins/subscriptions/tenants/dispatch.ts'
import type { Execution as ExecutionSchema } from '../../../../plugins/subscriptions/tenants/execution.ts'
import { createClient, type Execution } from '../../../../src/client.ts'
import { type Receiver, receiver } from '../../../helpers/receiver.ts'
import { type Answered, request } from '../../../helpers/served-host.ts'
import { type StartedProject, startProject } from '../../../helpers/start-host.ts'

const key = 'a-management-key-of-tests'

interface Setting extends AsyncDisposable {
  readonly project: StartedProject
  list(query?: string): Promise<Answered>
  /** @param how - @defaultValue it waits until all is over */
  publish(
    tenant: string,
    type: string,
    payload?: string,
    how?: { readonly wait?: string },
  ): Promise<Answered>
}

/** A host with two tenants; `acme` has two configurations, the second of which fails. */
async function aSetting(): Promise<Setting> {
  const server: Receiver = await receiver({
    answers: [({ path }) => (path === '/fails' ? 404 : 200)],
  })
  const project = await startProject(
    `host:
  store: 'memory:'
  server: { port: 0, management_key: ${key} }
connectors: { subscriptions: subscriptions }
subscriptions:
  event_types: any
  tenants:
    acme:
      - { name: good, subscriptions: [{ event_type: '*', target_url: '${server.url}/good' }] }
      - { name: bad, subscriptions: [{ event_type: Odd, target_url: '${server.url}/fails' }] }
    globex:
      - { name: good, subscriptions: [{ event_type: '*', target_url: '${server.url}/other?token=hushed' }] }
`,
    { listen: true },
  )
  const headers = { 'x-internal-api-key': key }
  return {
    project,
    list: (query = '') => request(`${project.url}/api/v1/executions${query}`, { headers }),
    publish: (tenant, type, payload = '{"n":1}', how = { wait: '20s' }) =>
      request(`${project.url}/api/v1/dispatch/subscriptions.publish`, {
        method: 'POST',
        headers: { ...headers, 'content-type': 'application/json' },
        body: `{"tenant":"${tenant}","type":"${type}","payload":${payload}${how.wait === undefined ? '' : `,"wait":"${how.wait}"`}}`,
      }),
    async [Symbol.asyncDispose]() {
      await project[Symbol.asyncDispose]()
      await server[Symbol.asyncDispose]()
    },
  }
}

/** `carabiner/client` has no code of the plugin's, and `carabiner/subscriptions` says more of each field: their types are written out, and are that of the schema. */
type Shown = Exactly<Execution, Exactly<Dispatched, Readonly<Static<typeof ExecutionSchema>>>>

/** `A`, which has to be the same type as `B`: nothing is assignable to it otherwise. */
type Exactly<A, B> =
  (<T>() => T extends A ? 'same' : 'another') extends <T>() => T extends B ? 'same' : 'another'
    ? A
    : never

describe('GET /api/v1/executions', () => {
  it('is called by carabiner/client, with exactly the fields that its types name', async () => {
    await using setting = await aSetting()
    for (const type of ['Odd', 'Even']) await setting.publish('acme', type)
    const options = { baseUrl: setting.project.url, managementKey: key }
    const { executions } = createClient(options)

    const first = await executions.list({ tenant: 'acme', limit: 2 })
    const rest = await executions.list({
      ...{ tenant: 'acme', limit: 2 },
      cursor: first.nextCursor ?? '',
    })
    const failed = await executions.list({ config: 'bad', status: 'FAILED' })

    assert.deepEqual(
      [first.executions.length, rest.executions.length, rest.nextCursor],
      [2, 1, null],
    )
    const { id, createdAt, targetUrl, ...shown } = failed.executions[0] ?? assert.fail()
    const expected: Omit<Shown, 'id' | 'createdAt' | 'targetUrl'> = {
      ...{ tenant: 'acme', config: 'bad', eventType: 'Odd', payload: { n: 1 }, status: 'FAILED' },
      ...{ attempts: 1, lastError: 'http 404', responseStatus: 404, deliveredAt: null },
    }
    assert.deepEqual(shown, expected)
    assert.ok(id !== '' && targetUrl.endsWith('/fails') && !Number.isNaN(Date.parse(createdAt)))
    await assert.rejects(createClient({ ...options, managementKey: 'no' }).executions.list(), {
      name: 'AuthError',
    })
  })

  it('lists what tenants were told, newest first, by tenant, configuration and status', async () => {
    await using setting = await aSetting()
    await setting.publish('acme', 'Odd')
    await setting.publish('globex', 'Even')
    await setting.publish('acme', 'Even')

    const told = async (query: string): Promise<readonly string[]> => {
      const { status, json } = await setting.list(query)
      assert.equal(status, 200)
      const rows = Array.from(
        { length: Number(json['data']?.['length']) },
        (_, index) => json['data']?.[String(index)],
      )
      return rows.map((row) =>
        ['tenant', 'config', 'eventType', 'status'].map((f) => row?.[f]).join(' '),
      )
    }

    assert.deepEqual((await told('')).toSorted(), [
      'acme bad Odd FAILED',
      'acme good Even DELIVERED',
      'acme good Odd DELIVERED',
      'globex good Even DELIVERED',
    ])
    assert.deepEqual(await told('?tenant=acme&config=good'), [
      'acme good Even DELIVERED',
      'acme good Odd DELIVERED',
    ])
    assert.deepEqual(await told('?status=FAILED'), ['acme bad Odd FAILED'])
    assert.deepEqual(await told('?config=good&tenant=globex'), ['globex good Even DELIVERED'])
    assert.deepEqual(await told('?tenant=nobody'), [])
  })

  it('shows an execution as the contract has it', async () => {
    await using setting = await aSetting()
    await setting.publish('acme', 'Even', '{"z":1.0,"a":"ü"}')

    const { json } = await setting.list('?tenant=acme')

    const row = json['data']?.['0']
    assert.deepEqual(row, {
      id: row?.['id'],
      tenant: 'acme',
      config: 'good',
      eventType: 'Even',
      targetUrl: row?.['targetUrl'],
      payload: { z: 1, a: 'ü' },
      status: 'DELIVERED',
      attempts: 1,
      lastError: null,
      responseStatus: 200,
      createdAt: row?.['createdAt'],
      deliveredAt: row?.['deliveredAt'],
    })
    assert.deepEqual(json['meta'], { nextCursor: null })
  })

  it('masks what the query of a URL may hide', async () => {
    await using setting = await aSetting()
    const waited = await setting.publish('globex', 'Even')
    const hasty = await setting.publish('globex', 'Even', '{}', {})

    const listed = await setting.list()

    const shown = [waited, hasty, listed].map(({ text }) => /"targetUrl":"[^"]*"/.exec(text)?.[0])
    for (const url of shown) assert.match(url ?? '', /\/other\?token=••••"$/)
    assert.ok(![waited, hasty, listed].some(({ text }) => text.includes('hushed')))
  })

  it('goes on where a page ended, whatever comes meanwhile', async () => {
    await using setting = await aSetting()
    for (let index = 0; index < 5; index++) await setting.publish('acme', `Even${index}`)

    const types: unknown[] = []
    let query = '?tenant=acme&limit=2'
    for (let page = 0; page < 3; page++) {
      const { json } = await setting.list(query)
      for (const index of ['0', '1']) types.push(json['data']?.[index]?.['eventType'])
      await setting.publish('acme', `Later${page}`)
      query = `?tenant=acme&limit=2&cursor=${json['meta']?.['nextCursor']}`
    }

    assert.deepEqual(types, ['Even4', 'Even3', 'Even2', 'Even1', 'Even0', undefined])
  })

  for (const query of [
    '?status=delivered',
    '?limit=0',
    '?limit=1001',
    '?cursor=x',
    '?owner=a',
    '?tenant=%00',
    '?config=a%00',
  ]) {
    it(`refuses ${query}`, async () => {
      await using setting = await aSetting()

      const { status, json } = await setting.list(query)

      assert.equal(status, 400)
      assert.equal(json['error']?.['code'], 'VALIDATION_ERROR')
      assert.match(String(json['error']?.['message']), /^query/)
    })
  }

  it('needs the management key', async () => {
    await using setting = await aSetting()

    const { status } = await request(`${setting.project.url}/api/v1/executions`)

    assert.equal(status, 401)
  })
})

describe('a publication to a tenant', () => {
  it('keeps numbers as they were written, to the signed bytes', async () => {
    const server = await receiver()
    await using _server = server
    await using project = await startProject(
      `host: { store: 'memory:', server: { port: 0, management_key: ${key} } }
connectors: { subscriptions: subscriptions }
subscriptions:
  event_types: any
  tenants: { acme: [{ name: a, subscriptions: [{ event_type: '*', target_url: '${server.url}' }] }] }
`,
      { listen: true },
    )

    await request(`${project.url}/api/v1/dispatch/subscriptions.publish`, {
      method: 'POST',
      headers: { 'x-internal-api-key': key, 'content-type': 'application/json' },
      body: '{"payload":{"price":1.0,"count":1,"big":123456789012345678901},"tenant":"acme","type":"T"}',
    })

    const [sent] = await server.requests(1)
    assert.equal(sent?.text, '{"big":123456789012345678901,"count":1,"price":1.0}')
  })
})

describe('tenants in an assembly', () => {
  for (const [tenants, problem] of [
    [
      'acme: [{ name: a, subscriptions: [] }, { name: a, subscriptions: [] }]',
      /tenant `acme` has two configurations `a`/,
    ],
    [
      "acme: [{ name: a, subscriptions: [{ event_type: T, target_url: 'http://u:p@x.example' }] }]",
      /the URL has credentials in it/,
    ],
    [
      "acme: [{ name: a, subscriptions: [{ event_type: T, target_url: 'http://x.example', headers: { webhook-id: x } }] }]",
      /`webhook-id` is set by the host/,
    ],
    [
      "acme: [{ name: a, subscriptions: [{ event_type: T, target_url: 'http://x.example' }, { event_type: T, target_url: 'http://x.example' }] }]",
      /stand here twice/,
    ],
    ['acme: [{ name: a, secret: "", subscriptions: [] }]', /secret/],
    ['acme: [{ name: a/b, subscriptions: [] }]', /name/],
    [
      'acme: [{ name: a, authorized_domains: ["http://x"], subscriptions: [] }]',
      /authorized_domains/,
    ],
    ['acme: [{ name: a, subscription: [] }]', /subscription/],
  ] as const) {
    it(`are refused: ${tenants}`, async () => {
      const yaml = `host: { store: 'memory:' }
connectors: { subscriptions: subscriptions }
subscriptions:
  tenants: { ${tenants} }
`
      await assert.rejects(startProject(yaml), problem)
    })
  }
})
