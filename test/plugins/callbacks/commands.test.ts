import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { after, before, describe, it } from 'node:test'
import { CallbackBook } from '../../../src/callbacks/callback-book.ts'
import { signCallback } from '../../../src/callbacks/callback-signature.ts'
import { callbackConformance } from '../../../src/callbacks/conformance/conformance.ts'
import { openSharedStore } from '../../../src/store/open-store.ts'
import type { Store } from '../../../src/store/store.ts'
import {
  type CliOptions,
  type CliProcess,
  carabiner,
  carabinerJson,
  spawnCarabiner,
} from '../../helpers/cli.ts'
import { request } from '../../helpers/served-host.ts'
import { type ProjectFolder, projectFolder } from '../../helpers/start-host.ts'
import { hour, otherSecret, secret, yamlOf } from './callbacks-host.ts'

const nobodys = '0b0e7d5c-5b0e-4b9c-9d0a-6a1f0c2d3e4f'

describe('carabiner callbacks', () => {
  let folder: ProjectFolder
  let store: Store
  let book: CallbackBook
  let where: CliOptions

  before(async () => {
    folder = projectFolder({
      'carabiner.yaml': yamlOf({ store: 'sqlite:callbacks.db' }),
      'memory.yaml': yamlOf(),
      'unsigned.yaml': yamlOf({ store: 'sqlite:callbacks.db', stanza: 'allow_unsigned: true' }),
      'payload.json': '{"price": 1.0}',
      'secret.txt': `${otherSecret}\n`,
    })
    where = { cwd: folder.path }
    store = await openSharedStore(`sqlite:${folder.file('callbacks.db')}`)
    book = new CallbackBook(store)
  })
  after(async () => {
    await store[Symbol.asyncDispose]()
    folder[Symbol.dispose]()
  })

  const create = async (): Promise<string> =>
    (await book.create({ waiter: 'test', timeoutMs: hour })).id
  const find = async (id: string) => (await book.find([id]))[0]
  const run = (...args: string[]) => carabiner(['callbacks', ...args], where)
  const json = (...args: string[]) => carabinerJson(['callbacks', ...args], where)

  it('list shows callbacks, by state, page by page, as a table and as JSON', async () => {
    const waiting = await create()
    const failed = await create()
    await book.fail(failed, 'out of stock')

    const { code, out } = await run('list')
    const all = await json('list')
    const onlyFailed = await json('list', '--state', 'Failed', '--limit', '1')

    assert.equal(code, 0)
    assert.match(out, new RegExp(`${waiting} +WaitingExternal +test`))
    assert.match(out, /out of stock/)
    assert.deepEqual(Object(all.json).slice(0, 1).map(Object.keys), [
      [
        ...['id', 'state', 'waiter', 'by', 'event', 'dispatchId', 'meta', 'createdAt'],
        ...['deadline', 'resolvedAt', 'resolvedBy', 'error'],
      ],
    ])
    assert.equal(Object(onlyFailed.json)[0].id, failed)
    const refused = await run('list', '--state', 'waiting')
    assert.equal(refused.code, 2)
    assert.match(refused.err, /expected --state to be one of WaitingExternal, Failed, Completed/)
  })

  it('list goes on where the page before ended', async () => {
    await create()
    const first = await json('list', '--limit', '1')
    const cursor = /--cursor (\S+)/.exec(first.err)?.[1] ?? ''
    const second = await json('list', '--limit', '1', '--cursor', cursor)

    assert.notEqual(Object(first.json)[0].id, Object(second.json)[0].id)
    assert.equal((await run('list', '--cursor', 'nonsense')).code, 2)
  })

  it('complete takes a payload as it is written: from the line, a file, standard input, or none', async () => {
    const given: readonly (readonly [string[], string | undefined])[] = [
      [['--payload', '{"n": 12345678901234567890}'], '{"n": 12345678901234567890}'],
      [['--payload', '@payload.json'], '{"price": 1.0}'],
      [['--payload', '-'], '[1.0]'],
      [[], undefined],
    ]
    for (const [args, payload] of given) {
      const id = await create()
      const { code, out } = await carabiner(['callbacks', 'complete', id, ...args], {
        ...where,
        stdin: '[1.0]',
      })
      assert.deepEqual([code, out], [0, `${id}: Completed\n`])
      const stored = (await find(id))?.payload
      assert.equal(stored === null ? undefined : Buffer.from(stored ?? []).toString(), payload)
    }
  })

  it('complete refuses a payload that is not JSON, and what would be more than one', async () => {
    const id = await create()
    for (const payload of ['{', '1, "a": 2', '1,"payload":2', '']) {
      const { code, err } = await run('complete', id, '--payload', payload)
      assert.equal(code, 2, payload)
      assert.match(err, /expected JSON for --payload/)
    }
    assert.equal((await find(id))?.state, 'WaitingExternal')
  })

  it('fail needs an error and stores it, heartbeat moves the deadline; the audit trail says who', async () => {
    const id = await create()

    const wordless = await run('fail', id)
    const before = Date.now()
    const beat = await json('heartbeat', id, '--timeout', '2h', '--by', 'ada')
    const failed = await json('fail', id, '--error', 'no stock')

    assert.equal(wordless.code, 2)
    assert.match(wordless.err, /expected --error TEXT/)
    assert.deepEqual(beat.json, { id, state: 'WaitingExternal' })
    assert.deepEqual([failed.code, failed.json], [0, { id, state: 'Failed' }])
    const stored = await find(id)
    assert.equal(stored?.error, 'no stock')
    assert.ok((stored?.deadline ?? 0) >= before + 2 * hour)
    const { rows } = await store.auditTrail({ entityId: id })
    assert.deepEqual(
      rows.map(({ action, actor }) => `${action} ${actor}`),
      ['callback.failed cli', 'callback.extended ada'],
    )
  })

  it('say when nobody waits for it (1), and when it can be no id (2)', async () => {
    const gone = await run('complete', nobodys)
    const noId = await run('complete', 'abc')
    const tooLong = await run('heartbeat', nobodys, '--timeout', '31d')

    assert.deepEqual([gone.code, gone.out], [1, ''])
    assert.match(gone.err, new RegExp(`callback not found: ${nobodys}`))
    assert.deepEqual([noId.code, tooLong.code], [2, 2])
    assert.match(tooLong.err, /timeout_seconds must be at most 2592000/)
  })

  it('are refused on memory:, with the reason', async () => {
    for (const args of [['list'], ['complete', nobodys], ['serve', '--port', '0']]) {
      const { code, err } = await carabiner(
        ['--config', 'memory.yaml', 'callbacks', ...args],
        where,
      )
      assert.equal(code, 1, args[0])
      assert.match(err, /the memory: store ends with its process; use sqlite: or postgres:/)
    }
  })

  it('sign prints the signature of an id and where its answer is posted', async () => {
    const signature = signCallback(nobodys, secret)
    const url = `https://hooks.example.com/api/callbacks/${nobodys}/complete`

    const { code, out } = await run('sign', nobodys)

    assert.deepEqual([code, out], [0, `X-Awa-Signature: ${signature}\n${url}\n`])
    assert.deepEqual((await json('sign', nobodys)).json, { id: nobodys, signature, url })
    const unsigned = ['--config', 'unsigned.yaml', 'callbacks', 'sign', nobodys]
    const refused = await carabiner(unsigned, where)
    assert.equal(refused.code, 2)
    assert.match(refused.err, /allow_unsigned is true/)
  })

  it('serve wants to know who may answer, in the words of the contract', async () => {
    const both = await run('serve', '--port', '0', '--secret', secret, '--allow-unsigned')
    const wrong = await run('serve', '--port', '0', '--secret', 'abc')

    assert.match(both.err, /secret and allow_unsigned are mutually exclusive/)
    assert.match(wrong.err, /64 hex digits/)
    assert.deepEqual([both.code, wrong.code], [1, 1])
  })

  it('serve refuses a prefix that no path begins with', async () => {
    for (const prefix of ['a b', '/a?b', '/a/../b', '/:id']) {
      const { code, err } = await run('serve', '--port', '0', '--path-prefix', prefix)

      assert.equal(code, 2, prefix)
      assert.match(err, /--path-prefix: `\/.+` is not a path of plain segments/)
    }
  })

  it('serve answers the three routes and /health, nothing else, and drains', async () => {
    await using server = spawnCarabiner(
      ['callbacks', 'serve', '--port=0', '--secret=@secret.txt', `--secret=${secret}`, '--json'],
      { cwd: folder.path, env: {} },
    )
    const url = await urlOf(server)
    const slow = await create()

    const health = await request(`${url}/health`)
    const balancer = await request(`${url}/health`, { method: 'HEAD' })
    const others = await Promise.all(
      ['/', '/api/v1/callbacks', '/metrics', '/readyz', '/openapi.json'].map((path) =>
        request(`${url}${path}`, { headers: { origin: 'https://elsewhere.example' } }),
      ),
    )
    const { body, finish } = heldBody('{"error":"no"}')
    const held = fetch(`${url}/api/callbacks/${slow}/fail`, {
      method: 'POST',
      headers: { 'x-awa-signature': signCallback(slow, otherSecret) },
      body,
      duplex: 'half',
    })
    const unused = connect(Number(new URL(url).port), '127.0.0.1').resume()
    const unusedIsClosed = once(unused, 'close')
    await begun(url)
    server.child.kill('SIGTERM')
    await refusesConnections(url)
    // Nothing was asked on it: it does not hold up the end, and this request has its time.
    await unusedIsClosed
    finish()

    assert.deepEqual(health.json, { ok: true, status: 'ok', checks: { sqlite: { status: 'ok' } } })
    assert.deepEqual([balancer.status, balancer.text], [200, ''])
    for (const { status, headers } of others) {
      assert.equal(status, 404)
      assert.equal(headers.get('access-control-allow-origin'), null)
    }
    assert.equal((await held).status, 200)
    assert.equal(await server.exit(), 0)
    const said = server.err()
    for (const each of [secret, otherSecret, signCallback(slow, otherSecret)]) {
      assert.ok(!said.includes(each))
    }
  })

  it('serve keeps the wire contract', async () => {
    await using conformance = callbackConformance({
      store,
      async start(_store, config) {
        assert.deepEqual(Object.keys(config), ['secret'])
        const args = ['callbacks', 'serve', '--port', '0', '--json', '--secret']
        const server = spawnCarabiner([...args, String(config.secret)], { cwd: folder.path })
        return { url: await urlOf(server), [Symbol.asyncDispose]: server[Symbol.asyncDispose] }
      },
    })
    // Other configurations, and stores that fail, are those of the adapter that it serves with.
    const others = /prefix|unsigned where|is needed|rotated|Standard|knows the signature/
    const cases = conformance.cases.filter((each) => !(each.failingStore || others.test(each.name)))
    assert.ok(cases.length > 100)

    for (const { name, run } of cases) {
      await run().catch((cause: unknown) => assert.fail(`${name}: ${String(cause)}`))
    }
  })
})

async function urlOf(server: CliProcess): Promise<string> {
  const { kind, listeners } = JSON.parse(await server.line())
  assert.equal(kind, 'listening')
  assert.deepEqual(listeners[0].serve, ['callbacks'])
  return listeners[0].url
}

/** A body whose end is sent when somebody says so. */
function heldBody(text: string) {
  let finish = (): void => {}
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      controller.enqueue(Buffer.from(text.slice(0, 3)))
      finish = () => {
        controller.enqueue(Buffer.from(text.slice(3)))
        controller.close()
      }
    },
  })
  return { body, finish: () => finish() }
}

/** Resolves when what was sent before has reached the server: it has answered something that was sent later. */
async function begun(url: string): Promise<void> {
  await request(`${url}/health`)
}

async function refusesConnections(url: string): Promise<void> {
  for (;;) {
    try {
      await fetch(`${url}/health`, { headers: { connection: 'close' } })
    } catch {
      return
    }
  }
}
