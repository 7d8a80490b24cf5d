import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { newId } from '../../src/ids.ts'
import { aClaim, aMessage, aMessageTo, delivered } from '../../src/store/contract/makers.ts'
import { openStore } from '../../src/store/open-store.ts'
import { type PublishedMessage, publish } from '../../src/store/postgres/publish.ts'
import type { Store } from '../../src/store/store.ts'
import { transactional } from '../../src/store/transactional.ts'
import { connect, testPostgres } from '../helpers/postgres.ts'

const server = testPostgres({ fsync: false })
const database = server.database()
after(() => server[Symbol.asyncDispose]())

describe('publish with a transaction', () => {
  it('delivers if it commits, to each endpoint, as JSON, and tells the hosts', async () => {
    await using store = await openStore(await database)
    await using client = await connect(await database)
    const heard = nextChange(store)

    await client.query('BEGIN')
    const to = ['p1/a', 'p1/b']
    const [published] = await publish(client, [{ type: 'order.created', body: { id: 7 }, to }])
    assert.deepEqual(await due(store, 'p1/a'), [])
    await client.query('COMMIT')
    await heard

    assert.equal(published?.deliveries.length, 2)
    const [claimed] = await due(store, 'p1/a')
    assert.ok(claimed)
    assert.equal(claimed.id, published.deliveries[0])
    const { message } = claimed
    assert.equal(message.id, published.id)
    assert.deepEqual(
      [message.type, message.origin, message.contentType, Buffer.from(message.body).toString()],
      ['order.created', 'publish', 'application/json', '{"id":7}'],
    )
    assert.equal((await due(store, 'p1/b')).length, 1)
  })

  it('delivers nothing if it is rolled back', async () => {
    await using store = await openStore(await database)
    await using client = await connect(await database)

    await client.query('BEGIN')
    await publish(client, [aPublished({ to: ['p2/a'] })])
    await client.query('ROLLBACK')

    assert.equal(await store.countWaiting('p2/a'), 0)
  })

  it('keeps the order of a key among transactions and hosts, and holds nobody up', async () => {
    await using store = await openStore(await database)
    await using slow = await connect(await database)
    await using quick = await connect(await database)
    const message = (body: number): PublishedMessage => ({
      ...aPublished({ to: ['p3/a'] }),
      body,
      orderKey: 'k',
    })

    await slow.query('BEGIN ISOLATION LEVEL REPEATABLE READ')
    await publish(slow, [message(1)])
    await quick.query('BEGIN')
    await publish(quick, [message(2), message(3)])
    await quick.query('COMMIT')
    await store.enqueue([aMessageTo({ endpoint: 'p3/a', orderKey: 'k', dueAt: 0 }, Date.now())])
    const first = await due(store, 'p3/a')
    await slow.query('COMMIT')
    const meanwhile = await due(store, 'p3/a')

    assert.equal(first.length, 1)
    assert.equal(Buffer.from(first[0]?.message.body ?? []).toString(), '2')
    assert.deepEqual(meanwhile, [])
    const bodies = await drained(store, 'p3/a', first)
    assert.deepEqual(bodies, ['2', '1', '3', '{"amount":1}'])
  })

  it('takes bytes as they are, with their content type, and an id of the caller’s', async () => {
    await using store = await openStore(await database)
    await using client = await connect(await database)
    const id = newId()

    await publish(client, [
      { ...aPublished({ to: ['p4/a'] }), body: Uint8Array.of(0, 255), contentType: 'x/y', id },
    ])

    const [claimed] = await due(store, 'p4/a')
    assert.deepEqual([...(claimed?.message.body ?? [])], [0, 255])
    assert.deepEqual([claimed?.message.contentType, claimed?.message.id], ['x/y', id])
  })

  it('refuses what is not an endpoint, a UUID, JSON, or small enough', async () => {
    await using client = await connect(await database)
    const refused: [Partial<PublishedMessage>, RegExp][] = [
      [{ to: ['billing'] }, /an endpoint is named <connector id>\/<webhook name>, got "billing"/],
      [{ to: [''] }, /an endpoint is named/],
      [{ to: ['a b/c'] }, /an endpoint is named/],
      [{ id: 'order-7' }, /a message's id is a UUID, got "order-7"/],
      [{ body: undefined }, /is not JSON/],
      [{ body: Uint8Array.of(1) }, /say its contentType/],
    ]
    for (const [fields, message] of refused) {
      await assert.rejects(publish(client, [aPublished(fields)]), { code: 'USAGE', message })
    }
    await assert.rejects(publish(client, [aPublished({ body: 'x'.repeat(1024 * 1024) })]), {
      code: 'MESSAGE_TOO_LARGE',
    })
  })

  it('refuses a database without a store, or with one of another version', async () => {
    const url = await server.emptyDatabase()
    await using client = await connect(url)

    await assert.rejects(publish(client, [aPublished({})]), {
      code: 'USAGE',
      message: /has no carabiner store of this version in schema carabiner/,
    })
    await (await openStore(url))[Symbol.asyncDispose]()
    await client.query('UPDATE carabiner.carabiner_store SET version = 99')
    await assert.rejects(publish(client, [aPublished({})]), {
      code: 'USAGE',
      message: /in schema carabiner has version 99, this carabiner knows \d+/,
    })
    await assert.rejects(publish(client, [aPublished({})], { schema: 'No' }), { code: 'USAGE' })
  })
})

describe('enqueueWith', () => {
  it('stores with the transaction, and refuses the database of another store', async () => {
    await using store = await openStore(await database)
    await using client = await connect(await database)
    const other = await server.emptyDatabase()
    await (await openStore(other))[Symbol.asyncDispose]()
    await using elsewhere = await connect(other)
    const message = aMessageTo({ endpoint: 'p5/a' })

    await client.query('BEGIN')
    await transactional(store).enqueueWith(client, [message])
    assert.equal(await store.countWaiting('p5/a'), 0)
    await client.query('COMMIT')

    assert.equal(await store.countWaiting('p5/a'), 1)
    await assert.rejects(transactional(store).enqueueWith(client, [message]), {
      code: 'USAGE',
      message: /is stored already/,
    })
    await assert.rejects(transactional(store).enqueueWith(elsewhere, [aMessage()]), {
      code: 'USAGE',
      message: /another store/,
    })
  })

  it('is refused by stores that have no transactions of others', async () => {
    await using store = await openStore('memory:')

    assert.throws(() => transactional(store), {
      code: 'USAGE',
      message: /on a postgres: store only, this one is memory:/,
    })
  })
})

function aPublished(fields: Partial<PublishedMessage>): PublishedMessage {
  return { type: 'order.created', body: {}, to: ['p/a'], ...fields }
}

type Claims = Awaited<ReturnType<Store['claim']>>

function due(store: Store, endpoint: string): Promise<Claims> {
  return store.claim(aClaim({ endpoint, now: Date.now() }))
}

/** Settles what is claimed and claims the next, until nothing is left. Resolves to the bodies in the order they came. */
async function drained(store: Store, endpoint: string, first: Claims): Promise<string[]> {
  const bodies: string[] = []
  for (let claims = first; claims.length > 0; claims = await due(store, endpoint)) {
    bodies.push(...claims.map(({ message }) => Buffer.from(message.body).toString()))
    await store.settle(claims.map((each) => delivered(each)))
  }
  return bodies
}

function nextChange(store: Store): Promise<void> {
  return new Promise((resolve) => {
    const listening = store.onChange(() => {
      listening[Symbol.dispose]()
      resolve()
    })
  })
}
