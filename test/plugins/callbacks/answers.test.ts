import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { after, before, describe, it } from 'node:test'
import type { Outcome } from '../../../src/bus/outcome.ts'
import { signCallback } from '../../../src/callbacks/callback-signature.ts'
import { eventually } from '../../helpers/engine.ts'
import { request } from '../../helpers/served-host.ts'
import {
  type CallbacksHost,
  managementKey,
  otherSecret,
  secret,
  startCallbacks,
} from './callbacks-host.ts'

const asker = `import { defineConnector, defineEvent } from 'carabiner'
import { Type } from 'typebox'

const ask = defineEvent('ask', {
  params: Type.Object({ timeout: Type.String() }),
  result: Type.Object({ ok: Type.Boolean() }),
})

export default defineConnector({
  name: 'asker',
  events: [ask],
  setup({ on, before, after, callbacks, publish, subscribe }) {
    on(ask, ({ params }) => callbacks.open({ timeout: params.timeout, meta: { order: 7 } }))
    before('callbacks.resolved', ({ params, cancel }) => {
      if (params.payload?.broken === true) throw new TypeError('a mistake of the gate')
      if (params.payload?.vetoed === true) cancel('not on a Sunday')
    })
    after('callbacks.resolved', ({ params }) => publish('resolved', JSON.stringify(params)))
  },
})
`
const listener = `import { appendFileSync } from 'node:fs'
import { defineConnector } from 'carabiner'
export default defineConnector({
  name: 'listener',
  setup({ subscribe }) {
    subscribe('resolved', (message) => appendFileSync(new URL('resolved.txt', import.meta.url), message.text() + '\\n'))
  },
})
`

