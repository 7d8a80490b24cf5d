import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Type } from 'typebox'
import type { ConnectorRoute } from '../../src/connector/route.ts'
import { answer, RouteError } from '../../src/connector/route-answer.ts'
import type { RouteRequest } from '../../src/connector/route-request.ts'
import { managementKey, rawExchange, request, secret, servedHost } from '../helpers/served-host.ts'
import { aRoute } from '../helpers/served-route.ts'

describe('a connector’s route', () => {
  it('under /api/v1 needs the key and is answered in the envelope', async () => {
    const routes = [aRoute({ path: '/api/v1/things/:id', handle: ({ params }) => params })]
    await using host = await servedHost({ routes })

    const without = await request(`${host.url}/api/v1/things/7`)
    const answered = await host.request('/api/v1/things/7')

    assert.equal(without.status, 401)
    assert.deepEqual(answered.json, { success: true, data: { id: '7' }, meta: {} })
  })

  it('under /v1 is public and answered as it is', async () => {
    const routes = [aRoute({ path: '/v1/things', handle: () => ({ ok: true }) })]
    await using host = await servedHost({ routes })

    const answered = await request(`${host.url}/v1/things`)

    assert.equal(answered.status, 200)
    assert.deepEqual(answered.json, { ok: true })
  })

  it('without a result is 204 under /v1', async () => {
    const routes = [aRoute({ path: '/v1/things', handle: () => undefined })]
    await using host = await servedHost({ routes })

    const answered = await request(`${host.url}/v1/things`)

    assert.deepEqual([answered.status, answered.text], [204, ''])
  })

  it('gets a query that is no text where its schema names no parameter', async () => {
    const query = Type.Object({}, { additionalProperties: true })
    const handle = ({ url }: RouteRequest) => ({ url })
    await using host = await servedHost({ routes: [aRoute({ path: '/v1/things', query, handle })] })

    const answered = await request(`${host.url}/v1/things?name=%ff`)

    assert.deepEqual([answered.status, answered.json], [200, { url: '/v1/things?name=%ff' }])
  })

  it('gets query and body as its schemas want them', async () => {
    const seen: RouteRequest[] = []
    const route = aRoute({
      method: 'POST',
      path: '/api/v1/things',
      query: Type.Object({ count: Type.Integer(), deep: Type.Optional(Type.Boolean()) }),
      body: Type.Object({ name: Type.String(), size: Type.Number({ default: 3 }) }),
      handle: (given) => {
        seen.push(given)
      },
    })
    await using host = await servedHost({ routes: [route] })
    const post = (query: string, body: object) =>
      host.request(`/api/v1/things?${query}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'x-trace-id': 'mine' },
        body: JSON.stringify(body),
      })

    const good = await post('count=2&deep=true', { name: 'a' })
    const badQuery = await post('count=two', { name: 'a' })
    const badBody = await post('count=2', { name: 7 })
    const textForNumber = await post('count=2', { name: 'a', size: '3' })

    assert.deepEqual(good.json, { success: true, data: null, meta: {} })
    assert.deepEqual([badQuery.status, badBody.status, textForNumber.status], [400, 400, 400])
    assert.equal(badBody.json['error']?.['message'], 'body/name must be a string, is a number')
    assert.equal(seen.length, 1)
    assert.deepEqual({ ...seen[0]?.query }, { count: 2, deep: true })
    assert.deepEqual(seen[0]?.body, { name: 'a', size: 3 })
    assert.equal(seen[0]?.traceId, 'mine')
  })

  it('gets the bytes of its body beside the JSON, and who asks', async () => {
    const seen: RouteRequest[] = []
    const route = aRoute({
      method: 'POST',
      path: '/api/v1/things',
      handle: (given) => {
        seen.push(given)
      },
    })
    await using host = await servedHost({ routes: [route] })

    const headers = { 'content-type': 'application/json', 'x-carabiner-depth': '3' }
    await host.request('/api/v1/things', { method: 'POST', headers, body: '{ "a" : 1.0 }' })

    const [given] = seen
    assert.deepEqual(given?.body, { a: 1 })
    assert.equal(Buffer.from(given?.bytes ?? []).toString(), '{ "a" : 1.0 }')
    assert.deepEqual([given?.caller, given?.address, given?.depth], ['operators', '127.0.0.1', 3])
    assert.deepEqual([given?.method, given?.url], ['POST', '/api/v1/things'])
  })

  it('that throws is 500 without its words', async () => {
    const handle = (): never => {
      throw new TypeError('an inner matter')
    }
    await using host = await servedHost({ routes: [aRoute({ path: '/v1/things', handle })] })

    const answered = await request(`${host.url}/v1/things`)

    assert.equal(answered.status, 500)
    assert.ok(!answered.text.includes('inner matter'))
  })

  it('is answered 405 for its other methods', async () => {
    const routes = [
      aRoute({ path: '/v1/things/:id' }),
      aRoute({ path: '/v1/things/:id', method: 'DELETE' }),
    ]
    await using host = await servedHost({ routes })

    const answered = await request(`${host.url}/v1/things/7`, { method: 'PUT' })

    assert.equal(answered.status, 405)
    assert.equal(answered.headers.get('allow'), 'DELETE, GET, HEAD')
  })

  it('is aborted when its caller goes away', async () => {
    const { promise: aborted, resolve } = Promise.withResolvers<unknown>()
    const handle = ({ signal }: RouteRequest) =>
      new Promise(() => {
        signal.addEventListener('abort', () => resolve(signal.reason))
        caller.abort()
      })
    await using host = await servedHost({ routes: [aRoute({ handle })] })
    const caller = new AbortController()

    await request(`${host.url}/v1/things`, { signal: caller.signal }).catch(() => undefined)

    assert.match(String(await aborted), /the client has gone/)
  })

  it('takes no new requests while the host drains', async () => {
    await using host = await servedHost({
      routes: [aRoute({ handle: () => assert.fail('called') })],
      face: { state: () => 'draining' },
    })

    const answered = await request(`${host.url}/v1/things`)

    assert.equal(answered.status, 503)
    assert.equal(answered.json['error']?.['code'], 'DEPENDENCY_UNAVAILABLE')
    assert.ok(answered.headers.get('retry-after'))
  })

  for (const path of ['/v1/things', '/api/v1/assembly']) {
    it(`cannot serve ${path} when that is served already; what was served goes on`, async () => {
      await using host = await servedHost({ routes: [aRoute({ path: '/v1/old' })] })
      const routes = [aRoute({ path: '/v1/things' }), aRoute({ path })]

      const message = new RegExp(`connector \`things\` cannot serve GET ${path}`)
      await assert.rejects(host.serve(routes), { code: 'CONNECTOR_FAILED', message })
      assert.equal((await request(`${host.url}/v1/old`)).status, 200)
    })
  }
})

