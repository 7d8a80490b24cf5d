import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { keyJudge } from '../../src/server/management-key.ts'
import { managementKey, rawExchange, request, servedHost } from '../helpers/served-host.ts'

const other = { name: 'deploy', key: 'another-key-of-16' }
const keys = [{ name: 'operators', key: managementKey }, other]

const managed: readonly [string, string][] = [
  ['POST', '/api/v1/dispatch/adjust'],
  ['GET', '/api/v1/assembly'],
  ['HEAD', '/api/v1/assembly'],
  ['GET', '/api/v1/outbox'],
  ['GET', '/api/v1/outbox/019a0000-0000-7000-8000-000000000001'],
  ['POST', '/api/v1/outbox/019a0000-0000-7000-8000-000000000001/redeliver'],
  ['GET', '/api/v1/redeliveries'],
  ['POST', '/api/v1/redeliveries'],
  ['GET', '/api/v1/redeliveries/019a0000-0000-7000-8000-000000000001'],
  ['DELETE', '/api/v1/redeliveries/019a0000-0000-7000-8000-000000000001'],
  ['POST', '/api/v1/erasures'],
  ['GET', '/api/v1/audit-entries'],
  ['GET', '/metrics'],
  ['DELETE', '/api/v1/assembly'],
]

describe('the management key', () => {
  for (const [method, path] of managed) {
    it(`is needed for ${method} ${path}`, async () => {
      await using host = await servedHost({ config: { managementKeys: keys } })
      const ask = (headers: Record<string, string>) =>
        request(`${host.url}${path}`, { method, headers })

      const without = await ask({})
      const wrong = await ask({ 'x-internal-api-key': `${managementKey}x` })
      const right = await ask({ 'x-internal-api-key': managementKey })
      const second = await ask({ 'x-internal-api-key': other.key })

      assert.deepEqual([without.status, wrong.status], [401, 401])
      assert.notEqual(right.status, 401)
      assert.equal(second.status, right.status)
      if (method === 'HEAD') return
      assert.deepEqual(without.json['error'], {
        code: 'UNAUTHORIZED',
        message: 'Invalid management API key',
        details: {},
      })
    })
  }

  for (const path of ['/health', '/livez', '/readyz', '/api/v1/health']) {
    it(`is not needed for ${path}`, async () => {
      await using host = await servedHost()

      assert.equal((await request(`${host.url}${path}`)).status, 200)
    })
  }

  it('turns the management API off when there is none', async () => {
    await using host = await servedHost({ config: { managementKeys: [] } })

    const answer = await host.request('/api/v1/assembly')

    assert.equal(answer.status, 401)
    const message = 'management API is off: set host.server.management_key'
    assert.equal(answer.json['error']?.['message'], message)
  })

  it('is not needed on loopback when the assembly says so', async () => {
    const config = { managementKeys: [], allowUnauthenticated: true }
    await using host = await servedHost({ config })

    assert.equal((await request(`${host.url}/api/v1/assembly`)).status, 200)
  })

  it('is needed all the same when there is one', async () => {
    await using host = await servedHost({ config: { allowUnauthenticated: true } })

    assert.equal((await request(`${host.url}/api/v1/assembly`)).status, 401)
  })

  for (const host of ['0.0.0.0', '::', '192.168.1.1', 'example.com', '128.0.0.1']) {
    it(`cannot be done without on ${host}`, async () => {
      const config = { managementKeys: [], allowUnauthenticated: true }

      const serving = servedHost({ config, listeners: [{ host: '127.0.0.1' }, { host }] })

      await assert.rejects(serving, { code: 'ASSEMBLY_INVALID', message: /loopback/ })
    })
  }

  it('is judged by all its bytes', () => {
    const judge = keyJudge({ managementKeys: keys, allowUnauthenticated: false })
    const umlaut = keyJudge({
      managementKeys: [{ name: 'ü', key: 'schlüssel-schlüssel' }],
      allowUnauthenticated: false,
    })

    assert.deepEqual(judge(other.key), { kind: 'granted', holder: 'deploy' })
    assert.equal(judge(other.key.toUpperCase()).kind, 'refused')
    assert.equal(judge(other.key.slice(0, -1)).kind, 'refused')
    assert.equal(judge('').kind, 'refused')
    // As Node hands it over when a client sends UTF-8.
    const sent = Buffer.from('schlüssel-schlüssel').toString('latin1')
    assert.equal(umlaut(sent).kind, 'granted')
  })

  const disguises = [
    '/api/v1/%64ispatch/adjust',
    '/api/v1/dispatch/%61djust',
    '/%61pi/v1/dispatch/adjust',
    '/api%2fv1%2fdispatch%2fadjust',
    '/api/v1/dispatch%2Fadjust',
    '//api/v1/dispatch/adjust',
    '/api//v1/dispatch/adjust',
    '/api/v1//dispatch/adjust',
    '/api/v1/./dispatch/adjust',
    '/api/v1/health/../dispatch/adjust',
    '/health/../api/v1/dispatch/adjust',
    '/api/v1/dispatch/adjust/',
    '/API/v1/dispatch/adjust',
    '/api/v1/Dispatch/adjust',
    '/api/v1/dispatch/adjust;x=1',
    '/api/v1/dispatch/adjust?',
    '/api/v1/dispatch/adjust#x',
    '/api/v1/dispatch/adjust%00',
    '\\api\\v1\\dispatch\\adjust',
    'http://elsewhere/api/v1/dispatch/adjust',
    '/health?/api/v1/dispatch/adjust',
  ]
  for (const path of disguises) {
    it(`is not got round by ${path}`, async () => {
      const dispatch = (): never => assert.fail('must not be dispatched')
      await using host = await servedHost({ face: { dispatch } })

      const head = `POST ${path} HTTP/1.1\r\nhost: a\r\ncontent-length: 0\r\nconnection: close\r\n\r\n`
      const answer = await rawExchange(host.url, head)

      const expected = path.startsWith('/health?')
        ? /^HTTP\/1\.1 405 /
        : /^HTTP\/1\.1 (400|401|404) /
      assert.match(answer, expected)
    })
  }
})

describe('a listener', () => {
  const paths = ['/health', '/livez', '/readyz', '/api/v1/health', '/api/v1/assembly', '/metrics']

  const served: readonly [('public' | 'management' | 'metrics' | 'callbacks')[], number[]][] = [
    [['public'], [200, 200, 200, 200, 404, 404]],
    [['management'], [404, 404, 404, 404, 200, 404]],
    [['metrics'], [404, 404, 404, 404, 404, 200]],
    [['callbacks'], [404, 404, 404, 404, 404, 404]],
    [
      ['public', 'metrics'],
      [200, 200, 200, 200, 404, 200],
    ],
    [
      ['public', 'management', 'callbacks', 'metrics'],
      [200, 200, 200, 200, 200, 200],
    ],
  ]
  for (const [serve, expected] of served) {
    it(`that serves ${serve.join(', ')} knows nothing else`, async () => {
      await using host = await servedHost({ listeners: [{ serve }] })

      const answers = await Promise.all(paths.map((path) => host.request(path)))

      assert.deepEqual(
        answers.map(({ status }) => status),
        expected,
      )
    })
  }

  it('that serves metrics alone needs no key, one that shares them does', async () => {
    const listeners = [{ serve: ['metrics'] as const }, { serve: ['public', 'metrics'] as const }]
    await using host = await servedHost({ listeners })

    const statuses = host.urls.map(async (url) => (await request(`${url}/metrics`)).status)

    assert.deepEqual(await Promise.all(statuses), [200, 401])
  })
})
