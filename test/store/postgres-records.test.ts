import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import type { Client } from 'pg'
import { RecordConflictError } from '../../src/errors.ts'
import { newMessageId } from '../../src/ids.ts'
import { aClaim, aMessage, aMessageTo, noon } from '../../src/store/contract/makers.ts'
import { openStore } from '../../src/store/open-store.ts'
import { migrationsSince } from '../../src/store/postgres/schema.ts'
import type { RecordPut } from '../../src/store/records.ts'
import type { Store } from '../../src/store/store.ts'
import { connect, testPostgres } from '../helpers/postgres.ts'

const server = testPostgres({ fsync: false })
after(() => server[Symbol.asyncDispose]())

const collection = 'c/things'

describe('several stores that write the same record', () => {
  it('let one make it, and tell all others that it is there', async () => {
    await using stores = await threeStores()

    const outcomes = await Promise.allSettled(
      callers(50).map((caller) =>
        stores.of(caller).writeRecords([aPut({ id: 'a', expects: 'absent', value: caller })]),
      ),
    )

    assertOneWon(outcomes, 'exists')
    const winner = outcomes.findIndex(({ status }) => status === 'fulfilled')
    const [record] = await stores.of(0).records(collection, ['a'])
    assert.deepEqual([record?.value, record?.version], [winner, 1])
  })

  it('let one change a version, and tell all others that it is another now', async () => {
    await using stores = await threeStores()
    await stores.of(0).writeRecords([aPut({ id: 'a' })])

    const outcomes = await Promise.allSettled(
      callers(50).map((caller) => stores.of(caller).writeRecords([aPut({ id: 'a', expects: 1 })])),
    )

    assertOneWon(outcomes, 'version')
  })

  it('let one have a unique text, whatever its record is called', async () => {
    await using stores = await threeStores()

    const outcomes = await Promise.allSettled(
      callers(50).map((caller) =>
        stores.of(caller).writeRecords([aPut({ id: `r${caller}`, unique: ['the one'] })]),
      ),
    )

    assertOneWon(outcomes, 'unique')
    const records = await stores.of(0).records(
      collection,
      callers(50).map((caller) => `r${caller}`),
    )
    assert.equal(records.filter((record) => record !== undefined).length, 1)
  })

  it('do not wait for each other in a circle, in whatever order they name records', async () => {
    const url = await server.database()
    const stores = await threeStores(url)
    const ids = ['a', 'b', 'c', 'd', 'e', 'f']

    await Promise.all(
      callers(60).map((caller) => {
        const order = caller % 2 === 0 ? ids : ids.toReversed()
        return stores.of(caller).writeRecords(order.map((id) => aPut({ id, value: caller })))
      }),
    )

    const records = await stores.of(0).records(collection, ids)
    assert.deepEqual(new Set(records.map((record) => record?.version)), new Set([60]))
    assert.equal(new Set(records.map((record) => record?.value)).size, 1, 'all of one call')
    // A connection tells what it met when it ends, at the latest.
    await stores[Symbol.asyncDispose]()
    await using client = await connect(url)
    const { rows } = await client.query(
      'SELECT deadlocks::int FROM pg_stat_database WHERE datname = current_database()',
    )
    assert.deepEqual(rows, [{ deadlocks: 0 }])
  })
})

describe('several stores that take permits', () => {
  it('never grant more than there are, and grant them all', async () => {
    await using stores = await threeStores()
    const request = { now: noon, wanted: 3, limit: 100, windowMs: 60_000 }

    const permits = await Promise.all(
      callers(60).map((caller) => stores.of(caller).takePermits(`k${caller % 2}`, request)),
    )

    for (const key of [0, 1]) {
      const granted = permits.filter((_, caller) => caller % 2 === key).map((each) => each.granted)
      assert.equal(
        granted.reduce((sum, each) => sum + each, 0),
        90,
      )
    }
    const [rest] = await Promise.all(callers(9).map(() => stores.of(1).takePermits('k0', request)))
    assert.equal(rest?.granted, 3)
    const last = await stores.of(2).takePermits('k0', request)
    assert.deepEqual([last.granted, last.remaining], [0, 0])
  })
})

describe('calls of one turn', () => {
  it('go on when one of them conflicts, with their messages', async () => {
    await using store = await openStore(await server.database())
    await store.writeRecords([aPut({ id: 'taken' })])
    const messages = callers(40).map(() => aMessageTo({ endpoint: 'h/a', dueAt: noon }))

    const outcomes = await Promise.allSettled(
      messages.map((message, caller) => {
        const id = caller % 4 === 3 ? 'taken' : `own ${caller}`
        return store.enqueue([message], undefined, { records: [aPut({ id, expects: 'absent' })] })
      }),
    )

    const refused = outcomes.map(({ status }) => status === 'rejected')
    assert.deepEqual(
      refused,
      callers(40).map((caller) => caller % 4 === 3),
    )
    assert.equal((await store.claim(aClaim({ endpoint: 'h/a' }))).length, 30)
  })

  it('hear of what a call before them took, and that alone fails', async () => {
    await using store = await openStore(await server.database())

    const outcomes = await Promise.allSettled([
      store.writeRecords([aPut({ id: 'a', unique: ['t'] })]),
      store.writeRecords([aPut({ id: 'b', unique: ['t'] })]),
      store.writeRecords([{ kind: 'remove', collection, id: 'a' }]),
      store.writeRecords([aPut({ id: 'b', unique: ['t'], expects: 'absent' })]),
    ])

    assert.deepEqual(
      outcomes.map(({ status }) => status),
      ['fulfilled', 'rejected', 'fulfilled', 'fulfilled'],
    )
  })
})

