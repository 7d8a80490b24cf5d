import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Answered } from '../../../helpers/served-host.ts'
import { acmeRequest, type IngressHost, signedAcme, startIngress } from '../ingress-host.ts'

let host: IngressHost
before(async () => {
  host = await startIngress({
    server: 'body_limit: 2KiB',
    integrations: [
      "{ provider: globex, secret: a-token-of-globex, callback_url: 'http://127.0.0.1:9/', active: false }",
    ],
    acme: 'rate_limit: { unverified: 2/h, verified: 1/h }',
  })
})
after(() => host[Symbol.asyncDispose]())

const [path] = acmeRequest()
const tooLarge = 'x'.repeat(3_000)

/** A request with everything wrong from one check on: each row is right about one thing more than the row before. */
const rows: readonly {
  readonly what: string
  readonly path?: string
  readonly init: RequestInit
  readonly status: number
  readonly code: string
  readonly message: string
}[] = [
  {
    what: 'an unknown provider, with a body that is too large and of no type',
    path: '/api/v1/webhooks/initech',
    init: { method: 'POST', body: tooLarge },
    status: 404,
    code: 'NOT_FOUND',
    message: 'No active integration configured for provider: initech',
  },
  {
    what: 'an integration that is switched off',
    path: '/api/v1/webhooks/globex',
    init: { method: 'POST', body: tooLarge },
    status: 404,
    code: 'NOT_FOUND',
    message: 'No active integration configured for provider: globex',
  },
  {
    what: 'a body that is too large, of a wrong type',
    init: { method: 'POST', headers: { 'content-type': 'text/plain' }, body: tooLarge },
    status: 413,
    code: 'PAYLOAD_TOO_LARGE',
    message: 'the body is larger than 2048 bytes (host.server.body_limit)',
  },
  {
    what: 'a wrong type, and no JSON',
    init: { method: 'POST', headers: { 'content-type': 'text/plain' }, body: '{' },
    status: 415,
    code: 'UNSUPPORTED_MEDIA_TYPE',
    message: 'expected content type application/json',
  },
  {
    what: 'a form, which acme does not send',
    init: {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: 'a=1',
    },
    status: 415,
    code: 'UNSUPPORTED_MEDIA_TYPE',
    message: 'expected content type application/json',
  },
  {
    what: 'a compressed body',
    init: {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'content-encoding': 'gzip' },
      body: '{}',
    },
    status: 415,
    code: 'UNSUPPORTED_MEDIA_TYPE',
    message: 'expected a body without content encoding',
  },
  ...['{', '', '[]', '"text"', 'null', '7', '{"__proto__":1}'].map((body) => ({
    what: `no JSON object, and no signature: ${body}`,
    init: { method: 'POST', headers: { 'content-type': 'application/json' }, body },
    status: 400,
    code: 'VALIDATION_ERROR',
    message: 'Request body must be a JSON object',
  })),
  {
    what: 'no signature, and missing fields',
    init: { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{}' },
    status: 401,
    code: 'UNAUTHORIZED',
    message: 'Missing x-acme-signature header',
  },
  {
    what: 'a wrong signature, and missing fields',
    init: {
      method: 'POST',
      headers: { 'content-type': 'Application/JSON; charset=utf-8', 'x-acme-signature': '00' },
      body: '{}',
    },
    status: 401,
    code: 'UNAUTHORIZED',
    message: 'Invalid acme webhook signature',
  },
  {
    what: 'one that is not genuine too many',
    init: {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-acme-signature': '00' },
      body: '{}',
    },
    status: 429,
    code: 'RATE_LIMITED',
    message: 'too many unverified requests from this address: try again in N s',
  },
  {
    what: 'a genuine one with missing fields',
    init: signedAcme('{"eventId":"evt-1"}')[1],
    status: 400,
    code: 'VALIDATION_ERROR',
    message: 'the request is invalid',
  },
  {
    what: 'a genuine one too many, with missing fields',
    init: signedAcme('{"eventId":"evt-1"}')[1],
    status: 429,
    code: 'RATE_LIMITED',
    message: 'too many verified requests from this address: try again in N s',
  },
]

describe('a webhook is looked at in the order', { timeout: 60_000 }, () => {
  for (const { what, path: own = path, init, status, code, message } of rows) {
    it(`${status}: ${what}`, async () => {
      const answered = await host.send(own, init)

      assert.equal(answered.status, status, answered.text)
      assertFailure(answered, code, message)
    })
  }

  it('stores nothing of any of them', async () => {
    const { meta } = await host.get('/events')
    assert.deepEqual(meta, { page: 1, pageSize: 20, total: 0, totalPages: 1 })
    assert.deepEqual(await host.audit(''), [])
  })
})