describe('an answer of a route', () => {
  it('may have a status, headers, and meta in the envelope', async () => {
    const handle = () =>
      answer([1, 2], { status: 202, headers: { location: '/x' }, meta: { total: 2 } })
    const routes = [aRoute({ path: '/api/v1/things', handle }), aRoute({ handle })]
    await using host = await servedHost({ routes })

    const enveloped = await host.request('/api/v1/things')
    const bare = await request(`${host.url}/v1/things`)

    assert.deepEqual([enveloped.status, bare.status], [202, 202])
    assert.deepEqual(
      [enveloped.headers.get('location'), bare.headers.get('location')],
      ['/x', '/x'],
    )
    assert.deepEqual(enveloped.json, { success: true, data: [1, 2], meta: { total: 2 } })
    assert.deepEqual(bare.json, [1, 2])
  })

  it('of bytes is sent as it is; a text is JSON', async () => {
    const bytes = answer(Buffer.from('challenge'), { headers: { 'content-type': 'text/plain' } })
    const routes = [
      aRoute({ path: '/api/v1/bytes', handle: () => bytes }),
      aRoute({ path: '/v1/text', handle: () => 'challenge' }),
    ]
    await using host = await servedHost({ routes })

    const asBytes = await host.request('/api/v1/bytes')
    const asText = await request(`${host.url}/v1/text`)

    assert.deepEqual(
      [asBytes.text, asBytes.headers.get('content-type')],
      ['challenge', 'text/plain'],
    )
    assert.equal(asText.text, '"challenge"')
    assert.match(asText.headers.get('content-type') ?? '', /^application\/json/)
  })

  it('may be a refusal, thrown', async () => {
    const handle = (): never => {
      throw new RouteError({
        status: 403,
        code: 'FORBIDDEN',
        message: `not with ${secret}`,
        details: { by: 'me', until: new Date(0), tried: [secret] },
        headers: { 'retry-after': '9' },
      })
    }
    await using host = await servedHost({ routes: [aRoute({ handle })] })

    const answered = await request(`${host.url}/v1/things`)

    assert.deepEqual([answered.status, answered.headers.get('retry-after')], [403, '9'])
    const details = { by: 'me', until: '1970-01-01T00:00:00.000Z', tried: ['••••'] }
    const error = { code: 'FORBIDDEN', message: 'not with ••••', details }
    assert.deepEqual(answered.json, { success: false, error })
  })

  it('has a status that HTTP knows', () => {
    for (const status of [99, 199, 600, 200.5, Number.NaN]) {
      assert.throws(() => answer(null, { status }), TypeError)
    }
  })
})