describe('what is committed beside messages', () => {
  it('tells other hosts that something is due, and nothing when nothing is', async () => {
    const url = await server.database()
    await using one = await openStore(url)
    await using other = await openStore(url)
    const before = other.version()

    await one.writeRecords([aPut({ id: 'a' })])
    const heard = nextChange(other)
    await one.enqueue([aMessageTo({ dueAt: 0 })], undefined, { records: [aPut({ id: 'b' })] })
    await heard

    assert.equal(other.version(), Number(before) + 1)
  })
})

describe('what PostgreSQL does for records', () => {
  it('keeps its connections when writes conflict', async () => {
    const url = await server.database()
    await using store = await openStore(url)
    await using client = await connect(url)
    await store.writeRecords([aPut({ id: 'a' })])
    const before = await processesOf(client)

    for (let tried = 0; tried < 5; tried += 1) {
      await assert.rejects(store.writeRecords([aPut({ id: 'a', expects: 7 })]), {
        code: 'RECORD_CONFLICT',
      })
    }

    assert.deepEqual(await processesOf(client), before)
  })

  it('rewrites no entry and no unique text of a put that changes neither', async () => {
    const url = await server.database()
    await using store = await openStore(url)
    await using client = await connect(url)
    const put = aPut({ id: 'a', unique: ['u'], entries: { owner: ['anna'], type: ['x', 'y'] } })
    await store.writeRecords([put])
    const before = await rowsFoundBy(client)

    await store.writeRecords([{ ...put, value: 2 }])
    assert.deepEqual(await rowsFoundBy(client), before)
    await store.writeRecords([{ ...put, entries: { owner: ['anna'], type: ['y', 'z'] } }])

    const kept = before.filter(({ row }) => !row.includes(',x,'))
    const now = await rowsFoundBy(client)
    assert.deepEqual(
      kept.filter((old) => !now.some(({ at, row }) => at === old.at && row === old.row)),
      [],
    )
    assert.equal(now.length, before.length)
  })
})

/** What serves the store's connections. */
async function processesOf(client: Client): Promise<readonly unknown[]> {
  const { rows } = await client.query(
    `SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid() AND application_name = 'carabiner' ORDER BY pid`,
  )
  return rows
}

describe('a schema of version 1', () => {
  it('keeps what it has, and takes records', async () => {
    const url = await server.emptyDatabase()
    await using client = await connect(url)
    const [first] = migrationsSince(0, 'carabiner')
    const message = newMessageId()
    await client.query(`
      CREATE SCHEMA carabiner;
      CREATE TABLE carabiner.carabiner_store (id uuid NOT NULL DEFAULT gen_random_uuid(), version integer NOT NULL, probed_at timestamptz);
      INSERT INTO carabiner.carabiner_store (version) VALUES (1);
      ${first};
      INSERT INTO carabiner.messages VALUES ('${message}', 'publish', 't', 'text/plain', '{}', 'trace', NULL, 0, ${noon}, NULL, 'hello');
      INSERT INTO carabiner.deliveries (id, message_id, endpoint, state, due_at, first_of_key, created_at)
        VALUES (gen_random_uuid(), '${message}', 'h/a', 'pending', ${noon}, 1, ${noon})`)

    await using store = await openStore(url)
    await store.enqueue([aMessage()], undefined, { records: [aPut({ id: 'a' })] })

    const [claimed] = await store.claim(aClaim({ endpoint: 'h/a' }))
    assert.equal(claimed?.message.id, message)
    assert.equal((await store.records(collection, ['a']))[0]?.version, 1)
    const { rows } = await client.query('SELECT version FROM carabiner.carabiner_store')
    assert.deepEqual(rows, [{ version: migrationsSince(0, 'carabiner').length }])
  })
})

interface Stores extends AsyncDisposable {
  of(caller: number): Store
}

async function threeStores(url?: string): Promise<Stores> {
  const database = url ?? (await server.database())
  const stores = await Promise.all([1, 2, 3].map(() => openStore(database)))
  return {
    of(caller) {
      const store = stores[caller % stores.length]
      assert.ok(store)
      return store
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(stores.map((store) => store[Symbol.asyncDispose]()))
    },
  }
}

function callers(count: number): number[] {
  return Array.from({ length: count }, (_, caller) => caller)
}

function aPut(fields: Partial<Omit<RecordPut, 'kind'>> & { readonly id: string }): RecordPut {
  return { kind: 'put', collection, value: null, ...fields }
}

function assertOneWon(
  outcomes: readonly PromiseSettledResult<void>[],
  conflict: RecordConflictError['conflict'],
): void {
  const refused = outcomes.flatMap((each) => (each.status === 'rejected' ? [each.reason] : []))
  assert.equal(refused.length, outcomes.length - 1)
  for (const reason of refused) {
    assert.ok(reason instanceof RecordConflictError, `${reason}`)
    assert.deepEqual([reason.collection, reason.conflict], [collection, conflict])
  }
}

/** What records are found by, with the place of each row: another when it was written anew. */
async function rowsFoundBy(
  client: Client,
): Promise<readonly { readonly at: string; readonly row: string }[]> {
  const { rows } = await client.query(`
    SELECT ctid::text AS at, e::text AS row FROM carabiner.record_entries AS e
    UNION ALL SELECT ctid::text, u::text FROM carabiner.record_unique AS u ORDER BY row`)
  return rows
}

function nextChange(store: Store): Promise<void> {
  return new Promise((resolve) => {
    const listening = store.onChange(() => {
      listening[Symbol.dispose]()
      resolve()
    })
  })
}
