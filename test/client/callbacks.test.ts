import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import {
  ApiError,
  AuthError,
  type CallbackDetail,
  type CallbacksClient,
  createClient,
  ValidationError,
} from '../../src/client.ts'
import {
  type CallbacksHost,
  hour,
  managementKey,
  startCallbacks,
} from '../plugins/callbacks/callbacks-host.ts'

const nobodys = '0b0e7d5c-5b0e-4b9c-9d0a-6a1f0c2d3e4f'

describe('carabiner/client and the callbacks of a host', () => {
  let host: CallbacksHost
  let callbacks: CallbacksClient
  before(async () => {
    host = await startCallbacks()
    const apiKey = 'not-for-operators'
    callbacks = createClient({ baseUrl: host.project.url, apiKey, managementKey }).callbacks
  })
  after(() => host[Symbol.asyncDispose]())

  it('completes, fails and extends them, in the name of who it is', async () => {
    const [done, failed] = [await host.create(), await host.create()]

    const extended = await callbacks.heartbeat(done, { timeout_seconds: 60 }, { actor: 'ada' })
    const beat = await callbacks.heartbeat(failed)
    const completed = await callbacks.complete(done, { payload: { ok: true } }, { actor: 'ada' })
    const refused = await callbacks.fail(failed, { error: 'no' })

    assert.deepEqual(
      [extended.state, beat.state, completed, refused],
      [
        ...['WaitingExternal', 'WaitingExternal'],
        { id: done, state: 'Completed' },
        { id: failed, state: 'Failed' },
      ],
    )
    assert.deepEqual(await host.audited(done), [
      ['callback.extended', 'ada'],
      ['callback.completed', 'ada'],
    ])
  })

  it('shows one, with exactly the fields that the types name', async () => {
    const meta = { order: 7 }
    const { id } = await host.book.create({ waiter: 'w', timeoutMs: hour, meta })
    await callbacks.complete(id, { payload: [1] })

    const { createdAt, deadline, resolvedAt, ...shown } = await callbacks.get(id)

    const expected: Omit<CallbackDetail, 'createdAt' | 'deadline' | 'resolvedAt'> = {
      ...{ id, state: 'Completed', waiter: 'w', by: null, event: null, dispatchId: null },
      ...{ meta, resolvedBy: 'complete', error: null, payload: [1] },
    }
    assert.deepEqual(shown, expected)
    assert.equal(Date.parse(deadline) - Date.parse(createdAt), hour)
    assert.ok(resolvedAt !== null && !Number.isNaN(Date.parse(resolvedAt)))
  })

  it('lists them page by page', async () => {
    const made = await Promise.all([1, 2, 3].map(() => host.create()))
    const seen: string[] = []
    let cursor: string | null | undefined
    do {
      const query = { state: 'WaitingExternal', limit: 2 } as const
      const page = await callbacks.list(cursor ? { ...query, cursor } : query)
      seen.push(...page.callbacks.map(({ id }) => id))
      cursor = page.nextCursor
    } while (cursor !== null)

    assert.deepEqual(
      made.filter((id) => !seen.includes(id)),
      [],
    )
  })

  it('says why an answer was not taken', async () => {
    await assert.rejects(callbacks.complete(nobodys), (error) => {
      assert.ok(error instanceof ApiError)
      assert.deepEqual(
        [error.status, error.code, error.message],
        [404, 'NOT_FOUND', `callback not found: ${nobodys}`],
      )
      return true
    })
    await assert.rejects(callbacks.heartbeat(nobodys, { timeout_seconds: -1 }), ValidationError)
    const keyless = createClient({ baseUrl: host.project.url, apiKey: managementKey }).callbacks
    await assert.rejects(keyless.list(), AuthError)
  })
})
