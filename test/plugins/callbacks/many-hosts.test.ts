import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { testPostgres } from '../../helpers/postgres.ts'
import { type CallbacksHost, startCallbacks } from './callbacks-host.ts'

const postgres = testPostgres({ fsync: false })
after(() => postgres[Symbol.asyncDispose]())

describe('three hosts on one PostgreSQL', { timeout: 60_000 }, () => {
  it('take one of 100 answers at once, and note one', async () => {
    await using stack = new AsyncDisposableStack()
    const store = await postgres.database()
    const hosts: CallbacksHost[] = []
    for (let n = 0; n < 3; n += 1) hosts.push(stack.use(await startCallbacks({ store })))
    const [first] = hosts
    assert.ok(first)
    const id = await first.create()

    const answers = await Promise.all(
      Array.from({ length: 100 }, async (_, payload) => {
        const host = hosts[payload % 3] ?? first
        const { status } = await host.answer(id, 'complete', { payload })
        return { status, payload }
      }),
    )

    const taken = answers.filter(({ status }) => status === 200)
    assert.equal(taken.length, 1)
    assert.equal(answers.filter(({ status }) => status === 404).length, 99)
    const [stored] = await first.book.find([id])
    assert.equal(Buffer.from(stored?.payload ?? []).toString(), String(taken[0]?.payload))
    assert.deepEqual(await first.audited(id), [['callback.completed', 'callback:signed']])
  })

  it('expire what is due once, all three sweeping', async () => {
    await using stack = new AsyncDisposableStack()
    const store = await postgres.database()
    const stanza = `secret: "${'07'.repeat(32)}"\nsweep: 20ms`
    const hosts: CallbacksHost[] = []
    for (let n = 0; n < 3; n += 1) hosts.push(stack.use(await startCallbacks({ store, stanza })))
    const [first] = hosts
    assert.ok(first)

    const due = await Promise.all(Array.from({ length: 60 }, () => first.create(0)))
    for (;;) {
      const found = await first.book.find(due)
      if (found.every((each) => each?.state === 'Failed')) break
    }

    const { rows } = await first.project.host.store.auditTrail({ limit: 1_000 })
    const expired = rows.filter(({ action }) => action === 'callback.expired')
    assert.deepEqual(expired.map(({ entityId }) => entityId).toSorted(), due.toSorted())
  })
})
