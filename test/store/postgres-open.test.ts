import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { verifyAudit } from '../../src/audit/verify-audit.ts'
import {
  aClaim,
  aMessage,
  anAttempt,
  anAuditRow,
  aPatch,
  aPut,
  delivered,
  noon,
} from '../../src/store/contract/makers.ts'
import { openStore } from '../../src/store/open-store.ts'
import type { RecordPut } from '../../src/store/records.ts'
import { connect, testPostgres } from '../helpers/postgres.ts'

const server = testPostgres({ fsync: false })
after(() => server[Symbol.asyncDispose]())

/** As it was up to schema 9. */
const partsApart = `
  CREATE TABLE record_parts (collection text, id text, parts tsvector);
  INSERT INTO record_parts (collection, id, parts) SELECT collection, id, 'x'::tsvector FROM record_listings;
  ALTER TABLE record_listings DROP COLUMN parts;`

/** As it was up to schema 12. */
const attemptsApart = `
  INSERT INTO attempts (delivery_id, number, started_at, duration_ms, phases, outcome, status, response_headers, error, response_body)
  SELECT id, attempts, attempt_started_at, attempt_duration_ms, attempt_phases, attempt_outcome, attempt_status, attempt_response_headers,
    attempt_error, attempt_response_body
  FROM deliveries WHERE attempt_outcome IS NOT NULL;
  ALTER TABLE deliveries DROP COLUMN attempt_started_at, DROP COLUMN attempt_duration_ms, DROP COLUMN attempt_phases, DROP COLUMN attempt_outcome,
    DROP COLUMN attempt_status, DROP COLUMN attempt_response_headers, DROP COLUMN attempt_error, DROP COLUMN attempt_response_body;`

function aListed(id: string, text: string | null): RecordPut {
  return aPut(id, { listed: { facets: { kind: 'thing' }, times: { at: noon }, text } })
}

