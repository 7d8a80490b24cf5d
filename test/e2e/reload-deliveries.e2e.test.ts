import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { openStore } from '../../src/store/open-store.ts'
import { eventually } from '../helpers/engine.ts'
import { gate } from '../helpers/fake-sender.ts'
import { runHost } from '../helpers/host-process.ts'
import { receiver } from '../helpers/receiver.ts'
import { adjusterSource, type ProjectFolder, projectFolder } from '../helpers/start-host.ts'

const component = { component: 'web', amount: 1 }

describe('a reload while a delivery is under way', () => {
  it('goes on with the next of an ordered webhook as soon as that one is answered', async () => {
    const first = gate()
    await using hooks = await receiver({ answers: [first.answer, 200] })
    using folder = projectFolder({
      'adjuster.ts': adjusterSource,
      'carabiner.yaml': assembly(hooks.url, 'before'),
    })
    await using host = await runHost(folder)
    for (let count = 0; count < 3; count += 1) await host.dispatch('adjust', component)
    await eventually(() => hooks.received.length === 1)

    writeFileSync(folder.file('carabiner.yaml'), assembly(hooks.url, 'after'))
    host.child.kill('SIGHUP')
    await host.said(/^reloaded/m)
    assert.equal(hooks.received.length, 1)
    const answeredAt = performance.now()
    first.open()
    await hooks.requests(3)

    assert.ok(performance.now() - answeredAt < 10_000)
    const teams = hooks.received.map(({ headers }) => headers['x-team'])
    assert.deepEqual(teams, ['before', 'after', 'after'])
    assert.equal(new Set(hooks.received.map(({ headers }) => headers['webhook-id'])).size, 3)
  })
})

describe('a reload without an endpoint that deliveries wait for', () => {
  it('says so of them at once, and the reload that brings it back takes it back', async () => {
    await using hooks = await receiver({ answers: [503] })
    using folder = projectFolder({
      'adjuster.ts': adjusterSource,
      'carabiner.yaml': assembly(hooks.url, 'before'),
    })
    await using host = await runHost(folder)
    await host.dispatch('adjust', component)
    await hooks.requests(1)
    await eventually(async () => (await waiting(folder)).length === 1)

    writeFileSync(folder.file('carabiner.yaml'), without)
    host.child.kill('SIGHUP')
    await host.said(/^reloaded/m)
    assert.deepEqual(await waiting(folder), ['endpoint not in the assembly'])
    writeFileSync(folder.file('carabiner.yaml'), assembly(hooks.url, 'after'))
    host.child.kill('SIGHUP')
    await host.said(/^reloaded.*^reloaded/ms)

    await eventually(async () => /^503 /.test(String((await waiting(folder))[0])))
  })
})

/** The last errors of what is pending. */
async function waiting(folder: ProjectFolder): Promise<readonly (string | null)[]> {
  await using store = await openStore(`sqlite:${folder.file('store.db')}`)
  const { rows } = await store.deliveries({ state: 'pending', limit: 10 })
  return rows.map(({ lastError }) => lastError)
}

const without = `host: { store: 'sqlite:./store.db', server: { port: 0, allow_unauthenticated: true } }
connectors: { adjuster: ./adjuster.ts }
`

function assembly(url: string, team: string): string {
  return `host: { store: 'sqlite:./store.db', server: { port: 0, allow_unauthenticated: true } }
connectors: { adjuster: ./adjuster.ts, webhooks: webhooks }
webhooks:
  - name: audit
    events: after:adjust
    url: ${url}
    secret: a-secret-for-the-audit
    ordered: true
    headers: { x-team: ${team} }
`
}
