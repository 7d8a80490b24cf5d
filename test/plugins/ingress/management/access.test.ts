import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import ingress from '../../../../plugins/ingress/index.ts'
import { familyOf } from '../../../../src/connector/route-family.ts'
import { type Answered, rawExchange, request } from '../../../helpers/served-host.ts'
import { type IngressHost, managementKey, startIngress } from '../ingress-host.ts'

const id = '019a0000-0000-7000-8000-000000000001'

/** The host's own routes that need the key. */
const hostRoutes: readonly (readonly [method: string, path: string])[] = [
  ['POST', '/api/v1/dispatch/startup'],
  ['GET', '/api/v1/assembly'],
  ['GET', '/api/v1/outbox'],
  ['GET', `/api/v1/outbox/${id}`],
  ['POST', `/api/v1/outbox/${id}/redeliver`],
  ['GET', '/api/v1/redeliveries'],
  ['POST', '/api/v1/redeliveries'],
  ['GET', `/api/v1/redeliveries/${id}`],
  ['DELETE', `/api/v1/redeliveries/${id}`],
  ['POST', '/api/v1/erasures'],
  ['GET', '/api/v1/audit-entries'],
]

const own = (Array.isArray(ingress.routes) ? ingress.routes : [])
  .filter((route) => familyOf(route) === 'management')
  .map(({ method, path }) => [method, path.replaceAll(/:\w+/g, id)] as const)

const managed = [...hostRoutes, ...own]

/** Ways to write a path that some server somewhere takes for the same. */
function disguisesOf(path: string): readonly string[] {
  const [, , , name = ''] = path.split('/')
  const [first = ''] = name
  const hex = first.charCodeAt(0).toString(16)
  const encoded = path.replace(`/api/v1/${first}`, `/api/v1/%${hex}`)
  return [
    encoded,
    encoded.replace('%6', '%%36'),
    path.replace('/v1/', '/%76%31/'),
    path.replaceAll('/', '%2f').replace('%2f', '/'),
    path.replace('/v1/', '/v1%2f'),
    path.replace('/v1/', '/v1//'),
    `/${path}`,
    path.replace('/v1/', '/v1/./'),
    path.replace('/v1/', '/v1/health/../'),
    path.replace('/v1/', '/v1/%2e/'),
    path.replace('/v1/', '/v1/webhooks/%2e%2e/'),
    path.replace('/v1/', '/v1/webhooks/acme/../../'),
    path.replace('/api/', '/health/../api/'),
    path.toUpperCase(),
    path.replace('/api/', '/API/'),
    path.replace(`/${name}`, `/${name.charAt(0).toUpperCase()}${name.slice(1)}`),
    `${path}/`,
    `${path}//`,
    `${path}/.`,
    `${path}%2f`,
    `${path}?`,
    `${path}?x-internal-api-key=${managementKey}`,
    `${path};v=1`,
    `${path}%00`,
    `${path}%20`,
    `${path}.json`,
    path.replaceAll('/', '\\'),
    `http://elsewhere${path}`,
  ]
}

describe('the management key', () => {
  let host: IngressHost
  before(async () => {
    host = await startIngress()
  })
  after(() => host[Symbol.asyncDispose]())

  it('is asked for by at least these routes', () => {
    assert.ok(own.length >= 9, String(own.length))
  })

  for (const [method, path] of managed) {
    it(`is needed for ${method} ${path}`, async () => {
      const ask = (headers: Record<string, string>): Promise<Answered> =>
        request(`${host.project.url}${path}`, { method, headers })

      const without = await ask({})
      const wrong = await ask({ 'x-internal-api-key': `${managementKey}x` })
      const right = await ask({ 'x-internal-api-key': managementKey })

      assert.deepEqual([without.status, wrong.status], [401, 401])
      assert.deepEqual(without.json, {
        success: false,
        error: { code: 'UNAUTHORIZED', message: 'Invalid management API key', details: {} },
      })
      assert.notEqual(right.status, 401)
    })

    it(`is not got round: ${method} ${path}`, async () => {
      const asked = disguisesOf(path).map(async (disguise) => {
        const head = `${method} ${disguise} HTTP/1.1\r\nhost: a\r\ncontent-length: 0\r\nconnection: close\r\n\r\n`
        const answer = await rawExchange(host.project.url, head)
        return [disguise, answer] as const
      })
      for (const [disguise, answer] of await Promise.all(asked)) {
        assert.match(answer, /^HTTP\/1\.1 (?:400|401|404) /, disguise)
        assert.doesNotMatch(answer, /"success":true/, disguise)
      }
    })
  }
})

