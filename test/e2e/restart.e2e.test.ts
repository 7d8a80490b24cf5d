import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { carabiner } from '../helpers/cli.ts'
import { type HostProcess, runHost } from '../helpers/host-process.ts'
import { type Receiver, receiver } from '../helpers/receiver.ts'
import { adjusterSource, type ProjectFolder, projectFolder } from '../helpers/start-host.ts'

const host = `host:
  store: 'sqlite:./store.db'
  server: { port: 0, allow_unauthenticated: true }
`

function told(url: string, instance = 'webhooks', name = 'told'): string {
  return `
${instance}:
  - name: ${name}
    events: after:adjust
    url: ${url}/${instance}
    secret: a-secret-of-this-test
    concurrency: 4
`
}

function oneReceiver(url: string): string {
  return `${host}connectors: { adjuster: ./adjuster.ts, webhooks: webhooks }${told(url)}`
}

describe('deliveries are never doubled', () => {
  it('by a restart in the middle of them', async () => {
    await using to = await slowReceiver()
    using folder = project(oneReceiver(to.url))

    await using first = await runHost(folder)
    const dispatched = await dispatchMany(first, 20)
    await to.requests(3)
    first.child.kill('SIGTERM')
    assert.equal(await first.exit(), 0)
    await using _second = await runHost(folder)
    await to.requests(20)

    await assertOnce(to, folder, dispatched)
  })

  it('by a reload in the middle of them', async () => {
    await using to = await slowReceiver()
    using folder = project(oneReceiver(to.url))

    await using running = await runHost(folder)
    const dispatched = await dispatchMany(running, 10)
    running.child.kill('SIGHUP')
    dispatched.push(...(await dispatchMany(running, 10)))
    await running.said(/reloaded carabiner\.yaml/)
    await to.requests(20)

    await assertOnce(to, folder, dispatched)
  })

  it('by a second instance of the connector: each tells its own receiver once', async () => {
    await using to = await slowReceiver()
    using folder = project(
      `${host}connectors: { adjuster: ./adjuster.ts, left: webhooks, right: webhooks }
${told(to.url, 'left')}${told(to.url, 'right')}`,
    )

    await using running = await runHost(folder)
    const dispatched = await dispatchMany(running, 10)
    await to.requests(20)

    for (const path of ['/left', '/right']) {
      const received = to.received.filter((request) => request.path === path)
      assert.deepEqual(dispatchIds(received).sort(), dispatched.toSorted())
    }
    assert.equal(new Set(to.received.map(({ headers }) => headers['webhook-id'])).size, 20)
  })

  it('by a second host on the same file, even when both come to an empty one', async () => {
    await using to = await slowReceiver()
    using folder = project(oneReceiver(to.url))

    const [left, right] = await Promise.all([runHost(folder), runHost(folder)])
    await using _left = left
    await using _right = right
    const dispatched = await Promise.all([dispatchMany(left, 10), dispatchMany(right, 10)])
    await to.requests(20)

    await assertOnce(to, folder, dispatched.flat())
  })
})

