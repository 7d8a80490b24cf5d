import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { HostFace } from '../../src/server/host-face.ts'
import { anAuditRow, noon } from '../../src/store/contract/makers.ts'
import type { AuditPageQuery } from '../../src/store/store.ts'
import { aFace, secret, servedHost } from '../helpers/served-host.ts'

describe('GET /api/v1/audit-entries', () => {
  it('shows the first twenty entries, newest first, and how many there are; no secret', async () => {
    const row = anAuditRow({ details: { reason: `key ${secret}` } })
    const store = aStore(async () => ({ rows: [row], total: 41 }))
    await using host = await servedHost({ face: { store } })

    const answer = await host.request('/api/v1/audit-entries')

    assert.equal(answer.status, 200)
    assert.deepEqual(answer.json, {
      success: true,
      data: [
        {
          id: row.id,
          entityType: 'delivery',
          entityId: 'd-1',
          action: 'delivery.redelivered',
          actor: 'anna',
          details: { reason: 'key ••••' },
          createdAt: new Date(noon).toISOString(),
        },
      ],
      meta: { page: 1, pageSize: 20, total: 41, totalPages: 3 },
    })
  })

  it('asks the store for what the query says, at most a hundred', async () => {
    const asked: AuditPageQuery[] = []
    const store = aStore(async (query) => {
      asked.push(query)
      return { rows: [], total: 0 }
    })
    await using host = await servedHost({ face: { store } })

    const filter = { entityType: 'webhook', entityId: 'webhooks/a', action: 'decision.made' }
    const some = new URLSearchParams({ page: '3', pageSize: '7', ...filter })
    const answer = await host.request(`/api/v1/audit-entries?${some}`)
    const many = await host.request('/api/v1/audit-entries?pageSize=101&page=2')

    assert.deepEqual(asked, [
      { ...filter, offset: 14, limit: 7 },
      { offset: 100, limit: 100 },
    ])
    assert.deepEqual(answer.json['meta'], { page: 3, pageSize: 7, total: 0, totalPages: 1 })
    assert.deepEqual(many.json['meta'], { page: 2, pageSize: 100, total: 0, totalPages: 1 })
  })

  const refused = [
    'page=0',
    'page=-1',
    'page=1.5',
    'page=x',
    'page=',
    'page=1e3',
    'page=1000000001',
    'page=1&page=2',
    'pageSize=0',
    'pageSize=ten',
    'action=',
    'entityId=',
    'entityType=',
    'entityId=%00',
    'action=a%00',
    'cursor=abc',
  ]
  for (const query of refused) {
    it(`refuses ?${query}`, async () => {
      const store = aStore((): never => assert.fail('must not be asked'))
      await using host = await servedHost({ face: { store } })

      const answer = await host.request(`/api/v1/audit-entries?${query}`)

      assert.equal(answer.status, 400)
      assert.equal(answer.json['error']?.['code'], 'VALIDATION_ERROR')
    })
  }
})

function aStore(auditPage: HostFace['store']['auditPage']): HostFace['store'] {
  return { ...aFace().store, auditPage }
}