describe('a route with a form of its own for refusals', () => {
  const refusing = (given: Partial<ConnectorRoute>) =>
    aRoute({
      method: 'POST',
      path: '/v1/things',
      body: Type.Object({ name: Type.String() }),
      refuse: ({ status, code, message }) =>
        answer(
          { error: `${code}: ${message}` },
          { status: status === 400 ? 422 : status, headers: { 'x-form': 'own' } },
        ),
      ...given,
    })

  it('tells in it what the host refuses, what the handler throws, and what went wrong', async () => {
    let thrown: unknown = new RouteError({ status: 409, code: 'CONFLICT', message: 'twice' })
    const handle = (): never => {
      throw thrown
    }
    await using host = await servedHost({ routes: [refusing({ handle })] })
    const post = (body: string, type = 'application/json') =>
      request(`${host.url}/v1/things`, { method: 'POST', headers: { 'content-type': type }, body })

    const misfit = await post('{}')
    const broken = await post('{')
    const otherType = await post('x', 'text/plain')
    const conflict = await post('{"name":"a"}')
    thrown = new TypeError('an inner matter')
    const internal = await post('{"name":"a"}')

    const statuses = [misfit, broken, otherType, conflict, internal].map(({ status }) => status)
    assert.deepEqual(statuses, [422, 422, 415, 409, 500])
    assert.equal(misfit.headers.get('x-form'), 'own')
    assert.equal(misfit.json['error'], 'VALIDATION_ERROR: body must have `name`')
    assert.deepEqual(conflict.json, { error: 'CONFLICT: twice' })
    assert.ok(!internal.text.includes('inner matter'))
  })

  it('tells in it of paths under /v1 that are none, of these alone, where it is served', async () => {
    const listeners = [{ serve: ['public'] }, { serve: ['metrics'] }] as const
    await using host = await servedHost({ routes: [refusing({})], listeners })
    const [open, closed] = host.urls
    const own = { error: 'NOT_FOUND: there is no such path on this address' }

    for (const path of ['/v1', '/v1/', '/v1/nothing?x=1', '/v1/things/7', '/v1/%zz']) {
      const answered = await request(`${open}${path}`, { method: 'POST', body: '{' })
      assert.equal(answered.headers.get('x-form'), 'own', path)
      if (path !== '/v1/%zz') assert.deepEqual([answered.status, answered.json], [404, own])
    }
    for (const url of [`${open}/v10`, `${open}/`, `${open}/api/v1/things`, `${closed}/v1/things`]) {
      const answered = await request(url)
      assert.deepEqual([answered.status, answered.json['success']], [404, false], url)
    }
  })

  it('tells in it of paths beside a callback’s that are none, while the host starts too', async () => {
    const route = refusing({ path: '/hooks/:id/done', family: 'callbacks' })
    await using host = await servedHost({ routes: [route] })

    for (const path of [
      '/hooks',
      '/hooks/',
      '/hooks/7',
      '/hooks/7/done/now',
      '/hooks/7/Done?x=1',
    ]) {
      const answered = await request(`${host.url}${path}`, { method: 'POST', body: '{' })
      assert.equal(answered.status, 404, path)
      assert.equal(answered.headers.get('x-form'), 'own', path)
    }
    for (const path of ['/hook', '/hooks7', '/']) {
      const answered = await request(`${host.url}${path}`, { method: 'POST' })
      assert.deepEqual([answered.status, answered.json['success']], [404, false], path)
    }
  })

  it('tells in it that the key is wrong', async () => {
    await using host = await servedHost({ routes: [refusing({ path: '/api/v1/things' })] })

    const answered = await request(`${host.url}/api/v1/things`, { method: 'POST' })

    assert.equal(answered.status, 401)
    assert.equal(answered.json['error'], 'UNAUTHORIZED: Invalid management API key')
  })
})

describe('a route that takes its parameters as they came', () => {
  const echo = aRoute({
    method: 'POST',
    path: '/hooks/:id/done/:what',
    family: 'callbacks',
    rawParams: true,
    query: Type.Object({ id: Type.String() }),
    admit: ({ params }) => params['id'],
    handle: ({ params, admitted }) => ({ ...params, admitted }),
  })

  for (const id of ['a%2Fb', '%41', 'a%zz', '%ff', 'a+b', '', 'a;b']) {
    it(`gets \`${id}\``, async () => {
      await using host = await servedHost({ routes: [echo] })

      const answered = await request(`${host.url}/hooks/${id}/done/%20?id=7`, {
        method: 'POST',
      })

      assert.deepEqual(answered.json, { id, what: '%20', admitted: id }, answered.text)
    })
  }

  it('gets them from a target with a host in it, as proxies send it', async () => {
    await using host = await servedHost({ routes: [echo] })
    const head = `POST http://hooks.example/hooks/a%2Fb/done/now?id=7 HTTP/1.1\r\nHost: hooks.example\r\n`

    const said = await rawExchange(
      host.url,
      `${head}Content-Length: 0\r\nConnection: close\r\n\r\n`,
    )

    assert.match(said, /\{"id":"a%2Fb","what":"now","admitted":"a%2Fb"\}$/)
  })
})

