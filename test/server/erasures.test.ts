import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { newMessageId } from '../../src/ids.ts'
import type { HostFace } from '../../src/server/host-face.ts'
import { servedHost } from '../helpers/served-host.ts'

const id = newMessageId()

describe('POST /api/v1/erasures', () => {
  const targets = [
    [{ messageId: id.toUpperCase() }, { kind: 'message', id }],
    [{ tenant: 'acme' }, { kind: 'tenant', tenant: 'acme' }],
  ] as const
  for (const [body, target] of targets) {
    it(`erases ${JSON.stringify(body)} and says how much that was`, async () => {
      const asked: unknown[] = []
      const erase: HostFace['erase'] = async (...given) => {
        asked.push(given)
        return { messages: 2, cancelled: 1, records: 3 }
      }
      await using host = await servedHost({ face: { erase } })

      const answer = await host.request('/api/v1/erasures', post(body))

      assert.equal(answer.status, 200)
      assert.deepEqual(answer.json['data'], { messages: 2, cancelled: 1, records: 3 })
      assert.deepEqual(asked, [[target, { actor: 'operators', traceId: 'mine' }]])
    })
  }

  const refused: readonly (readonly [object, string])[] = [
    [{}, ''],
    [{ messageId: id, tenant: 'acme' }, ''],
    [{ messageId: '17' }, '/messageId'],
    [{ tenant: '' }, '/tenant'],
    [{ tenants: ['acme'] }, ''],
  ]
  for (const [body, pointer] of refused) {
    it(`refuses ${JSON.stringify(body)}`, async () => {
      const erase = (): never => assert.fail('must not be asked')
      await using host = await servedHost({ face: { erase } })

      const answer = await host.request('/api/v1/erasures', post(body))

      assert.equal(answer.status, 400)
      const errors: unknown = answer.json['error']?.['details']?.['errors']
      assert.ok(Array.isArray(errors))
      assert.ok(
        errors.some((error) => error.pointer === pointer),
        JSON.stringify(errors),
      )
    })
  }
})

function post(body: object): RequestInit {
  const headers = { 'content-type': 'application/json', 'x-trace-id': 'mine' }
  return { method: 'POST', headers, body: JSON.stringify(body) }
}
