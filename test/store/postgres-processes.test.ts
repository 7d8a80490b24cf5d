import assert from 'node:assert/strict'
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface, type Interface } from 'node:readline'
import { after, describe, it } from 'node:test'
import { aClaim, aMessageTo, delivered, noon } from '../../src/store/contract/makers.ts'
import { openStore } from '../../src/store/open-store.ts'
import { connect, testPostgres } from '../helpers/postgres.ts'

const server = testPostgres({ fsync: false })
after(() => server[Symbol.asyncDispose]())

describe('several processes on one PostgreSQL schema', () => {
  it('make the schema once, claim disjoint deliveries and settle them all', async () => {
    const url = await server.emptyDatabase()
    const children = ['a', 'b', 'c', 'd', 'e'].map((owner) => start(url, owner, '60'))
    const outputs = children.map((child) => createInterface(child.stdout))
    await Promise.all(outputs.map(firstLine))
    const claims = outputs.map(linesOf)

    for (const child of children) child.stdin.write('go\n')

    const ids = (await Promise.all(claims)).flat()
    assert.equal(ids.length, 300)
    assert.equal(new Set(ids).size, 300)
    await using store = await openStore(url)
    assert.equal((await store.deliveries({ state: 'delivered', limit: 1000 })).rows.length, 300)
    await using client = await connect(url)
    const { rows } = await client.query('SELECT version FROM carabiner.carabiner_store')
    assert.equal(rows.length, 1)
  })
})

describe('several stores on one PostgreSQL schema', () => {
  it('keep the order of a key that all of them add to, claim of and settle at once', async () => {
    const url = await server.database()
    const stores = await Promise.all(['a', 'b', 'c'].map(() => openStore(url)))
    const sent: string[] = []
    const inHand = new Set<string>()

    await Promise.all(
      stores.map(async (store, host) => {
        for (let round = 0; round < 15; round += 1) {
          const messages = ['k', 'l'].map((orderKey) => aMessageTo({ orderKey }))
          const [claimed] = await Promise.all([
            store.claim(aClaim({ owner: `${host}`, limit: 5 })),
            store.enqueue(messages),
          ])
          for (const { orderKey } of claimed) {
            assert.ok(!inHand.has(`${orderKey}`), 'two of a key are in hand at once')
            inHand.add(`${orderKey}`)
          }
          for (const { id, orderKey } of claimed) {
            inHand.delete(`${orderKey}`)
            sent.push(id)
          }
          await store.settle(claimed.map((each) => delivered(each, { owner: `${host}` })))
        }
      }),
    )
    const [store] = stores
    assert.ok(store)
    for (;;) {
      const rest = await store.claim(aClaim({ owner: 'rest' }))
      if (rest.length === 0) break
      sent.push(...rest.map(({ id }) => id))
      await store.settle(rest.map((each) => delivered(each, { owner: 'rest' })))
    }

    assert.equal(new Set(sent).size, 90)
    assert.equal((await store.backlog()).pending, 0, 'nothing is stuck behind what is settled')
    for (const key of ['k', 'l']) await assertInOrder(url, key)
    await Promise.all(stores.map((each) => each[Symbol.asyncDispose]()))
  })

  it('tell each other of what is due, and of endpoints, but nothing to themselves', async () => {
    const url = await server.database()
    await using one = await openStore(url)
    await using other = await openStore(url)
    const before = [one.version(), other.version()]

    const heard = nextChange(other)
    await one.enqueue([aMessageTo({ dueAt: 0 })])
    await heard
    const heardAgain = nextChange(other)
    await one.updateEndpoint('h/a', { circuit: 'open' })
    await heardAgain

    assert.equal(one.version(), before[0])
    assert.notEqual(other.version(), before[1])
  })

  it('say nothing of what is not due, or is claimed by who stores it', async () => {
    const url = await server.database()
    await using one = await openStore(url)
    await using other = await openStore(url)
    const before = other.version()
    const later = aMessageTo({ dueAt: Date.now() + 3_600_000 })
    const own = aMessageTo({ dueAt: 0 })
    const lease = { owner: 'a', until: noon }

    await one.enqueue([later])
    await one.enqueue([own], { lease, ids: new Set(own.deliveries.map(({ id }) => id)) })
    await one.updateEndpoint('h/a', { lastSuccessAt: noon })
    const heard = nextChange(other)
    await one.updateEndpoint('h/a', { pausedUntil: noon })
    await heard

    assert.equal(other.version(), Number(before) + 1)
  })
})

/** Deliveries of a key, in the order they were stored, were settled in that order. */
async function assertInOrder(url: string, key: string): Promise<void> {
  await using client = await connect(url)
  const { rows } = await client.query(
    `SELECT count(*) FILTER (WHERE first_of_key <> 1)::int AS held, count(*)::int AS all
     FROM carabiner.deliveries WHERE order_key = $1`,
    [key],
  )
  assert.deepEqual(rows, [{ held: 0, all: 45 }])
}

function nextChange(store: { onChange(listener: () => void): Disposable }): Promise<void> {
  return new Promise((resolve) => {
    const listening = store.onChange(() => {
      listening[Symbol.dispose]()
      resolve()
    })
  })
}

async function firstLine(output: Interface): Promise<void> {
  const ended = once(output, 'close').then(() => {
    throw new Error('a process ended before it was ready')
  })
  await Promise.race([once(output, 'line'), ended])
  ended.catch(() => undefined) // later it may
}

async function linesOf(output: AsyncIterable<string>): Promise<string[]> {
  const lines: string[] = []
  for await (const line of output) lines.push(line)
  return lines
}

function start(...args: string[]): ChildProcessWithoutNullStreams {
  const file = join(import.meta.dirname, 'claiming-process.ts')
  const child = spawn(process.execPath, ['--conditions=source', file, ...args])
  child.stderr.pipe(process.stderr)
  return child
}
