import assert from 'node:assert/strict'
import { readdirSync, readFileSync } from 'node:fs'
import type { Server } from 'node:http'
import { describe, it } from 'node:test'
import { createAdaptorServer } from '@hono/node-server'
import * as withExpress from '../../docs/examples/callbacks-express.ts'
import * as withFastify from '../../docs/examples/callbacks-fastify.ts'
import * as withHono from '../../docs/examples/callbacks-hono.ts'
import * as withNode from '../../docs/examples/callbacks-node-http.ts'
import * as other from '../../docs/examples/callbacks-other.ts'
import { Answers } from '../../docs/examples/callbacks-send.ts'
import { Approvals } from '../../docs/examples/callbacks-wait.ts'
import { CallbackBook } from '../../src/callbacks/callback-book.ts'
import { signCallback } from '../../src/callbacks/callback-signature.ts'
import type { CallbackServer } from '../../src/callbacks/conformance/subject.ts'
import { openStore } from '../../src/store/open-store.ts'
import { FakeClock } from '../helpers/fake-clock.ts'
import { listen, serve } from './servers.ts'

const secret = '07'.repeat(32)
const store = await openStore('memory:')
const book = new CallbackBook(store)

function unexpected(error: unknown): never {
  throw error
}

const examples: Readonly<Record<string, () => Promise<CallbackServer>>> = {
  'callbacks-node-http': () => listen(withNode.createApp(store, secret, unexpected)),
  'callbacks-express': () => serve(withExpress.createApp(store, secret, unexpected)),
  async 'callbacks-fastify'() {
    const app = withFastify.createApp(store, secret)
    await app.ready()
    return listen(app.server)
  },
  // Its adaptor can make HTTP/2 servers too; without options it is this one.
  'callbacks-hono': () =>
    listen(createAdaptorServer(withHono.createApp(store, secret, unexpected)) as Server),
}

async function create(): Promise<string> {
  return (await book.create({ waiter: 'w', timeoutMs: 60_000 })).id
}

for (const [name, start] of Object.entries(examples)) {
  describe(`docs/examples/${name}.ts`, () => {
    it('takes what docs/examples/callbacks-send.ts sends, each of the three actions', async () => {
      await using server = await start()
      const answers = new Answers(server.url, secret)
      const [done, refused] = [await create(), await create()]

      assert.equal(await answers.heartbeat(done, 3_600), true)
      assert.equal(await answers.complete(done, { ok: true }), true)
      assert.equal(await answers.fail(refused, 'no'), true)
      assert.equal(await answers.complete(refused, {}), false)

      const [completed, failed] = await book.find([done, refused])
      assert.equal(Buffer.from(completed?.payload ?? []).toString(), '{"ok":true}')
      assert.ok((completed?.deadline ?? 0) > (failed?.deadline ?? 0))
      assert.equal(failed?.error, 'no')
    })

    it('refuses a wrong secret, and has routes of its own', async () => {
      await using server = await start()
      const answers = new Answers(server.url, 'ab'.repeat(32))

      await assert.rejects(answers.complete(await create(), {}), /^Error: 401 /)
      assert.equal(await (await fetch(`${server.url}/hello`)).text(), 'hello')
    })
  })
}

describe('docs/examples/callbacks-other.ts', () => {
  it('receives the three actions', async () => {
    const id = await create()
    const signature = signCallback(id, secret)
    const send = (action: 'complete' | 'fail' | 'heartbeat', body: string) =>
      other.receive(store, secret, { id, action, signature, body: Buffer.from(body) })

    assert.equal((await send('heartbeat', '{}')).status, 200)
    assert.equal((await send('fail', '{"error":"no"}')).status, 200)
    assert.equal((await send('complete', '{}')).status, 404)
  })

  it('answers for those who are known', async () => {
    const [first, second] = [await create(), await create()]

    assert.equal((await other.answer(store, first, { kind: 'looked at' })).status, 200)
    await other.answer(store, first, { kind: 'approved', by: 'ada' })
    await other.answer(store, second, { kind: 'refused', reason: 'no' })

    const [approved, refused] = await book.find([first, second])
    assert.equal(Buffer.from(approved?.payload ?? []).toString(), '"ada"')
    assert.equal(refused?.error, 'no')
  })
})

describe('docs/examples/callbacks-wait.ts', () => {
  it('asks, and tells what was answered, once', async () => {
    const clock = new FakeClock(Date.now() - 7_200_000)
    await using own = await openStore('memory:')
    const approvals = new Approvals(own)
    const [yes, no] = [await approvals.ask('a'), await approvals.ask('b')]
    const overdue = { waiter: 'approvals', timeoutMs: 0, meta: { order: 'c' } }
    await new CallbackBook(own, clock).create(overdue)
    await other.answer(own, yes, { kind: 'approved', by: 'ada' })
    await other.answer(own, no, { kind: 'refused', reason: 'no' })

    const verdicts = await approvals.collect()

    assert.deepEqual(
      verdicts.toSorted((a, b) => JSON.stringify(a.meta).localeCompare(JSON.stringify(b.meta))),
      [
        { meta: { order: 'a' }, approved: true, reason: null },
        { meta: { order: 'b' }, approved: false, reason: 'no' },
        { meta: { order: 'c' }, approved: false, reason: 'callback timed out' },
      ],
    )
    assert.deepEqual(await approvals.collect(), [])
  })
})

describe('docs/callbacks.md', () => {
  const docs = new URL('../../docs/', import.meta.url)
  const page = readFileSync(new URL('callbacks.md', docs), 'utf8')
  const names = readdirSync(new URL('examples/', docs)).filter((name) => /^callbacks-/.test(name))
  const texts = names.map((name) => readFileSync(new URL(`examples/${name}`, docs), 'utf8'))

  it('shows the examples as they are', () => {
    const shown = new Set(Array.from(page.matchAll(/```ts\n(.*?)```/gs), ([, code]) => code))

    assert.equal(names.length, 7)
    for (const text of texts) assert.ok(shown.has(text))
  })

  it('shows all three actions in each of them', () => {
    for (const text of texts) {
      for (const action of ['complete', 'fail', 'heartbeat']) assert.ok(text.includes(action))
    }
  })
})