describe('a reload', () => {
  it('goes over to what the file says now', async () => {
    using folder = project(
      `${host}connectors: { adjuster: ./adjuster.ts }\nadjuster: { limit: 10 }\n`,
    )
    await using running = await runHost(folder)
    assert.equal((await running.dispatch('adjust', { component: 'web', amount: 20 })).status, 409)

    folder.write(`${host}connectors: { adjuster: ./adjuster.ts }\nadjuster: { limit: 30 }\n`)
    running.child.kill('SIGHUP')
    await running.said(/reloaded carabiner\.yaml/)

    assert.equal((await running.dispatch('adjust', { component: 'web', amount: 20 })).status, 200)
  })

  it('of a bad file keeps the old assembly and says why, with the place', async () => {
    using folder = project(`${host}connectors: { adjuster: ./adjuster.ts }\n`)
    await using running = await runHost(folder)

    folder.write(`${host}connectors: { adjuster: ./adjuster.ts }\nadjuster: { limti: 30 }\n`)
    running.child.kill('SIGHUP')
    await running.said(/the old assembly goes on/)

    assert.match(running.err(), /carabiner\.yaml:5:13: .*limti/)
    assert.equal((await running.dispatch('adjust', { component: 'web', amount: 20 })).status, 200)
  })

  it('to connectors that do not start keeps the old ones, and their deliveries', async () => {
    await using to = await receiver()
    using folder = project(oneReceiver(to.url), {
      'broken.ts': `import { defineConnector } from 'carabiner'
export default defineConnector({ name: 'broken', setup() { throw new Error('no ink') } })
`,
    })
    await using running = await runHost(folder)

    folder.write(
      oneReceiver(`${to.url}/new`).replace(
        'webhooks: webhooks }',
        'webhooks: webhooks, broken: ./broken.ts }',
      ),
    )
    running.child.kill('SIGHUP')
    await running.said(/the old assembly goes on/)

    assert.match(running.err(), /connector `broken` did not start: no ink/)
    const { status } = await running.dispatch('adjust', { component: 'web', amount: 1 })
    assert.equal(status, 200)
    const [request] = await to.requests(1)
    assert.equal(request?.path, '/webhooks')
  })

  it('shows the next connectors a startup and the old ones a shutdown', async () => {
    const greeter = (name: string): string => `import { defineConnector } from 'carabiner'
export default defineConnector({
  name: '${name}',
  setup({ on }) {
    on('startup', () => void process.stderr.write('${name}: startup\\n'))
    on('shutdown', ({ params }) => void process.stderr.write('${name}: ' + params.reason + '\\n'))
  },
})
`
    using folder = project(`${host}connectors: [./old.ts]\n`, {
      'old.ts': greeter('old'),
      'next.ts': greeter('next'),
    })
    await using running = await runHost(folder)

    folder.write(`${host}connectors: [./next.ts]\n`)
    running.child.kill('SIGHUP')
    await running.said(/^reloaded/m)

    const said = running.err().match(/^(old|next): .*$/gm)
    assert.deepEqual(said, ['old: startup', 'next: startup', 'old: reload'])
  })

  it('of what only a restart can change says so', async () => {
    using folder = project(`${host}connectors: { adjuster: ./adjuster.ts }\n`)
    await using running = await runHost(folder)

    const changed = host
      .replace('store.db', 'other.db')
      .replace('port: 0', 'port: 1, host: localhost, management_key: a-key-of-the-operators')
    folder.write(`${changed}connectors: { adjuster: ./adjuster.ts }\n`)
    running.child.kill('SIGHUP')
    await running.said(/reloaded/)

    assert.match(running.err(), /host\.store needs a restart/)
    assert.match(running.err(), /host\.server\.listeners needs a restart/)
    assert.match(running.err(), /host\.server\.management_key needs a restart/)
    assert.equal((await running.get('/health')).status, 200)
  })
})

describe('several processes on one SQLite file', () => {
  it('notice each other’s rows', async () => {
    await using to = await receiver()
    using folder = project(oneReceiver(to.url))
    await using _running = await runHost(folder)

    const { code, err } = await carabiner(
      ['dispatch', 'adjust', '--params', '{"component":"web","amount":1}', '--wait', '0'],
      { cwd: folder.path },
    )
    const committed = performance.now()

    assert.equal(code, 0)
    assert.match(err, /^1 delivery left to the next host$/m)
    const [request] = await to.requests(1)
    assert.ok(request !== undefined && request.at - committed < 10_000)
  })

  it('leave to the next host what a command could not deliver', async () => {
    await using to = await receiver({ answers: [503, 503, 200] })
    using folder = project(oneReceiver(to.url))
    const args = ['dispatch', 'adjust', '--params', '{"component":"web","amount":1}']

    const first = await carabiner([...args, '--wait', '1s'], { cwd: folder.path })
    const second = await carabiner([...args, '--wait', '0'], { cwd: folder.path })

    assert.deepEqual([first.code, second.code], [0, 0])
    assert.match(first.err, /^1 delivery left to the next host$/m)
    assert.equal(to.received.length, 1)
  })

  it('deliver what they committed themselves, and nothing else', async () => {
    await using to = await receiver()
    using folder = project(oneReceiver(to.url))
    const args = ['dispatch', 'adjust', '--params', '{"component":"web","amount":1}', '--json']
    const left = await carabiner([...args, '--wait', '0'], { cwd: folder.path })

    const own = await carabiner([...args, '--wait', '10s'], { cwd: folder.path })

    assert.deepEqual(dispatchIds(to.received), [JSON.parse(own.out).dispatchId])
    assert.notEqual(JSON.parse(left.out).dispatchId, JSON.parse(own.out).dispatchId)
    assert.doesNotMatch(own.err, /left to the next host/)
  })

  it('say that the rest is lost on memory:', async () => {
    await using to = await receiver()
    using folder = project(oneReceiver(to.url).replace("'sqlite:./store.db'", "'memory:'"))

    const { code, err } = await carabiner(
      ['dispatch', 'adjust', '--params', '{"component":"web","amount":1}', '--wait', '0'],
      { cwd: folder.path },
    )

    assert.equal(code, 0)
    assert.match(err, /^1 delivery lost: the memory: store ends with its process$/m)
  })
})

