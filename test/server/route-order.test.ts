import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Type } from 'typebox'
import type { ConnectorRoute } from '../../src/connector/route.ts'
import { answer, RouteError, type RouteRefusal } from '../../src/connector/route-answer.ts'
import type { RouteHead } from '../../src/connector/route-request.ts'
import { rawExchange, request, secret, servedHost } from '../helpers/served-host.ts'
import { aRoute } from '../helpers/served-route.ts'

const things: Partial<ConnectorRoute> = {
  method: 'POST',
  path: '/v1/things/:id',
  params: Type.Object({ id: Type.String({ format: 'uuid' }) }),
  query: Type.Object({ n: Type.Optional(Type.Integer()) }, { additionalProperties: false }),
  body: Type.Object({ name: Type.String() }, { additionalProperties: false }),
  bodyLimit: 100,
  strictJson: true,
}
const uuid = '01945e3a-7c00-7000-8000-000000000001'

/** A route that keeps its refusals and answers with their bare code. */
function keeping(given: Partial<ConnectorRoute> = {}): {
  readonly routes: readonly ReturnType<typeof aRoute>[]
  readonly kept: { readonly refusal: RouteRefusal; readonly head: RouteHead }[]
} {
  const kept: { refusal: RouteRefusal; head: RouteHead }[] = []
  const refuse: ConnectorRoute['refuse'] = (refusal, head) => {
    kept.push({ refusal, head })
    const { status, code, headers = {} } = refusal
    return answer({ own: code }, { status, headers })
  }
  return { routes: [aRoute({ ...things, refuse, ...given })], kept }
}

