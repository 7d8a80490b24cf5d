import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { managementKey, rawExchange, request, servedHost } from '../helpers/served-host.ts'

const json = { 'content-type': 'application/json' }

describe('a request that cannot be fulfilled', () => {
  const bodies: readonly [string, RequestInit, number, string][] = [
    ['malformed JSON', { headers: json, body: '{"a":' }, 400, 'VALIDATION_ERROR'],
    ['two values', { headers: json, body: '{} {}' }, 400, 'VALIDATION_ERROR'],
    [
      'bytes that are not UTF-8',
      { headers: json, body: Buffer.from('7b22c328223a317d', 'hex') },
      400,
      'VALIDATION_ERROR',
    ],
    [
      'a `__proto__` key',
      { headers: json, body: '{"__proto__":{"isAdmin":true}}' },
      400,
      'VALIDATION_ERROR',
    ],
    [
      'an escaped `__proto__` key',
      { headers: json, body: '{"a":{"\\u005f_proto__":{}}}' },
      400,
      'VALIDATION_ERROR',
    ],
    [
      'a `constructor.prototype`',
      { headers: json, body: '{"constructor":{"prototype":{}}}' },
      400,
      'VALIDATION_ERROR',
    ],
    [
      'nesting without end',
      { headers: json, body: `{"a":${'['.repeat(20_000)}${']'.repeat(20_000)}}` },
      400,
      'VALIDATION_ERROR',
    ],
    [
      'a body over the limit',
      { headers: json, body: `"${'a'.repeat(70_000)}"` },
      413,
      'PAYLOAD_TOO_LARGE',
    ],
    [
      'a body far over the limit',
      { headers: json, body: `"${'a'.repeat(5_000_000)}"` },
      413,
      'PAYLOAD_TOO_LARGE',
    ],
    [
      'a form',
      { headers: { 'content-type': 'application/x-www-form-urlencoded' }, body: 'a=1' },
      415,
      'UNSUPPORTED_MEDIA_TYPE',
    ],
    [
      'plain text',
      { headers: { 'content-type': 'text/plain' }, body: '{}' },
      415,
      'UNSUPPORTED_MEDIA_TYPE',
    ],
    ['no type', { body: new Uint8Array([123, 125]) }, 415, 'UNSUPPORTED_MEDIA_TYPE'],
    [
      'a type that is none',
      { headers: { 'content-type': 'json' }, body: '{}' },
      415,
      'UNSUPPORTED_MEDIA_TYPE',
    ],
    [
      'a content encoding',
      { headers: { ...json, 'content-encoding': 'gzip' }, body: '{}' },
      415,
      'UNSUPPORTED_MEDIA_TYPE',
    ],
    ...['latin1', '"ISO-8859-1"', 'utf-16', 'latin1; charset=utf-8'].map(
      (charset): [string, RequestInit, number, string] => [
        `the charset ${charset}`,
        {
          headers: { 'content-type': `application/json; a="b;c" ;Charset=${charset}` },
          body: '{}',
        },
        415,
        'UNSUPPORTED_MEDIA_TYPE',
      ],
    ),
  ]
  for (const [name, init, status, code] of bodies) {
    it(`is answered ${status} for ${name}`, async () => {
      await using host = await servedHost()

      const answer = await host.request('/api/v1/dispatch/adjust', { method: 'POST', ...init })

      assert.equal(answer.status, status)
      assertFailure(answer.json, code)
    })
  }

  it('says which charset it has to have', async () => {
    await using host = await servedHost()
    const headers = { 'content-type': 'application/json; charset=latin1' }
    const body = Buffer.from('{"name":"\xe9"}', 'latin1')

    const { json: answered } = await host.request('/api/v1/dispatch/adjust', {
      method: 'POST',
      headers,
      body,
    })

    assert.equal(answered['error']?.['message'], 'expected JSON in UTF-8, not in another charset')
  })

  for (const parameters of [
    'charset=utf-8',
    'charset="UTF-8"',
    'charset=us-ascii',
    'charset',
    '',
  ]) {
    it(`is none for its charset with \`;${parameters}\``, async () => {
      await using host = await servedHost()
      const headers = { 'content-type': `application/json;${parameters}` }

      const { status } = await host.request('/api/v1/dispatch/adjust', {
        method: 'POST',
        headers,
        body: '{}',
      })

      assert.equal(status, 200)
    })
  }

  it('is answered 413 as well when its length was not announced', async () => {
    await using host = await servedHost()
    const chunk = new Uint8Array(40_000).fill(32)

    const body = new ReadableStream({
      start(controller) {
        for (let sent = 0; sent < 3; sent++) controller.enqueue(chunk)
        controller.close()
      },
    })
    const init = { method: 'POST', headers: json, body, duplex: 'half' as const }
    const answer = await host.request('/api/v1/dispatch/adjust', init)

    assert.equal(answer.status, 413)
    assert.match(JSON.stringify(answer), /larger than \d+ bytes/)
    assertFailure(answer.json, 'PAYLOAD_TOO_LARGE')
  })

  it('takes the last of two equal keys, as every JSON parser does', async () => {
    await using host = await servedHost()

    const init = { method: 'POST', headers: json, body: '{"a":1,"a":2}' }
    const answer = await host.request('/api/v1/dispatch/adjust', init)

    assert.deepEqual(answer.json['data']?.['results'], [{ connector: 'adjuster', value: { a: 2 } }])
  })

  const methods: readonly [string, string, string][] = [
    ['GET', '/api/v1/dispatch/adjust', 'POST'],
    ['PUT', '/api/v1/dispatch/adjust', 'POST'],
    ['PROPFIND', '/api/v1/dispatch/adjust', 'POST'],
    ['OPTIONS', '/api/v1/dispatch/adjust', 'POST'],
    ['POST', '/api/v1/assembly', 'GET, HEAD'],
    ['DELETE', '/api/v1/outbox', 'GET, HEAD'],
    ['POST', '/health', 'GET, HEAD'],
    ['DELETE', '/api/v1/health', 'GET, HEAD'],
    ['POST', '/metrics', 'GET, HEAD'],
  ]
  for (const [method, path, allow] of methods) {
    it(`is answered 405 with Allow for ${method} ${path}`, async () => {
      await using host = await servedHost()

      const answer = await host.request(path, { method })

      assert.equal(answer.status, 405)
      assert.equal(answer.headers.get('allow'), allow)
      assertFailure(answer.json, 'METHOD_NOT_ALLOWED')
    })
  }

  it('is answered 405 before its body is looked at', async () => {
    await using host = await servedHost()

    const answer = await host.request('/api/v1/assembly', {
      method: 'POST',
      body: 'no JSON at all',
    })

    assert.equal(answer.status, 405)
  })

  for (const path of [
    '/',
    '/nope',
    '/api',
    '/api/v1',
    '/api/v1/',
    '/api/v1/nope',
    '/v1/nope',
    '/health/',
  ]) {
    for (const headers of [{}, { 'x-internal-api-key': managementKey }]) {
      it(`is answered 404 for ${path} ${'x-internal-api-key' in headers ? 'with' : 'without'} a key`, async () => {
        await using host = await servedHost()

        const got = await request(`${host.url}${path}`, { headers })
        const posted = await request(`${host.url}${path}`, { method: 'POST', headers, body: '{' })

        assert.deepEqual([got.status, posted.status], [404, 404])
        assertFailure(got.json, 'NOT_FOUND')
        assertFailure(posted.json, 'NOT_FOUND')
        assert.match(got.headers.get('x-trace-id') ?? '', /^[0-9a-f-]{36}$/)
      })
    }
  }

  const queries = ['/api/v1/assembly?x=1', '/api/v1/health?x', '/api/v1/outbox?states=dead']
  for (const path of queries) {
    it(`is answered 400 for the unknown parameter in ${path}`, async () => {
      await using host = await servedHost()

      const answer = await host.request(path)

      assert.equal(answer.status, 400)
      assertFailure(answer.json, 'VALIDATION_ERROR')
      const name = new URL(path, host.url).searchParams.keys().next().value
      assert.match(
        JSON.stringify(answer.json['error']?.['details']),
        new RegExp(`must not have \`${name}\``),
      )
    })
  }

  it('is answered 400 for an unknown parameter of a dispatch, which is not made', async () => {
    const dispatch = (): never => assert.fail('must not be dispatched')
    await using host = await servedHost({ face: { dispatch } })

    const answer = await host.request('/api/v1/dispatch/adjust?dry_run=true', { method: 'POST' })

    assert.equal(answer.status, 400)
  })

  it('is answered 400 for a path that cannot be decoded', async () => {
    await using host = await servedHost()

    const head = `GET /api/v1/outbox/%zz HTTP/1.1\r\nhost: a\r\nx-trace-id: mine\r\nconnection: close\r\n\r\n`
    const answer = await rawExchange(host.url, head)

    assert.match(answer, /^HTTP\/1\.1 400 /)
    assert.match(answer, /\r\nx-trace-id: mine\r\n/i)
    assertFailure(bodyOf(answer), 'VALIDATION_ERROR')
  })

  it('is answered 404 for an event with a very long name', async () => {
    await using host = await servedHost()

    const answer = await host.request(`/api/v1/dispatch/${'a'.repeat(8_000)}`, { method: 'POST' })

    assert.equal(answer.status, 404)
    assertFailure(answer.json, 'EVENT_UNKNOWN')
  })

  const broken: readonly [string, string, number][] = [
    ['what is not HTTP', 'hello there\r\n\r\n', 400],
    [
      'two content lengths',
      'POST /api/v1/dispatch/adjust HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n',
      400,
    ],
    [
      'a length beside chunks',
      'POST /api/v1/dispatch/adjust HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n',
      400,
    ],
    ['no host', 'GET /api/v1/assembly HTTP/1.1\r\nconnection: close\r\n\r\n', 400],
    [
      'headers without end',
      `GET /api/v1/assembly HTTP/1.1\r\nhost: a\r\nx-long: ${'a'.repeat(40_000)}\r\n\r\n`,
      431,
    ],
  ]
  for (const [name, bytes, status] of broken) {
    it(`is answered ${status} in the same form for ${name}`, async () => {
      await using host = await servedHost()

      const answer = await rawExchange(host.url, bytes)

      assert.match(answer, new RegExp(`^HTTP/1\\.1 ${status} `))
      assertFailure(bodyOf(answer), 'VALIDATION_ERROR')
    })
  }

  it('is answered 408 when its headers do not come to an end in time', async () => {
    const timeouts = { headersMs: 100, requestMs: 200, keepAliveMs: 1_000 }
    await using host = await servedHost({ timeouts })

    const answer = await rawExchange(host.url, 'GET /api/v1/assembly HTTP/1.1\r\nhost:')

    assert.match(answer, /^HTTP\/1\.1 408 /)
    assertFailure(bodyOf(answer), 'VALIDATION_ERROR')
  })

  it('is cut off when its body does not come in time', async () => {
    const timeouts = { headersMs: 100, requestMs: 200, keepAliveMs: 1_000 }
    await using host = await servedHost({ timeouts })

    const head = [
      'POST /api/v1/dispatch/adjust HTTP/1.1',
      'host: a',
      `x-internal-api-key: ${managementKey}`,
      'content-type: application/json',
      'content-length: 10',
    ]
    const answer = await rawExchange(host.url, `${head.join('\r\n')}\r\n\r\n{`)

    assert.match(answer, /^HTTP\/1\.1 408 /)
  })
})

function assertFailure(answer: unknown, code: string): void {
  assert.ok(typeof answer === 'object' && answer !== null && 'error' in answer)
  const { error, ...rest } = answer
  assert.deepEqual(rest, { success: false })
  assert.ok(typeof error === 'object' && error !== null)
  assert.deepEqual(Object.keys(error), ['code', 'message', 'details'])
  assert.ok('code' in error && 'message' in error && 'details' in error)
  assert.equal(error.code, code)
  assert.ok(typeof error.message === 'string' && error.message.length > 0)
  assert.ok(typeof error.details === 'object' && error.details !== null)
}

function bodyOf(answer: string): unknown {
  return JSON.parse(answer.slice(answer.indexOf('\r\n\r\n') + 4))
}