describe('a stop', () => {
  const holding = `${host}connectors: { gate: ./gate.ts, adjuster: ./adjuster.ts }\n`
  const files = {
    'gate.ts': `import { defineConnector } from 'carabiner'
import { writeFileSync, existsSync } from 'node:fs'
import { join } from 'node:path'
const at = (name: string) => join(import.meta.dirname, name)
export default defineConnector({
  name: 'gate',
  setup({ before }) {
    before('adjust', async () => {
      process.stderr.write('held\\n')
      while (!existsSync(at('open'))) await new Promise((resolve) => setTimeout(resolve, 20))
    })
  },
})
`,
  }

  it('finishes what is in flight, and takes nothing new meanwhile', async () => {
    using folder = project(holding, files)
    await using running = await runHost(folder)
    const inFlight = running.dispatch('adjust', { component: 'web', amount: 1 })
    await running.said(/held/)

    running.child.kill('SIGTERM')
    const ready = await whenUnready(running)
    const refused = await running.dispatch('adjust', { component: 'web', amount: 2 })
    writeFileSync(folder.file('open'), '')

    assert.equal(ready.status, 503)
    assert.equal(refused.status, 503)
    assert.equal(refused.json['error']?.['code'], 'DEPENDENCY_UNAVAILABLE')
    assert.ok(refused.headers.get('retry-after'))
    assert.equal((await inFlight).status, 200)
    assert.equal(await running.exit(), 0)
  })

  it('waits no longer than shutdown_timeout', async () => {
    using folder = project(holding.replace('host:', 'host:\n  shutdown_timeout: 1s'), files)
    await using running = await runHost(folder)
    const inFlight = running.dispatch('adjust', { component: 'web', amount: 1 }).catch(() => 'cut')
    await running.said(/held/)

    running.child.kill('SIGTERM')

    await running.said(/"dispatches":1,"msg":"shutdown_timeout is over: cut off"/)
    assert.equal(await running.exit(), 0)
    assert.equal(await inFlight, 'cut')
  })

  it('is at once with a second signal', async () => {
    using folder = project(holding, files)
    await using running = await runHost(folder)
    const inFlight = running.dispatch('adjust', { component: 'web', amount: 1 }).catch(() => 'cut')
    await running.said(/held/)

    running.child.kill('SIGTERM')
    await whenUnready(running)
    running.child.kill('SIGTERM')

    assert.equal(await running.exit(), 143)
    assert.equal(await inFlight, 'cut')
  })
})

interface WritableProject extends ProjectFolder {
  /** Replaces the assembly. */
  write(yaml: string): void
}

function project(yaml: string, files: Readonly<Record<string, string>> = {}): WritableProject {
  const folder = projectFolder({ 'carabiner.yaml': yaml, 'adjuster.ts': adjusterSource, ...files })
  return { ...folder, write: (text) => writeFileSync(folder.file('carabiner.yaml'), text) }
}

/** Takes 20 ms for an answer, so that there is always something in flight. */
function slowReceiver(): Promise<Receiver> {
  return receiver({
    answers: [
      async () => {
        await sleep(20)
        return 200
      },
    ],
  })
}

/** Dispatches one after another; gives their ids, all of them completed. */
async function dispatchMany(running: HostProcess, count: number): Promise<string[]> {
  const ids: string[] = []
  for (let amount = 0; amount < count; amount += 1) {
    const { status, json, text } = await running.dispatch('adjust', { component: 'web', amount })
    assert.equal(status, 200, text)
    ids.push(String(json['data']?.['dispatchId']))
  }
  return ids
}

function dispatchIds(received: Receiver['received']): string[] {
  return received.map(({ text }) => JSON.parse(text).dispatch_id)
}

/** Everything arrived, once, and is settled: nothing is left that could arrive again. */
async function assertOnce(
  to: Receiver,
  folder: ProjectFolder,
  ids: readonly string[],
): Promise<void> {
  for (;;) {
    const { out } = await carabiner(['deliveries', 'list', '--json'], { cwd: folder.path })
    const rows: readonly { readonly state: string }[] = JSON.parse(out)
    assert.equal(rows.length, ids.length)
    if (rows.every(({ state }) => state === 'delivered')) break
    await sleep(50)
  }
  assert.deepEqual(dispatchIds(to.received).sort(), ids.toSorted())
}

/** The answer of `/readyz` as soon as it is not 200. */
async function whenUnready(running: HostProcess): Promise<{ readonly status: number }> {
  for (;;) {
    const answer = await running.get('/readyz')
    if (answer.status !== 200) return answer
    await sleep(20)
  }
}
