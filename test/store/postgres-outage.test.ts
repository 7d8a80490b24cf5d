import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { CarabinerError } from '../../src/errors.ts'
import type { DeliveryId } from '../../src/ids.ts'
import { aClaim, aMessage, anAuditRow, delivered, noon } from '../../src/store/contract/makers.ts'
import { openStore } from '../../src/store/open-store.ts'
import type { Store } from '../../src/store/store.ts'
import { ownPostgres } from '../helpers/postgres.ts'

// What a commit does not bring to the disk itself is not there by chance either: it is lost with the server.
const server = ownPostgres({ settings: ['wal_writer_delay = 10s'] })
after(() => server[Symbol.asyncDispose]())

/** What a store acknowledged, and what it did not, while something happened to it. */
interface Written {
  readonly stored: Set<DeliveryId>
  readonly settled: Set<DeliveryId>
  failures: number
}

describe('a PostgreSQL store whose connections are cut', () => {
  it('loses nothing it acknowledged, and goes on', async () => {
    const url = await server.database()
    await using store = await openStore(url)
    const written = await writingWhile(store, async () => {
      for (let cut = 0; cut < 5; cut += 1) {
        await server.cutConnections(url)
        await settledBy(store)
      }
    })

    await assertLasted(store, written)
    assert.ok(written.failures > 0, 'nothing was cut in the middle')
  })

  it('hears of others again, and says so', async () => {
    const url = await server.database()
    await using store = await openStore(url)
    await using other = await openStore(url)
    const before = store.version()

    const again = changed(store)
    await server.cutConnections(url)
    await again
    const heard = changed(store)
    await eventually(() => other.enqueue([aMessage({ createdAt: noon })]))
    await heard

    assert.ok(Number(store.version()) > Number(before))
  })
})

describe('a PostgreSQL store whose server crashes and comes back', () => {
  it('refuses what it cannot store, loses nothing it acknowledged, and goes on by itself', async () => {
    const url = await server.database()
    await using store = await openStore(url)
    const written = await writingWhile(store, async () => {
      await server.stop('immediate')
      await assert.rejects(store.enqueue([aMessage()]), { code: 'STORE_UNAVAILABLE' })
      await assert.rejects(async () => store.ready(), { code: 'STORE_UNAVAILABLE' })
      assert.equal(store.version(), undefined)
      await server.start()
      await settledBy(store)
    })

    await assertLasted(store, written)
    await eventually(async () => store.ready())
    await store.audit([anAuditRow()])
  })

  it('has everything it has answered, whatever was the last of it', async () => {
    const url = await server.database()
    await using store = await openStore(url)
    const message = aMessage()
    const [id] = message.deliveries.map((each) => each.id)
    assert.ok(id)
    const crash = (): Promise<void> => server.restart('immediate')
    const readState = (): Promise<string | undefined> => {
      return eventually(async () => (await store.delivery(id))?.delivery.state)
    }

    await store.enqueue([message])
    await crash()
    assert.equal(await readState(), 'pending')

    // A claim that is lost is made once more, by another host, while the first one sends.
    const claimed = await store.claim(aClaim({ owner: 'a' }))
    await crash()
    assert.equal(await readState(), 'sending')
    assert.deepEqual(await eventually(() => store.claim(aClaim({ owner: 'b' }))), [])

    await store.settle(claimed.map((each) => delivered(each, { owner: 'a' })))
    await crash()
    assert.equal(await readState(), 'delivered')
  })

  it('names no password, whoever is told', async () => {
    const url = await server.database()
    const wrong = new URL(url)
    wrong.password = 'hunter2'

    await assert.rejects(openStore(wrong.href), (error) => {
      assert.ok(error instanceof CarabinerError)
      assert.equal(error.code, 'STORE_UNAVAILABLE')
      assert.match(error.message, /password authentication failed/)
      assert.doesNotMatch(JSON.stringify(all(error)), /hunter2/)
      return true
    })
  })
})

/** Stores, claims and settles as fast as it can until something else is over. */
async function writingWhile(store: Store, during: () => Promise<void>): Promise<Written> {
  const written: Written = { stored: new Set(), settled: new Set(), failures: 0 }
  let isOver = false
  const writers = ['a', 'b', 'c', 'd'].map(async (owner) => {
    while (!isOver) {
      try {
        await writeOnce(store, owner, written)
      } catch (error) {
        assert.ok(error instanceof CarabinerError && error.code === 'STORE_UNAVAILABLE', `${error}`)
        written.failures += 1
        await new Promise(setImmediate)
      }
    }
  })
  try {
    await settledBy(store)
    await during()
  } finally {
    isOver = true
    await Promise.all(writers)
  }
  return written
}

async function writeOnce(store: Store, owner: string, written: Written): Promise<void> {
  const messages = [aMessage(), aMessage()]
  await store.enqueue(messages)
  for (const { deliveries } of messages) {
    for (const { id } of deliveries) written.stored.add(id)
  }
  const claimed = await store.claim(aClaim({ owner, limit: 1 }))
  const settled = await store.settle(claimed.map((each) => delivered(each, { owner })))
  assert.ok(!settled.includes(false), 'what was claimed was not the owner’s to settle')
  for (const { id } of claimed) written.settled.add(id)
}

async function assertLasted(store: Store, { stored, settled }: Written): Promise<void> {
  for (const id of stored) {
    const found = await store.delivery(id)
    assert.ok(found, `${id} was acknowledged and is not there`)
    if (settled.has(id)) assert.equal(found.delivery.state, 'delivered')
  }
}

/** Resolves when the store has written once more. */
function settledBy(store: Store): Promise<void> {
  return eventually(() => store.beat('test', noon))
}

async function eventually<T>(work: () => Promise<T>): Promise<T> {
  const end = performance.now() + 20_000
  for (;;) {
    try {
      return await work()
    } catch (error) {
      if (performance.now() > end) throw error
      await new Promise(setImmediate)
    }
  }
}

function changed(store: Store): Promise<void> {
  return new Promise((resolve) => {
    const listening = store.onChange(() => {
      listening[Symbol.dispose]()
      resolve()
    })
  })
}

/** An error with everything that hangs on it. */
function all(error: unknown): unknown {
  if (!(error instanceof Error)) return error
  return { ...error, message: error.message, stack: error.stack, cause: all(error.cause) }
}
