import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { openStore } from '../../src/store/open-store.ts'
import { carabiner } from '../helpers/cli.ts'
import { testPostgres } from '../helpers/postgres.ts'
import { receiver } from '../helpers/receiver.ts'
import { adjusterSource, type ProjectFolder, projectFolder } from '../helpers/start-host.ts'

const server = testPostgres({ fsync: false })
after(() => server[Symbol.asyncDispose]())

const adjust = ['dispatch', 'adjust', '--params', '{"component":"web","amount":5}']

describe('carabiner dispatch on postgres:', () => {
  it('delivers what the event owes before it ends', async () => {
    await using to = await receiver()
    const url = await server.emptyDatabase()
    using folder = owing(to.url, url)

    const { code, err } = await carabiner([...adjust, '--wait', '30s'], { cwd: folder.path })

    assert.equal(code, 0)
    assert.doesNotMatch(err, /left to the next host/)
    assert.equal(to.received.length, 1)
    await using store = await openStore(url)
    const { rows } = await store.deliveries({})
    assert.deepEqual(
      rows.map(({ state, attempts }) => [state, attempts]),
      [['delivered', 1]],
    )
  })

  it('delivers what is its own, and leaves the rest to the next host, due at once', async () => {
    await using to = await receiver()
    const url = await server.emptyDatabase()
    using folder = owing(to.url, url)

    const left = await carabiner([...adjust, '--wait', '0'], { cwd: folder.path })
    const sent = await carabiner([...adjust, '--wait', '30s'], { cwd: folder.path })

    assert.deepEqual([left.code, sent.code], [0, 0])
    assert.match(left.err, /^1 delivery left to the next host$/m)
    assert.doesNotMatch(sent.err, /left to the next host/)
    assert.equal(to.received.length, 1)
    await using store = await openStore(url)
    const { rows } = await store.deliveries({ state: 'pending' })
    assert.equal(rows.length, 1)
    assert.ok(rows.every(({ dueAt }) => dueAt <= Date.now()))
  })
})

function owing(url: string, store: string): ProjectFolder {
  return projectFolder({
    'carabiner.yaml': `host: { store: '${store}' }
connectors: { adjuster: ./adjuster.ts, webhooks: webhooks }
webhooks: [{ name: told, events: after:adjust, url: '${url}', secret: s3cr3t-s3cr3t }]
`,
    'adjuster.ts': adjusterSource,
  })
}
