import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { startProject } from '../helpers/start-host.ts'

const curious = `import { defineConnector, defineEvent } from 'carabiner'
import { Type } from 'typebox'

export default defineConnector({
  name: 'curious',
  config: Type.Object({ depth: Type.Number({ default: 3 }) }),
  events: [defineEvent('look', {})],
  setup({ id, config, store, clock, signal, generation, audit, on }) {
    on('look', async () => {
      await audit({ entityType: 'look', entityId: id, action: 'looked', actor: id, details: {} })
      const trail = await store.auditTrail({ action: 'looked' })
      const { rows } = await store.deliveries({})
      return {
        id, config, generation, store: store.name, durable: store.durable,
        looked: trail.rows.map((row) => row.entityId), endpoints: rows.map((row) => row.endpoint),
        late: clock.now() < trail.rows[0].createdAt, stopping: signal.aborted,
      }
    })
  },
})
`

const yaml = `
host: { store: sqlite:./data/x.db }
connectors: { eye: ./curious.ts, webhooks: webhooks }
webhooks:
  - { name: told, events: after:startup, url: 'http://127.0.0.1:9/told', secret: s3cr3t-of-a-test }
`

describe('what setup gets', () => {
  it('is bound to the id in the assembly, and to the parts of the running host', async () => {
    await using project = await startProject(yaml, { files: { 'curious.ts': curious } })

    const outcome = await project.host.dispatch('look', {})

    assert.equal(outcome.kind, 'completed')
    assert.deepEqual(outcome.results, [
      {
        connector: 'eye',
        value: {
          id: 'eye',
          config: { depth: 3 },
          generation: 1,
          store: 'sqlite',
          durable: true,
          looked: ['eye'],
          endpoints: ['webhooks/told'],
          late: false,
          stopping: false,
        },
      },
    ])
  })
})