describe('what is refused tells why', { timeout: 60_000 }, () => {
  it('names each field that does not fit', async () => {
    await using fresh = await startIngress()

    const { json } = await fresh.send(...signedAcme('{"eventId":7,"data":[]}'))

    const errors = Object.values(json['error']?.['details']?.['errors'] ?? {})
    const pointers = errors.map(({ pointer }) => String(pointer))
    assert.deepEqual(pointers.toSorted(), ['/data', '/eventId', '/eventType', '/occurredAt'])
  })

  it('keeps nothing that lists could not be filtered by', async () => {
    await using fresh = await startIngress()

    const long = await fresh.post({ eventType: `order.${'x'.repeat(300)}` })
    const id = await fresh.accepted({ subject: 'a\u0000b\ud800' })
    const empty = await fresh.accepted({ eventId: 'evt-empty', subject: '' })

    assert.equal(long.status, 400, long.text)
    assert.equal((await fresh.event(id))['subject'], 'ab\ufffd')
    assert.equal((await fresh.event(empty))['subject'], '')
  })

  it('names the limit of what is delivered, where that is the smaller one', async () => {
    await using fresh = await startIngress({ host: 'deliveries: { body_limit: 1KiB }' })

    const { status, json } = await fresh.post({ data: { id: 'x'.repeat(1_024) } })

    assert.deepEqual([status, json['error']?.['code']], [413, 'PAYLOAD_TOO_LARGE'])
    assert.match(String(json['error']?.['message']), /is 1024 \(host\.deliveries\.body_limit\)$/)
    assert.equal((await fresh.get('/events'))['meta']?.['total'], 0)
  })

  it('takes bytes as they came, whatever charset they say they are', async () => {
    const headers = { 'content-type': 'application/json; charset=latin1' }
    await using fresh = await startIngress()

    const { status, json } = await fresh.post({ subject: 'Müller' }, headers)

    assert.equal(status, 202)
    const event = await fresh.event(String(json['data']?.['eventId']))
    assert.equal(event['subject'], 'Müller')
  })

  it('takes genuine requests from an address that has sent too many others', async () => {
    await using fresh = await startIngress({ acme: 'rate_limit: { unverified: 1/h }' })
    const forged = signedAcme('{}', { 'x-acme-signature': '00' })

    const first = await fresh.send(...forged)
    const second = await fresh.send(...forged)
    const genuineOne = await fresh.post()

    assert.deepEqual([first.status, second.status, genuineOne.status], [401, 429, 202])
    assert.ok(Number(second.headers.get('retry-after')) >= 1)
    assert.equal(second.json['error']?.['details']?.['limit'], 1)
  })

  it('counts by the address that a trusted proxy names, and by nothing else that is sent', async () => {
    await using behind = await startIngress({
      server: 'trusted_proxies: [127.0.0.1]',
      stanza: 'rate_limit: { unverified: 1/h }',
    })
    await using open = await startIngress({ stanza: 'rate_limit: { unverified: 1/h }' })
    const from = (address: string) =>
      signedAcme('{}', { 'x-acme-signature': '00', 'x-forwarded-for': address })

    const named = await statuses(behind, ['10.0.0.1', '10.0.0.2', '10.0.0.1'].map(from))
    const unnamed = await statuses(open, ['10.0.0.1', '10.0.0.2', '10.0.0.1'].map(from))
    const id = String(
      (await behind.post({}, { 'x-forwarded-for': '10.0.0.9' })).json['data']?.['eventId'],
    )

    assert.deepEqual(named, [401, 401, 429])
    assert.deepEqual(unnamed, [401, 429, 429])
    const { data } = await behind.get(`/events/${id}`)
    assert.equal(data?.['webhook']?.['sourceIp'], '10.0.0.9')
  })
})

async function statuses(
  { send }: IngressHost,
  requests: readonly [string, RequestInit][],
): Promise<readonly number[]> {
  const found: number[] = []
  for (const each of requests) found.push((await send(...each)).status)
  return found
}

function assertFailure({ json, text }: Answered, code: string, message: string): void {
  assert.deepEqual(Object.keys(json), ['success', 'error'])
  assert.deepEqual(Object.keys(json['error'] ?? {}), ['code', 'message', 'details'])
  assert.equal(json['error']?.['code'], code, text)
  assert.equal(String(json['error']?.['message']).replace(/\d+ s$/, 'N s'), message)
}