describe('callbacks of a host', () => {
  let host: CallbacksHost
  before(async () => {
    host = await startCallbacks({
      store: 'sqlite:callbacks.db',
      stanza: `secret: ["${secret}", "${otherSecret}"]\nsweep: 50ms`,
      connectors: 'asker: ./asker.ts, listener: ./listener.ts',
      files: { 'asker.ts': asker, 'listener.ts': listener },
    })
  })
  after(() => host[Symbol.asyncDispose]())

  const ask = (timeout = '1h'): { readonly outcome: Promise<Outcome>; id(): Promise<string> } => {
    const outcome = host.project.host.dispatch('ask', { timeout })
    return {
      outcome,
      async id() {
        let id = ''
        await eventually(async () => {
          const { rows } = await host.book.list({ state: 'WaitingExternal' })
          id = rows.find(({ waiter }) => waiter === 'dispatches')?.id ?? ''
          return id !== ''
        })
        return id
      },
    }
  }

  it('give the handler its result, and are told as callbacks.resolved', async () => {
    const { outcome, id: opened } = ask()
    const id = await opened()

    const { status } = await host.answer(id, 'complete', { payload: { ok: true } })
    const ended = await outcome

    assert.equal(status, 200)
    assert.ok(ended.kind === 'completed', JSON.stringify(ended))
    assert.deepEqual(ended.results, [{ connector: 'asker', value: { ok: true } }])
    const told = await resolved(host, id)
    assert.deepEqual(told, {
      ...{ id, action: 'complete', payload: { ok: true }, error: null },
      ...{ by: 'asker', event: 'ask', dispatchId: ended.dispatchId, meta: { order: 7 } },
    })
    assert.deepEqual(await host.audited(id), [['callback.completed', 'callback:signed']])
  })

  for (const [how, payload, why] of [
    ['is vetoed', { vetoed: true }, /vetoed by asker: not on a Sunday/],
    [
      'cannot be decided on',
      { broken: true },
      /no decision on the answer: asker \(HANDLER_FAILED\)/,
    ],
  ] as const) {
    it(`count as failed when the answer ${how}`, async () => {
      const { outcome, id: opened } = ask()
      const id = await opened()

      assert.equal((await host.answer(id, 'complete', { payload })).status, 200)
      const ended = await outcome

      assert.ok(ended.kind === 'failed', JSON.stringify(ended))
      assert.equal(ended.failures[0]?.code, 'CALLBACK_FAILED')
      assert.match(ended.failures[0]?.message ?? '', why)
    })
  }

  it('expire at the sweep, and are told so', async () => {
    const { outcome } = ask('1ms')
    const ended = await outcome

    assert.ok(ended.kind === 'failed', JSON.stringify(ended))
    assert.equal(ended.failures[0]?.code, 'CALLBACK_EXPIRED')
    const { rows } = await host.book.list({ state: 'Failed' })
    const expired = rows.find(({ resolvedBy }) => resolvedBy === 'expiry')
    assert.ok(expired)
    const told = Object(await resolved(host, expired.id))
    assert.deepEqual([told.action, told.error], ['expire', 'callback timed out'])
    assert.deepEqual(await host.audited(expired.id), [['callback.expired', 'host']])
  })

  it('all expire, however many are due, and those that wait do not', async () => {
    const due = await Promise.all(Array.from({ length: 450 }, () => host.create(0)))
    const waiting = await host.create()

    await eventually(async () => (await find(host, due)).every((state) => state === 'Failed'))

    assert.deepEqual(await find(host, [waiting]), ['WaitingExternal'])
  })

  it('take signatures of both secrets while they are rotated, each for its own id', async () => {
    const [one, another] = [await host.create(), await host.create()]

    const foreign = await host.answer(another, 'complete', {}, signCallback(one, secret))
    const old = await host.answer(one, 'heartbeat', {}, signCallback(one, otherSecret))
    const current = await host.answer(another, 'fail', { error: 'no' })
    const third = await host.answer(one, 'complete', {}, signCallback(one, 'cd'.repeat(32)))

    assert.deepEqual([foreign.status, foreign.json], [401, { error: 'invalid callback signature' }])
    assert.deepEqual([old.status, current.status, third.status], [200, 200, 401])
    assert.deepEqual(await host.audited(one), [['callback.extended', 'callback:signed']])
  })

  it('hand out a signature of the first secret, and the public URL', async () => {
    const { outcome, id: opened } = ask()
    const id = await opened()
    const scope = host.project.host.scopeOf('asker')
    const ticket = await scope.callbacks.open({ timeout: 3_600 })

    assert.equal(ticket.url, `https://hooks.example.com/api/callbacks/${ticket.id}/complete`)
    assert.equal(ticket.signature, signCallback(ticket.id, secret))
    await host.answer(id, 'fail', { error: 'enough' })
    await outcome
    await host.answer(ticket.id, 'complete', { payload: 7 })
    assert.equal(await ticket.result, 7)
  })

  it('leave no secret, no signature and no payload in logs, answers and the audit trail', async () => {
    const id = await host.create()
    const payload = 'a-payload-that-nobody-else-may-read'
    const answers = [
      await host.answer(id, 'complete', { payload: 1 }, otherSecret),
      await host.answer(id, 'heartbeat', { timeout_seconds: payload }),
      await host.answer(id, 'complete', { payload }),
      await host.operate('/api/v1/callbacks'),
      await request(`${host.project.url}/api/v1/assembly`, {
        headers: { 'x-internal-api-key': managementKey },
      }),
      await request(`${host.project.url}/openapi.json`),
    ]
    const { rows } = await host.project.host.store.auditTrail({ limit: 1_000 })

    const seen = [...host.project.logged, JSON.stringify(rows), ...answers.map(({ text }) => text)]

    assert.ok(host.project.logged.some((line) => line.includes('/api/callbacks/:id/complete')))
    for (const each of [secret, otherSecret, signCallback(id, secret), payload]) {
      assert.deepEqual(
        seen.filter((text) => text.includes(each)),
        [],
      )
    }
  })

  it('are not there for an answer when the process that waited is gone and had parked nothing', async () => {
    const meta = { host: 'gone', by: 'asker', dispatch: 'never-parked', event: 'ask', meta: null }
    const { id } = await host.book.create({ waiter: 'dispatches', timeoutMs: 60_000, meta })

    const { status, json } = await host.answer(id, 'complete', {})

    assert.deepEqual([status, json], [404, { error: `callback not found: ${id}` }])
    assert.deepEqual(await find(host, [id]), [undefined])
    assert.deepEqual(await host.audited(id), [])
  })
})

describe('callbacks without signatures', () => {
  it('are answered by anybody, as the log and the audit trail say', async () => {
    await using host = await startCallbacks({ stanza: 'allow_unsigned: true' })
    const id = await host.create()

    const { status } = await host.answer(id, 'complete', {}, null)
    const ticket = await host.project.host.scopeOf('callbacks').callbacks.open({ timeout: '1h' })

    assert.equal(status, 200)
    assert.equal(ticket.signature, null)
    assert.deepEqual(await host.audited(id), [['callback.completed', 'callback:unsigned']])
    assert.ok(host.project.logged.some((line) => /"level":40.*answered unsigned/.test(line)))
  })
})

async function find(host: CallbacksHost, ids: readonly string[]) {
  return (await host.book.find(ids)).map((each) => each?.state)
}

/** What `callbacks.resolved` has told of a callback. */
async function resolved(host: CallbacksHost, id: string): Promise<unknown> {
  let told: unknown
  await eventually(async () => {
    const lines = readFileSync(host.project.folder.file('resolved.txt'), 'utf8').trim().split('\n')
    told = lines.map((line) => JSON.parse(line)).find((each) => each.id === id)
    return told !== undefined
  })
  return told
}