describe('openStore of postgres:', () => {
  it('makes the schema, and finds again what was stored before', async () => {
    const url = await server.emptyDatabase()
    {
      await using store = await openStore(url)
      await store.enqueue([aMessage()])
      assert.equal(store.name, 'postgres')
      assert.equal(store.durable, true)
    }

    await using again = await openStore(url)

    assert.equal((await again.deliveries({})).rows.length, 1)
  })

  it('brings a store up to date that was written before bodies were known to be text', async () => {
    const url = await server.emptyDatabase()
    await using client = await connect(url)
    const before = aMessage({ body: Buffer.from('{"at":"noon ☀"}') })
    {
      await using store = await openStore(url)
      await store.enqueue([before], undefined, { audit: [anAuditRow()] })
    }
    // As the migrations since found it.
    await client.query(`SET search_path TO carabiner; DROP TABLE audit_chains, audit_rosters, audit_key;
      ALTER TABLE audit DROP COLUMN chain, DROP COLUMN position, DROP COLUMN previous, DROP COLUMN mac;
      DROP TABLE record_lists, record_listings, record_places, record_totals, record_spans; ${attemptsApart}
      RESET search_path`)
    await client.query('ALTER TABLE carabiner.messages DROP COLUMN is_text')
    await client.query('UPDATE carabiner.carabiner_store SET version = 2')

    await using store = await openStore(url)
    await store.enqueue([aMessage({ body: before.body, createdAt: noon + 1 })])

    const claimed = await store.claim(aClaim())
    assert.equal(claimed.length, 2)
    for (const { message } of claimed) assert.deepEqual(message.body, before.body)
    await store.audit([anAuditRow()])
    const { rows, unchained, faults } = await verifyAudit(store)
    assert.deepEqual([rows, unchained, faults], [2, 1, []])
    assert.equal((await store.pruneAudit(noon + 1, 9)).removed, 2)
  })

  it('replaces routines that were asked with something else before', async () => {
    const url = await server.emptyDatabase()
    await using client = await connect(url)
    {
      await using store = await openStore(url)
      const times = { at: noon }
      await store.writeRecords([aPut('a', { listed: { facets: {}, times, text: 'order-7' } })])
    }
    await client.query(`SET search_path TO carabiner; DROP FUNCTION list_page, list_search; ${partsApart} ${attemptsApart}
      CREATE FUNCTION list_page(text, jsonb, text, float, float, text, words text, text, text, boolean, bigint, integer, boolean)
        RETURNS TABLE (total bigint) LANGUAGE sql AS 'SELECT 0::bigint';
      UPDATE carabiner_store SET version = 7;
      RESET search_path`)

    await using store = await openStore(url)
    const { total } = await store.listRecords({
      collection: 'c/things',
      text: 'order',
      order: { by: 'at', direction: 'ascending' },
      offset: 0,
      limit: 1,
    })

    assert.equal(total, 1)
  })

  it('finds by any part of their texts what was listed when parts had four characters', async () => {
    const url = await server.emptyDatabase()
    await using client = await connect(url)
    {
      await using store = await openStore(url)
      await store.writeRecords([
        aListed('a', 'Order-1207'),
        aListed('b', 'ordner 🪝é'),
        aListed('c', null),
        aListed('d', ''),
      ])
    }
    await client.query(`SET search_path TO carabiner; DROP FUNCTION list_search; ${partsApart} ${attemptsApart}
      UPDATE carabiner_store SET version = 9;
      RESET search_path`)

    await using store = await openStore(url)
    await store.writeRecords([
      aListed('e', 'order-120'),
      aPatch('a', { facets: { kind: 'moved' } }),
      aListed('c', '-120'),
    ])

    const found = async (text: string, facets = {}): Promise<readonly string[]> => {
      const order = { by: 'at', direction: 'ascending' } as const
      const page = { order, offset: 0, limit: 9 }
      const { records, total } = await store.listRecords({
        ...{ collection: 'c/things', facets, text },
        ...page,
      })
      assert.equal(total, records.length)
      return records.map(({ id }) => id)
    }
    assert.deepEqual(await found('-12'), ['a', 'c', 'e'])
    assert.deepEqual(await found('RD'), ['a', 'b', 'e'])
    assert.deepEqual(await found('🪝É'), ['b'])
    assert.deepEqual(await found('er-1207', { kind: 'moved' }), ['a'])
    assert.deepEqual(await found('1207', { kind: 'thing' }), [])
    const { rows } = await client.query(
      `SELECT DISTINCT id, text FROM carabiner.record_places WHERE id IN ('b', 'd') ORDER BY id`,
    )
    assert.deepEqual(rows, [
      { id: 'b', text: 'ordner 🪝é' },
      { id: 'd', text: '' },
    ])
  })

  it('tells the attempts that were recorded when all of them stood apart', async () => {
    const url = await server.emptyDatabase()
    await using client = await connect(url)
    const attempt = anAttempt({
      responseHeaders: { 'content-type': 'text/plain' },
      responseBody: Buffer.from('taken'),
    })
    await using older = await openStore(url)
    await older.enqueue([aMessage()])
    const [before] = await older.claim(aClaim())
    assert.ok(before)
    await older.settle([delivered(before, { attempt })])
    await client.query(`SET search_path TO carabiner; ${attemptsApart}
      UPDATE carabiner_store SET version = 12;
      RESET search_path`)

    await using store = await openStore(url)
    await store.enqueue([aMessage({ createdAt: noon + 1 })])
    const [since] = await store.claim(aClaim())
    assert.ok(since)
    await store.settle([delivered(since, { attempt })])

    for (const { id } of [before, since]) {
      assert.deepEqual((await store.delivery(id))?.attempts, [attempt])
    }
  })

  it('makes one schema when several open it at once', async () => {
    const url = await server.emptyDatabase()

    const stores = await Promise.all([1, 2, 3, 4, 5].map(() => openStore(url)))

    await Promise.all(stores.map((store) => store.ping()))
    await Promise.all(stores.map((store) => store[Symbol.asyncDispose]()))
  })

  it('keeps several stores apart in one database by their schema', async () => {
    const url = await server.emptyDatabase()
    await using one = await openStore(`${url}?schema=one`)
    await using two = await openStore(`${url}?schema=two`)

    await one.enqueue([aMessage()])

    assert.equal((await one.deliveries({})).rows.length, 1)
    assert.equal((await two.deliveries({})).rows.length, 0)
  })

  it('refuses a schema that is newer than the program, and one of another program', async () => {
    const url = await server.database()
    await using client = await connect(url)
    await client.query('UPDATE carabiner.carabiner_store SET version = 99')
    await client.query('CREATE TABLE public.deliveries (id int)')

    await assert.rejects(openStore(url), {
      code: 'STORE_UNAVAILABLE',
      message: /was written by a newer carabiner \(schema 99, this one knows \d+\)/,
    })
    await assert.rejects(openStore(`${url}?schema=public`), {
      code: 'STORE_UNAVAILABLE',
      message: /is a schema of another program/,
    })
  })

  it('refuses a URL or a schema name it cannot use, without showing what may be a password', async () => {
    const refusal = (message: RegExp): object => ({ code: 'USAGE', message })

    await assert.rejects(openStore('postgres://u:hunter2@h:port/db'), (error: Error) => {
      assert.doesNotMatch(`${error.message} ${error.cause}`, /hunter2/)
      return /such as postgres:/.test(error.message)
    })
    for (const name of ['Upper', 'a-b', '1a', 'a;drop', '']) {
      const url = `postgres://u:hunter2@h/db?schema=${name}`
      await assert.rejects(openStore(url), refusal(/^a schema is named by .* got "[^@]*"$/))
    }
  })

  it('says which certificate cannot be read', async () => {
    await assert.rejects(openStore('postgres://h/db?sslrootcert=/nowhere/ca.pem'), {
      code: 'STORE_UNAVAILABLE',
      message: /h\/db \(schema carabiner\) cannot be opened as a store: ENOENT.*ca\.pem/,
    })
  })

  it('says where nothing answers', async () => {
    await assert.rejects(openStore('postgres://u:hunter2@127.0.0.1:1/db'), (error: Error) => {
      assert.match(error.message, /^postgres:\/\/127\.0\.0\.1:1\/db \(schema carabiner\) cannot be/)
      assert.doesNotMatch(error.message, /hunter2/)
      return true
    })
  })
})