describe('every answer under /api/v1', () => {
  let host: IngressHost
  before(async () => {
    host = await startIngress({ server: 'body_limit: 1KiB' })
  })
  after(() => host[Symbol.asyncDispose]())

  const json = { 'content-type': 'application/json' }
  const key = { 'x-internal-api-key': managementKey }
  const long = JSON.stringify({ reason: 'x'.repeat(2_000) })
  const replay = `/api/v1/events/${id}/replay`
  const cases: readonly (readonly [
    what: string,
    path: string,
    init: RequestInit,
    status: number,
    code: string,
  ])[] = [
    ['an unknown path', '/api/v1/nothing', {}, 404, 'NOT_FOUND'],
    ['an unknown path, with a key', '/api/v1/nothing', { headers: key }, 404, 'NOT_FOUND'],
    ['an unknown path, with a body', '/api/v1/x', { method: 'POST', body: '{' }, 404, 'NOT_FOUND'],
    ['no key', '/api/v1/events', {}, 401, 'UNAUTHORIZED'],
    [
      'another method',
      '/api/v1/events',
      { method: 'PUT', headers: key },
      405,
      'METHOD_NOT_ALLOWED',
    ],
    ['another method for providers', '/api/v1/webhooks/acme', {}, 405, 'METHOD_NOT_ALLOWED'],
    [
      'malformed JSON',
      replay,
      { method: 'POST', headers: { ...key, ...json }, body: '{"reason"' },
      400,
      'VALIDATION_ERROR',
    ],
    [
      'a body that is no object',
      replay,
      { method: 'POST', headers: { ...key, ...json }, body: '[]' },
      400,
      'VALIDATION_ERROR',
    ],
    [
      'a body of another type',
      replay,
      { method: 'POST', headers: { ...key, 'content-type': 'text/plain' }, body: 'reason' },
      415,
      'UNSUPPORTED_MEDIA_TYPE',
    ],
    [
      'a body that is too long',
      replay,
      { method: 'POST', headers: { ...key, ...json }, body: long },
      413,
      'PAYLOAD_TOO_LARGE',
    ],
    [
      'a webhook that is too long',
      '/api/v1/webhooks/acme',
      { method: 'POST', headers: json, body: long },
      413,
      'PAYLOAD_TOO_LARGE',
    ],
    [
      'a provider that nobody has',
      '/api/v1/webhooks/none',
      { method: 'POST', headers: json, body: '{}' },
      404,
      'NOT_FOUND',
    ],
    ['a path that is no text', '/api/v1/events/%ff', { headers: key }, 400, 'VALIDATION_ERROR'],
    ['a path that is not encoded', '/api/v1/%zz', { headers: key }, 400, 'VALIDATION_ERROR'],
    [
      'a search for no text',
      '/api/v1/events?subject=%ff',
      { headers: key },
      400,
      'VALIDATION_ERROR',
    ],
    [
      'a provider that is no text',
      '/api/v1/events?provider=%zz',
      { headers: key },
      400,
      'VALIDATION_ERROR',
    ],
    [
      'an action that is no text',
      '/api/v1/audit-entries?action=%c3',
      { headers: key },
      400,
      'VALIDATION_ERROR',
    ],
    ['a search for no text by nobody', '/api/v1/events?subject=%ff', {}, 401, 'UNAUTHORIZED'],
    ['an id that is none', '/api/v1/events/1', { headers: key }, 400, 'VALIDATION_ERROR'],
  ]
  for (const [what, path, init, status, code] of cases) {
    it(`has the form of a failure: ${what}`, async () => {
      const answered = await request(`${host.project.url}${path}`, init)

      assert.equal(answered.status, status, answered.text)
      assert.match(answered.headers.get('content-type') ?? '', /^application\/json/)
      const { success, error } = answered.json
      assert.equal(success, false)
      assert.equal(error?.['code'], code)
      assert.deepEqual(Object.keys(error ?? {}), ['code', 'message', 'details'])
    })
  }

  it('has the form of a success, with meta', async () => {
    const health = await request(`${host.project.url}/api/v1/health`)
    const integrations = await host.get('/integrations')

    assert.deepEqual(Object.keys(health.json), ['success', 'data', 'meta'])
    assert.deepEqual(health.json['meta'], {})
    const ok = { status: 'ok' }
    assert.deepEqual(health.json['data']?.['checks'], { memory: ok, 'integrations.acme': ok })
    assert.deepEqual(integrations['meta'], { total: 1 })
  })
})