describe('a request to a route', () => {
  const locked = (head: RouteHead): void => {
    if (head.headers['x-key'] === 'open') return
    throw new RouteError({ status: 401, code: 'LOCKED', message: 'no key' })
  }

  it('is looked at in the order 405, admit, 413, 415, malformed, path, query, body', async () => {
    const { routes, kept } = keeping({ admit: locked })
    await using host = await servedHost({ routes })
    const path = `/v1/things/${uuid}`
    const all = {
      method: 'PUT',
      path: '/v1/things/7?m=1',
      key: 'none',
      body: 'x'.repeat(101),
      type: 'text/plain',
    }
    const repairs: Partial<typeof all>[] = [
      { method: 'POST' },
      { key: 'open' },
      { body: '{"name":' },
      { type: 'application/json' },
      { body: '{}' },
      { path: `${path}?m=1` },
      { path },
      { body: '{"name":"a"}' },
    ]

    const told: string[] = []
    let given = all
    for (const repair of [{}, ...repairs]) {
      given = { ...given, ...repair }
      const headers = { 'content-type': given.type, 'x-key': given.key }
      const { method, body } = given
      const answered = await request(`${host.url}${given.path}`, { method, headers, body })
      told.push(`${answered.status} ${answered.text}`)
    }

    assert.deepEqual(told, [
      '405 {"own":"METHOD_NOT_ALLOWED"}',
      '401 {"own":"LOCKED"}',
      '413 {"own":"PAYLOAD_TOO_LARGE"}',
      '415 {"own":"UNSUPPORTED_MEDIA_TYPE"}',
      '400 {"own":"VALIDATION_ERROR"}',
      '400 {"own":"VALIDATION_ERROR"}',
      '400 {"own":"VALIDATION_ERROR"}',
      '400 {"own":"VALIDATION_ERROR"}',
      '200 null',
    ])
    const parts = kept.flatMap(
      ({ refusal }) => refusal.mismatches?.map(({ part, keyword }) => `${part} ${keyword}`) ?? [],
    )
    assert.deepEqual(parts, [
      'body json',
      'path format',
      'query additionalProperties',
      'body required',
    ])
  })

  it('says in every refusal by a schema or by the reader of JSON what does not fit', async () => {
    const { routes, kept } = keeping()
    await using host = await servedHost({ routes })
    const post = (path: string, body: string | Buffer) =>
      request(`${host.url}/v1/things/${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body,
      })

    await post('seven', '{"name":"a"}')
    await post(`${uuid}?n=1.5`, '{"name":"a"}')
    await post(uuid, '{}')
    await post(uuid, '{"name":"a","nome":"b"}')
    await post(uuid, '{"name":7}')
    await post(uuid, '{"name":')
    await post(uuid, '{"name":"a","name":"b"}')
    await post(uuid, '{"name":[1e999]}')
    await post(uuid, Buffer.from([0x22, 0xff, 0x22]))

    assert.deepEqual(
      kept.map(({ refusal }) => refusal.mismatches),
      [
        [{ part: 'path', pointer: '/id', message: 'must be a uuid', keyword: 'format' }],
        [
          {
            part: 'query',
            pointer: '/n',
            message: 'must be an integer, is a number',
            keyword: 'type',
          },
        ],
        [
          {
            part: 'body',
            pointer: '',
            message: 'must have `name`',
            keyword: 'required',
            property: 'name',
          },
        ],
        [
          {
            part: 'body',
            pointer: '',
            message: 'must not have `nome`',
            keyword: 'additionalProperties',
            property: 'nome',
          },
        ],
        [
          {
            part: 'body',
            pointer: '/name',
            message: 'must be a string, is a number',
            keyword: 'type',
          },
        ],
        [{ part: 'body', pointer: '', message: 'is not JSON', keyword: 'json' }],
        [{ part: 'body', pointer: '/name', message: 'is there twice', keyword: 'json' }],
        [
          {
            part: 'body',
            pointer: '/name/0',
            message: 'is a number that is too large',
            keyword: 'json',
          },
        ],
        [{ part: 'body', pointer: '', message: 'is not UTF-8', keyword: 'json' }],
      ],
    )
  })

  it('may have an empty body of any type where nothing is required', async () => {
    const { routes } = keeping({ body: Type.Object({}) })
    await using host = await servedHost({ routes })
    const types = ['application/json', 'text/plain', 'application/x-www-form-urlencoded']

    for (const type of types) {
      const init = { method: 'POST', headers: { 'content-type': type }, body: '' }
      const { status } = await request(`${host.url}/v1/things/${uuid}`, init)
      assert.equal(status, 200, type)
    }
  })

  it('without a content type is 415 when it has a body', async () => {
    const { routes } = keeping()
    await using host = await servedHost({ routes })

    const head = `POST /v1/things/${uuid} HTTP/1.1\r\nhost: a\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}`
    const answered = await rawExchange(host.url, head)

    assert.match(answered, /^HTTP\/1\.1 415 /)
  })

  it('hands what `admit` returned to the handler, and the head to both', async () => {
    const heads: RouteHead[] = []
    const admit = async (head: RouteHead) => {
      heads.push(head)
      return { caller: 'ada' }
    }
    const { routes } = keeping({
      admit,
      handle: ({ admitted, requestId, params, query }) => ({ admitted, requestId, params, query }),
    })
    await using host = await servedHost({ routes })

    const answered = await request(`${host.url}/v1/things/${uuid.replace('1', '%31')}?n=7`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-request-id': 'r-1', 'x-trace-id': 't-1' },
      body: '{"name":"a"}',
    })

    assert.deepEqual(answered.json, {
      admitted: { caller: 'ada' },
      requestId: 'r-1',
      params: { id: uuid },
      query: { n: 7 },
    })
    const [{ method, url, params, query, address, traceId, requestId } = assert.fail()] = heads
    assert.deepEqual(
      { method, url, params: { ...params }, query: { ...query }, address, traceId, requestId },
      {
        method: 'POST',
        url: `/v1/things/${uuid.replace('1', '%31')}?n=7`,
        params: { id: uuid },
        query: { n: '7' },
        address: '127.0.0.1',
        traceId: 't-1',
        requestId: 'r-1',
      },
    )
  })

  it('is refused in the route’s form for its path, its method, and while the host drains', async () => {
    const { routes, kept } = keeping()
    await using host = await servedHost({ routes })
    const path = '/v1/things/%zz%FF?n=1'

    const unreadable = await rawExchange(
      host.url,
      `POST ${path} HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n`,
    )
    const otherMethods = await Promise.all(
      ['GET', 'HEAD', 'OPTIONS', 'DELETE'].map((method) =>
        request(`${host.url}/v1/things/${uuid}`, { method }),
      ),
    )

    assert.match(unreadable, /^HTTP\/1\.1 400 [\s\S]*\{"own":"VALIDATION_ERROR"\}$/)
    assert.equal(kept[0]?.head.url, path)
    assert.deepEqual(
      otherMethods.map(({ status, headers, text }) => [status, headers.get('allow'), text]),
      ['GET', 'HEAD', 'OPTIONS', 'DELETE'].map((method) => [
        405,
        'POST',
        method === 'HEAD' ? '' : '{"own":"METHOD_NOT_ALLOWED"}',
      ]),
    )
  })

  it('is 503 in the route’s form while the host drains, before anybody is asked', async () => {
    const { routes } = keeping({ admit: () => assert.fail('asked') })
    await using host = await servedHost({ routes, face: { state: () => 'draining' } })

    const answered = await request(`${host.url}/v1/things/${uuid}`, { method: 'POST' })

    assert.deepEqual([answered.status, answered.text], [503, '{"own":"DEPENDENCY_UNAVAILABLE"}'])
    assert.ok(answered.headers.get('retry-after'))
  })

  it('learns nothing of secrets from what it is refused for', async () => {
    const { routes, kept } = keeping()
    await using host = await servedHost({ routes })

    await request(`${host.url}/v1/things/${uuid}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ name: 'a', [secret]: 1 }),
    })

    assert.equal(kept.length, 1)
    assert.ok(!JSON.stringify(kept[0]?.refusal).includes(secret))
  })
})

describe('the id of a request', () => {
  it('is the caller’s when it is one, else a new one, and is in every answer', async () => {
    await using host = await servedHost()
    const idFor = async (path: string, given?: string) => {
      const headers = given === undefined ? {} : { 'x-request-id': given }
      return (await request(`${host.url}${path}`, { headers })).headers.get('x-request-id')
    }

    assert.equal(await idFor('/health', 'mine-1'), 'mine-1')
    assert.equal(await idFor('/no/such/path', 'mine-2'), 'mine-2')
    assert.equal(await idFor('/api/v1/outbox/%zz', 'mine-3'), 'mine-3')
    const [one, two] = [await idFor('/health', 'a b'), await idFor('/api/v1/assembly')]
    assert.match(`${one} ${two}`, /^[0-9a-f-]{36} [0-9a-f-]{36}$/)
    assert.notEqual(one, two)
  })
})
