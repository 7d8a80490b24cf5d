import assert from 'node:assert/strict'
import { renameSync, writeFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { carabiner, spawnCarabiner } from '../helpers/cli.ts'
import { freePort } from '../helpers/free-port.ts'
import { type HostProcess, runHost } from '../helpers/host-process.ts'
import { receiver } from '../helpers/receiver.ts'
import { type Answered, request } from '../helpers/served-host.ts'
import { adjusterSource, type ProjectFolder, projectFolder } from '../helpers/start-host.ts'

/** Waits in its `setup` and in its `startup` until a file is there; then fails if that is what the file says. */
const slow = `import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { defineConnector } from 'carabiner'
async function gate(name: string): Promise<void> {
  const file = join(import.meta.dirname, name)
  process.stderr.write('waiting for ' + name + '\\n')
  while (!existsSync(file)) await new Promise((resolve) => setTimeout(resolve, 20))
  if (readFileSync(file, 'utf8') === 'fail') throw new Error('no ink')
}
export default defineConnector({
  name: 'slow',
  routes: [{ method: 'POST', path: '/v1/slow', async handle() { await gate('request'); return 'done' } }],
  async setup({ on }) {
    await gate('setup')
    on('startup', () => gate('startup'))
  },
})
`

function starting(port: number): ProjectFolder {
  return projectFolder({
    'carabiner.yaml': `host: { store: 'memory:', server: { port: ${port}, allow_unauthenticated: true } }
connectors: { adjuster: ./adjuster.ts, slow: ./slow.ts }
`,
    'adjuster.ts': adjusterSource,
    'slow.ts': slow,
  })
}

const post = {
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: '{"component":"web","amount":1}',
}

describe('a host that starts', () => {
  it('answers that it is starting until all of it has started, then that it is ready', async () => {
    const port = await freePort()
    const url = `http://127.0.0.1:${port}`
    using folder = starting(port)
    await using host = spawnCarabiner(['run', '--json'], { cwd: folder.path })

    for (const stage of ['setup', 'startup']) {
      await host.said(new RegExp(`waiting for ${stage}`))
      const ready = await request(`${url}/readyz`)
      assert.deepEqual([ready.status, ready.json['state']], [503, 'starting'])
      assert.ok(ready.headers.get('retry-after'))
      assert.equal((await request(`${url}/livez`)).status, 200)
      for (const path of ['/api/v1/dispatch/adjust', '/v1/slow', '/what/ever']) {
        const refused = await request(`${url}${path}`, post)
        assert.equal(refused.status, 503)
        assert.equal(refused.json['error']?.['code'], 'DEPENDENCY_UNAVAILABLE')
        assert.ok(refused.headers.get('retry-after'))
      }
      assert.doesNotMatch(host.err(), /listening/)
      writeFileSync(folder.file(stage), '')
    }

    assert.match(await host.line(), /"listening"/)
    assert.equal((await request(`${url}/readyz`)).status, 200)
    assert.equal((await request(`${url}/api/v1/dispatch/adjust`, post)).status, 200)
    assert.equal((await request(`${url}/what/ever`, post)).status, 404)
  })

  it('keeps a SIGHUP until it has started, then reads the assembly again', async () => {
    using folder = starting(await freePort())
    await using host = spawnCarabiner(['run', '--json'], { cwd: folder.path })
    await host.said(/waiting for setup/)

    host.child.kill('SIGHUP')
    writeFileSync(folder.file('setup'), '')
    writeFileSync(folder.file('startup'), '')

    assert.match(await host.line(), /"listening"/)
    await host.said(/reloaded carabiner\.yaml/)
  })

  it('ends with 1 when it cannot, having never been ready', async () => {
    const port = await freePort()
    using folder = starting(port)
    writeFileSync(folder.file('setup'), 'fail')

    await using host = spawnCarabiner(['run', '--json'], { cwd: folder.path })

    assert.equal(await host.exit(), 1)
    assert.match(host.err(), /connector `slow` did not start: no ink/)
    await assert.rejects(fetch(`http://127.0.0.1:${port}/livez`))
  })

  it('says at once that its address is taken: no connector has been set up by then', async () => {
    await using taken = await receiver()
    using folder = starting(taken.port)

    const { code, err } = await carabiner(['run'], { cwd: folder.path })

    assert.equal(code, 1)
    assert.match(err, /cannot listen on 127\.0\.0\.1:\d+: .*EADDRINUSE/)
    assert.doesNotMatch(err, /waiting for/)
  })
})

describe('a host that drains', () => {
  it('is not ready first, answers the request to a route that has begun, and takes no other', async () => {
    const port = await freePort()
    const url = `http://127.0.0.1:${port}`
    using folder = starting(port)
    writeFileSync(folder.file('setup'), '')
    writeFileSync(folder.file('startup'), '')
    await using host = spawnCarabiner(['run', '--json'], { cwd: folder.path })
    await host.line()
    const begun = request(`${url}/v1/slow`, { method: 'POST' })
    await host.said(/waiting for request/)

    host.child.kill('SIGTERM')
    const ready = await whenStatus(503, () => request(`${url}/readyz`))
    const other = await request(`${url}/v1/slow`, { method: 'POST' })
    host.child.kill('SIGHUP') // nothing to read again: the host goes
    await request(`${url}/livez`)
    writeFileSync(folder.file('request'), '')

    assert.equal(ready.json['state'], 'draining')
    assert.ok(ready.headers.get('retry-after'))
    assert.equal(other.status, 503)
    const answered = await begun
    assert.deepEqual([answered.status, answered.text], [200, '"done"'])
    assert.equal(await host.exit(), 0)
  })

  it('says so for as long as deliveries in flight take', async () => {
    const hold = Promise.withResolvers<number>()
    const arrived = Promise.withResolvers<void>()
    const answer = (): Promise<number> => {
      arrived.resolve()
      return hold.promise
    }
    await using outside = await receiver({ answers: [answer] })
    using folder = projectFolder({
      'carabiner.yaml': delivering(outside.url),
      'adjuster.ts': adjusterSource,
    })
    await using host = await runHost(folder)
    await adjust(host)
    await arrived.promise

    host.child.kill('SIGTERM')
    const ready = await whenStatus(503, () => host.get('/readyz'))
    const refused = await adjust(host)
    const { json } = await host.get('/api/v1/outbox')
    hold.resolve(200)

    assert.equal(ready.json['state'], 'draining')
    assertUnavailable(refused)
    assert.equal(json['data']?.[0]?.['state'], 'sending')
    assert.equal(await host.exit(), 0)
  })
})

describe('a host that loses its store', () => {
  it('answers 503 while its file is away, and goes on when it is back', async () => {
    using folder = projectFolder({
      'carabiner.yaml': delivering('http://127.0.0.1:9/'),
      'adjuster.ts': adjusterSource,
    })
    await using host = await runHost(folder)
    assert.equal((await adjust(host)).status, 200)

    renameSync(folder.file('store.db'), folder.file('away.db'))
    const health = await whenStatus(503, () => host.get('/health'))
    const refused = await adjust(host)
    const ready = await host.get('/readyz')
    const live = await host.get('/livez')
    await host.said(/the store did not take the heartbeat/)
    renameSync(folder.file('away.db'), folder.file('store.db'))
    await whenStatus(200, () => host.get('/health'))
    await host.said(/"awayMs":\d+,"msg":"the store is back"/)

    assertDegraded(health)
    assertUnavailable(refused)
    assert.deepEqual([ready.status, live.status], [503, 200])
    assert.equal((await adjust(host)).status, 200)
    assert.equal((await host.get('/readyz')).status, 200)
  })
})

function delivering(url: string): string {
  return `host: { store: 'sqlite:./store.db', server: { port: 0, allow_unauthenticated: true } }
connectors: { adjuster: ./adjuster.ts, webhooks: webhooks }
webhooks: [{ name: told, events: after:adjust, url: '${url}', secret: s3cr3t-s3cr3t }]
`
}

function adjust(host: HostProcess): Promise<Answered> {
  return host.dispatch('adjust', { component: 'web', amount: 1 })
}

function assertUnavailable({ status, json, headers }: Answered): void {
  assert.equal(status, 503)
  assert.equal(json['error']?.['code'], 'DEPENDENCY_UNAVAILABLE')
  assert.ok(headers.get('retry-after'))
}

function assertDegraded({ json }: Answered): void {
  assert.deepEqual([json['ok'], json['status']], [false, 'degraded'])
  assert.equal(json['checks']?.['sqlite']?.['status'], 'error')
}

async function whenStatus(status: number, ask: () => Promise<Answered>): Promise<Answered> {
  for (;;) {
    const answered = await ask()
    if (answered.status === status) return answered
    await sleep(50)
  }
}
