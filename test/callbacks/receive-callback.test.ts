import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { CallbackBook, type CallbackStore } from '../../src/callbacks/callback-book.ts'
import type { CallbackConfig } from '../../src/callbacks/callback-receiver.ts'
import { signCallback } from '../../src/callbacks/callback-signature.ts'
import { failing } from '../../src/callbacks/conformance/failing-store.ts'
import {
  completeCallback,
  failCallback,
  heartbeatCallback,
  receiveCallback,
} from '../../src/callbacks/receive-callback.ts'
import { standard } from '../../src/delivery/signing/standard.ts'
import { openStore } from '../../src/store/open-store.ts'

const secret = '07'.repeat(32)
const store = await openStore('memory:')
const book = new CallbackBook(store)

async function create(): Promise<string> {
  return (await book.create({ waiter: 'w', timeoutMs: 3_600_000 })).id
}

function receive(id: string, config: CallbackConfig, from: CallbackStore = store) {
  const signature = signCallback(id, secret)
  return receiveCallback(from, { id, action: 'complete', signature, body: '{}' }, config)
}

describe('receiveCallback', () => {
  it('does each action, and says where the callback stands', async () => {
    const id = await create()
    const signature = signCallback(id, secret)
    const send = (action: 'complete' | 'fail' | 'heartbeat', body: string) =>
      receiveCallback(store, { id, action, signature, body: Buffer.from(body) }, { secret })

    assert.deepEqual(await send('heartbeat', '{}'), {
      status: 200,
      body: { id, state: 'WaitingExternal' },
    })
    assert.deepEqual(await send('fail', '{"error":"no"}'), {
      status: 200,
      body: { id, state: 'Failed' },
    })
    assert.deepEqual(await send('complete', '{}'), {
      status: 404,
      body: { error: `callback not found: ${id}` },
    })
  })

  it('looks at the signature first, then at the id, the length, the body, the store', async () => {
    const config = { secret }
    const body = `${' '.repeat(1_048_576)}{`
    const away = failing(store, 'away')
    const send = (id: string, signature: string, text: string) =>
      receiveCallback(away, { id, action: 'complete', signature, body: text }, config)
    const id = await create()

    const statuses = [
      await send('abc', '', body),
      await send('abc', signCallback('abc', secret), body),
      await send(id, signCallback(id, secret), body),
      await send(id, signCallback(id, secret), '{'),
      await send(id, signCallback(id, secret), '{}'),
    ].map(({ status }) => status)

    assert.deepEqual(statuses, [401, 400, 413, 400, 503])
  })

  it('must be told who may answer', async () => {
    const id = await create()
    const wrong: readonly (readonly [CallbackConfig, RegExp])[] = [
      [{}, /^a callback signing secret is required$/],
      [{ secret: [] }, /^a callback signing secret is required$/],
      [{ allowUnsigned: false }, /^a callback signing secret is required$/],
      [{ secret, allowUnsigned: true }, /^secret and allow_unsigned are mutually exclusive$/],
      [{ allowUnsigned: true, signatures: ['standard'] }, /^signatures need a secret$/],
      [{ secret: '' }, /empty/],
      [{ secret: [secret, 'abc'] }, /64 hex digits/],
    ]

    for (const [config, message] of wrong) {
      await assert.rejects(receive(id, config), { code: 'SECRET_INVALID', message })
    }
    assert.equal((await book.find([id]))[0]?.state, 'WaitingExternal')
  })

  it('is not opened by a text that says false', async () => {
    const config: CallbackConfig = JSON.parse('{"allowUnsigned":"false"}')

    await assert.rejects(receive(await create(), config), { code: 'SECRET_INVALID' })
  })

  it('looks at the headers for a signature over the body, where one is demanded', async () => {
    const id = await create()
    const body = '{"payload":1}'
    const now = Date.UTC(2026, 0, 1)
    const key = standard.prepare(secret)
    const headers = standard.sign({ id, timestamp: now / 1_000, body: Buffer.from(body) }, [key])
    const request = { id, action: 'complete', signature: signCallback(id, secret), body } as const
    const at = (time: number): CallbackConfig => {
      return { secret, signatures: ['standard'], clock: { now: () => time } }
    }

    const replies = [
      await receiveCallback(store, request, at(now)),
      await receiveCallback(store, { ...request, headers, body: '{"payload":2}' }, at(now)),
      await receiveCallback(store, { ...request, headers }, at(now + 301_000)),
      await receiveCallback(
        store,
        { ...request, headers: new Headers(headers) },
        at(now + 299_000),
      ),
    ]

    assert.deepEqual(
      replies.map(({ status }) => status),
      [401, 401, 401, 200],
    )
  })

  it('tells onError what is wrong with the store, and the sender nothing', async () => {
    const errors: unknown[] = []
    const config = { secret, onError: (error: unknown) => errors.push(error) }
    const id = await create()

    const reply = await receive(id, config, failing(store, 'broken'))

    assert.deepEqual(reply, { status: 500, body: { error: 'internal server error' } })
    assert.match(String(errors), /a secret of the store/)
  })

  it('answers even when onError throws', async () => {
    const onError = (): never => {
      throw new TypeError('no log')
    }

    const reply = await receive(await create(), { secret, onError }, failing(store, 'away'))

    assert.equal(reply.status, 503)
  })
})

describe('completeCallback, failCallback and heartbeatCallback', () => {
  it('do the same without a signature', async () => {
    const [id, other] = [await create(), await create()]

    assert.equal((await heartbeatCallback(store, { id, body: '{}' })).status, 200)
    assert.equal((await completeCallback(store, { id, body: '{"payload":1.0}' })).status, 200)
    const failed = await failCallback(store, { id: other, body: '{"error":"no"}' })

    assert.deepEqual(failed.body, { id: other, state: 'Failed' })
    const [completed] = await book.find([id])
    assert.equal(Buffer.from(completed?.payload ?? []).toString(), '1.0')
  })

  it('refuse what the routes refuse', async () => {
    const id = await create()

    const statuses = [
      await completeCallback(store, { id: 'abc', body: '{}' }),
      await failCallback(store, { id, body: '{}' }),
      await heartbeatCallback(store, { id, body: '{"timeout_seconds":-1}' }),
      await completeCallback(store, { id, body: ' '.repeat(1_048_577) }),
    ].map(({ status }) => status)

    assert.deepEqual(statuses, [400, 400, 400, 413])
  })

  it('reject when the store is away', async () => {
    const id = await create()

    await assert.rejects(completeCallback(failing(store, 'away'), { id, body: '{}' }), {
      code: 'STORE_UNAVAILABLE',
    })
  })
})
