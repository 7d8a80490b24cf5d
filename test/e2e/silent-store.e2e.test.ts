import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { carabiner } from '../helpers/cli.ts'
import { eventually } from '../helpers/engine.ts'
import { testPostgres } from '../helpers/postgres.ts'
import { type Relay, relay } from '../helpers/relay.ts'
import { type Answered, request } from '../helpers/served-host.ts'
import {
  adjusterSource,
  projectFolder,
  type StartedProject,
  startProject,
} from '../helpers/start-host.ts'

const server = testPostgres({ fsync: false })
after(() => server[Symbol.asyncDispose]())

describe('a PostgreSQL server that does not answer', { concurrency: true }, () => {
  for (const command of [['check'], ['run'], ['deliveries', 'list']]) {
    it(`ends \`carabiner ${command.join(' ')}\` with what was tried`, async () => {
      await using to = await relay({ host: '127.0.0.1', port: 9 })
      to.silence()
      const url = `postgres://shop:hunter2@127.0.0.1:${to.port}/orders`
      using folder = projectFolder({
        'carabiner.yaml': assembly(url),
        'adjuster.ts': adjusterSource,
      })

      const { code, err } = await carabiner(command, { cwd: folder.path })

      assert.equal(code, 1)
      assert.match(err, /127\.0\.0\.1:\d+\/orders \(schema carabiner\) cannot be opened as a store/)
      assert.doesNotMatch(err, /hunter2/)
    })
  }

  it('makes a running host say so while it is silent, and go on by itself', async () => {
    const url = new URL(await server.emptyDatabase())
    await using line = await relay({ host: url.hostname, port: Number(url.port) })
    await using project = await startProject(assembly(through(line, url)), { listen: true })
    assert.equal((await adjust(project)).status, 200)

    line.silence()
    const paths = ['/readyz', '/health', '/livez']
    const [ready, health, live] = await Promise.all(
      paths.map((path) => request(`${project.url}${path}`)),
    )
    const caught = await adjust(project)
    const refused = await adjust(project)
    line.resume()
    await eventually(async () => (await request(`${project.url}/readyz`)).status === 200)

    assert.deepEqual([ready?.status, health?.status, live?.status], [503, 503, 200])
    // What nobody knew to be away when the event began is found out with its commit.
    assert.ok([500, 503].includes(caught.status))
    assert.equal(refused.status, 503)
    assert.ok(refused.headers.get('retry-after'))
    assert.equal((await adjust(project)).status, 200)
  })
})

function assembly(url: string): string {
  return `host: { store: '${url}', server: { port: 0, allow_unauthenticated: true } }
connectors: { adjuster: ./adjuster.ts, webhooks: webhooks }
webhooks: [{ name: told, events: after:adjust, url: 'http://127.0.0.1:9/', secret: s3cr3t-s3cr3t }]
`
}

function through({ port }: Relay, url: URL): string {
  const led = new URL(url)
  led.port = String(port)
  return led.href
}

function adjust({ url }: StartedProject): Promise<Answered> {
  return request(`${url}/api/v1/dispatch/adjust`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ component: 'web', amount: 1 }),
  })
}
