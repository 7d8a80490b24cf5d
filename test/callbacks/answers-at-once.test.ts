import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { CallbackBook } from '../../src/callbacks/callback-book.ts'
import { signCallback } from '../../src/callbacks/callback-signature.ts'
import { callbackUrl, defaultCallbackPrefix } from '../../src/callbacks/callback-url.ts'
import { openStore } from '../../src/store/open-store.ts'
import { testPostgres } from '../helpers/postgres.ts'
import { servers } from './servers.ts'

const secret = '07'.repeat(32)
const postgres = testPostgres({ fsync: false })
after(() => postgres[Symbol.asyncDispose]())

describe('100 answers to one callback, through three servers on one PostgreSQL', () => {
  it('are one 200 and 99 times 404, and the one that was taken is kept', async () => {
    await using stack = new AsyncDisposableStack()
    const database = await postgres.database()
    const bases: string[] = []
    const stores = []
    for (const start of Object.values(servers).slice(0, 3)) {
      const store = stack.use(await openStore(database))
      stores.push(store)
      bases.push(stack.use(await start(store, { secret })).url)
    }
    const [store] = stores
    assert.ok(store)
    const book = new CallbackBook(store)
    const { id } = await book.create({ waiter: 'w', timeoutMs: 3_600_000 })
    const headers = { 'x-awa-signature': signCallback(id, secret) }

    const replies = await Promise.all(
      Array.from({ length: 100 }, async (_, index) => {
        const base = bases[index % 3] ?? ''
        const url = callbackUrl(base, defaultCallbackPrefix, id, 'complete')
        const body = JSON.stringify({ payload: index })
        const { status } = await fetch(url, { method: 'POST', headers, body })
        return { status, payload: String(index) }
      }),
    )

    const [winner, ...more] = replies.filter(({ status }) => status === 200)
    assert.deepEqual(more, [])
    assert.equal(replies.filter(({ status }) => status === 404).length, 99)
    const [stored] = await book.find([id])
    assert.equal(Buffer.from(stored?.payload ?? []).toString(), winner?.payload)
  })
})
