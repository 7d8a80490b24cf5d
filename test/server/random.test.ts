import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { managementKey, request, servedHost } from '../helpers/served-host.ts'

const path = fc.oneof(
  fc.constantFrom(
    '/api/v1/dispatch/adjust',
    '/api/v1/dispatch/none',
    '/api/v1/assembly',
    '/api/v1/outbox',
    '/api/v1/audit-entries',
    '/api/v1/outbox/019a0000-0000-7000-8000-000000000001',
    '/api/v1/outbox/019a0000-0000-7000-8000-000000000001/redeliver',
    '/api/v1/health',
  ),
  fc.webPath().map((tail) => `/api/v1/${tail}`),
)
const query = fc.option(
  fc.oneof(fc.webQueryParameters(), fc.constantFrom('state=dead', 'limit=5', 'limit=-1', 'x=%zz')),
)
const method = fc.constantFrom(
  'GET',
  'POST',
  'PUT',
  'PATCH',
  'DELETE',
  'OPTIONS',
  'PROPFIND',
  'QUERY',
)
const text = fc.string({ maxLength: 20 }).map((each) => each.replaceAll(/[^\x20-\x7e]/g, ''))
const headers = fc.record(
  {
    'x-internal-api-key': fc.oneof(fc.constant(managementKey), text),
    'content-type': fc.oneof(fc.constant('application/json'), text),
    'x-timeout': fc.oneof(fc.constantFrom('1s', '2', '0'), text),
    'x-dry-run': fc.oneof(fc.constantFrom('true', 'false'), text),
    'x-carabiner-depth': fc.oneof(fc.nat(20).map(String), text),
    'x-actor': text,
    'x-trace-id': text,
  },
  { requiredKeys: [] },
)
const body = fc.oneof(fc.json(), fc.string(), fc.constant(undefined), fc.uint8Array())

describe('any request under /api/v1', () => {
  it('is answered in the envelope, and never with a failure of ours', async () => {
    await using host = await servedHost()

    await fc.assert(
      fc.asyncProperty(path, query, method, headers, body, async (...given) => {
        const [at, asked, verb, fields, sent] = given
        const url = `${host.url}${at}${asked === null ? '' : `?${asked}`}`
        const content = verb === 'GET' ? {} : { body: sent ?? null }

        const answer = await request(url, { method: verb, headers: fields, ...content })

        assert.ok(answer.status < 500 || answer.status === 508, `${answer.status} ${answer.text}`)
        const isSuccess = answer.status < 300
        assert.deepEqual(
          Object.keys(answer.json),
          isSuccess ? ['success', 'data', 'meta'] : ['success', 'error'],
        )
        assert.equal(answer.json['success'], isSuccess)
        assert.match(answer.headers.get('x-trace-id') ?? '', /^[\x21-\x7e]{1,128}$/)
      }),
      { numRuns: 500 },
    )
  })
})
