import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { Client } from 'pg'
import { openStore } from '../../src/store/open-store.ts'
import {
  allDeliveries,
  anOutboundMessage,
  eventually,
  openTestStore,
  startEngine,
} from '../helpers/engine.ts'
import { FakeSender } from '../helpers/fake-sender.ts'
import { testPostgres } from '../helpers/postgres.ts'

const server = testPostgres({ fsync: false })
after(() => server[Symbol.asyncDispose]())

describe('messages sent with a transaction', () => {
  it('are delivered if it commits, and were never there if it does not', async () => {
    const url = await server.database()
    await using store = await openStore(url)
    const sender = new FakeSender()
    await using running = startEngine({ store, sender })
    const tx = new Client({ connectionString: url })
    await tx.connect()
    try {
      await tx.query('BEGIN')
      await running.engine.send([anOutboundMessage({ body: Buffer.from('no') })], { tx })
      await tx.query('ROLLBACK')
      await tx.query('BEGIN')
      await running.engine.send([anOutboundMessage({ body: Buffer.from('yes') })], { tx })
      const before = sender.requests.length
      await tx.query('COMMIT')
      await eventually(async () => (await allDeliveries(store))[0]?.state === 'delivered')

      assert.equal(before, 0)
      assert.deepEqual(
        sender.requests.map(({ body }) => Buffer.from(body).toString()),
        ['yes'],
      )
      assert.equal((await allDeliveries(store)).length, 1)
    } finally {
      await tx.end()
    }
  })

  it('are refused on a store that has none', async () => {
    await using opened = await openTestStore('sqlite')
    await using running = startEngine({ store: opened.store, sender: new FakeSender() })
    const tx = { query: async () => assert.fail('nothing may be asked of it') }

    await assert.rejects(running.engine.send([anOutboundMessage()], { tx }), {
      code: 'USAGE',
      message: /on a postgres: store only, this one is sqlite:/,
    })
  })
})