describe('a route that takes bytes', () => {
  const echo = aRoute({
    method: 'POST',
    path: '/api/v1/webhooks/:provider',
    family: 'public',
    body: 'bytes',
    bodyLimit: 1000,
    handle: ({ bytes, body }) => ({ hex: Buffer.from(bytes).toString('hex'), body: body ?? null }),
  })

  for (const type of [
    'application/json',
    'application/x-www-form-urlencoded',
    'image/png',
    'nonsense',
    '',
  ]) {
    it(`takes ${type} as it came`, async () => {
      await using host = await servedHost({ routes: [echo] })
      const bytes = Buffer.from([0x7b, 0xff, 0x00, 0x22])

      const answered = await request(`${host.url}/api/v1/webhooks/acme`, {
        method: 'POST',
        headers: { 'content-type': type, 'content-encoding': 'x-none' },
        body: bytes,
      })

      assert.deepEqual(answered.json['data'], { hex: '7bff0022', body: null })
    })
  }

  it('takes a body without a type, and no body', async () => {
    await using host = await servedHost({ routes: [echo] })
    const head = 'POST /api/v1/webhooks/acme HTTP/1.1\r\nhost: x\r\nconnection: close\r\n'

    const untyped = await rawExchange(host.url, `${head}content-length: 2\r\n\r\nhi`)
    const none = await rawExchange(host.url, `${head}\r\n`)

    assert.match(untyped, /"hex":"6869"/)
    assert.match(none, /"hex":""/)
  })

  it('has a limit of its own, which the refusal names', async () => {
    await using host = await servedHost({ routes: [echo] })
    const post = (length: number) =>
      request(`${host.url}/api/v1/webhooks/acme`, { method: 'POST', body: Buffer.alloc(length) })

    const [fits, tooLong] = [await post(1000), await post(1001)]

    assert.equal(fits.status, 200)
    assert.equal(tooLong.status, 413)
    assert.equal(
      tooLong.json['error']?.['message'],
      'the body is larger than 1000 bytes (the route)',
    )
    assert.deepEqual(tooLong.json['error']?.['details'], { limit: 1000 })
  })

  it('can read them as the host reads JSON', async () => {
    const handle = ({ json }: RouteRequest) => json()
    const route = aRoute({ method: 'POST', body: 'bytes', handle })
    await using host = await servedHost({ routes: [route] })
    const post = (body: string | Buffer) =>
      request(`${host.url}/v1/things`, { method: 'POST', body })

    const good = await post('{"a":[1]}')
    const bad = [
      await post('{'),
      await post(''),
      await post('{"__proto__":{}}'),
      await post(Buffer.from([0x22, 0xff, 0x22])),
      await post('['.repeat(300) + ']'.repeat(300)),
    ]

    assert.deepEqual(good.json, { a: [1] })
    assert.deepEqual(
      bad.map(({ status }) => status),
      [400, 400, 400, 400, 400],
    )
  })
})

describe('the family of a route', () => {
  it('decides on which listeners it is served', async () => {
    const routes = [
      aRoute({ path: '/v1/open' }),
      aRoute({ path: '/api/v1/kept' }),
      aRoute({ path: '/api/v1/hooks/:provider', family: 'public' }),
      aRoute({ path: '/api/callbacks/:id/complete' }),
      aRoute({ path: '/hooks/:id/complete', family: 'callbacks' }),
    ]
    const listeners = [
      { serve: ['public'] as const },
      { serve: ['management'] as const },
      { serve: ['callbacks'] as const },
    ]
    await using host = await servedHost({ routes, listeners })
    const paths = [
      '/v1/open',
      '/api/v1/kept',
      '/api/v1/hooks/a',
      '/api/callbacks/1/complete',
      '/hooks/1/complete',
    ]
    const statuses = (url: string | undefined) =>
      Promise.all(
        paths.map(async (path) => {
          const headers = { 'x-internal-api-key': managementKey }
          return (await request(`${url}${path}`, { headers })).status
        }),
      )

    assert.deepEqual(await statuses(host.urls[0]), [200, 404, 200, 404, 404])
    assert.deepEqual(await statuses(host.urls[1]), [404, 200, 404, 404, 404])
    assert.deepEqual(await statuses(host.urls[2]), [404, 404, 404, 200, 200])
  })
})
