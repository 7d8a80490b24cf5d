import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, describe, it } from 'node:test'
import type { Client } from 'pg'
import { aClaim, aMessageTo, delivered, noon } from '../../src/store/contract/makers.ts'
import { openStore } from '../../src/store/open-store.ts'
import type { RecordWrite } from '../../src/store/records.ts'
import type { Store } from '../../src/store/store.ts'
import { connect, testPostgres } from '../helpers/postgres.ts'

const server = testPostgres({ fsync: false })
after(() => server[Symbol.asyncDispose]())

const waiting = 2_000
const inHand = 600
const batch = 100

describe('what PostgreSQL does for a batch', () => {
  it('is in proportion to the batch, whatever waits and is being sent, and whatever the statistics say', async () => {
    const url = await server.database()
    await using store = await openStore(url)
    await enqueueMany(store, waiting)
    await using client = await connect(url)
    // Of a moment in which nothing is being sent.
    await client.query('ANALYZE')
    const claimed = await store.claim(aClaim({ owner: 'a', limit: inHand }))
    assert.equal(claimed.length, inHand)
    const ids = claimed.slice(0, batch).map(({ id }) => id)
    await explainToClient(client)

    const claim = await plansOf(client, `SELECT * FROM carabiner.claim('b', $1, $1, $2, $3)`, [
      noon,
      ['hooks/audit'],
      [batch],
    ])
    const settle = await plansOf(client, settleOfMany, [ids, noon])

    // A claim passes over what is being sent, once.
    assert.ok(most(claim) <= inHand + batch, `a claim looks at ${most(claim)} rows at one place`)
    assert.ok(most(settle) <= batch, `a settlement looks at ${most(settle)} rows at one place`)
    assert.equal((await store.backlog()).sending, inHand)
  })

  it('changes no index when it claims', async () => {
    await using client = await connect(await server.database())

    const { rows } = await client.query<{ indexdef: string }>(
      `SELECT indexdef FROM pg_indexes WHERE schemaname = 'carabiner' AND tablename = 'deliveries'`,
    )

    assert.ok(rows.length > 5)
    for (const { indexdef } of rows) assert.doesNotMatch(indexdef, /\b(state|lease_\w+)\b/)
  })

  it('finds room for what it claims beside it, so that no index has to know of another place', async () => {
    const url = await server.database()
    await using store = await openStore(url)
    await enqueueMany(store, waiting)
    await using client = await connect(url)
    await client.query('BEGIN')

    const { rowCount } = await client.query('SELECT FROM carabiner.claim($1, $2, $2, $3, $4)', [
      randomUUID(),
      noon,
      ['hooks/audit'],
      [waiting],
    ])

    const { rows } = await client.query<{ changed: number; beside: number }>(
      `SELECT n_tup_upd::integer AS changed, n_tup_hot_upd::integer AS beside FROM pg_stat_xact_user_tables WHERE relname = 'deliveries'`,
    )
    await client.query('ROLLBACK')
    assert.equal(rowCount, waiting)
    assert.deepEqual(rows, [{ changed: waiting, beside: waiting }])
  })
})

describe('what PostgreSQL does for records', () => {
  it('touches as many pages of many records as of few, whatever the statistics say', async () => {
    const url = await server.database()
    await using store = await openStore(url)
    await using client = await connect(url)
    // Of a moment in which there are none.
    await client.query('ANALYZE')
    const add = (from: number, to: number): Promise<void> =>
      store.writeRecords(Array.from({ length: to - from }, (_, index) => aRecord(from + index)))

    await add(0, batch)
    const few = await pagesOfRecordWork(client)
    await add(batch, 20 * batch)
    const many = await pagesOfRecordWork(client)

    for (const [work, pages] of Object.entries(many)) {
      const before = few[work] ?? 0
      assert.ok(before > 0 && pages <= 3 * before, `${work}: ${before} pages, then ${pages}`)
    }
  })

  it('is in proportion to what is asked for, however many there are, and whatever the statistics say', async () => {
    const url = await server.database()
    await using store = await openStore(url)
    await using client = await connect(url)
    // Of a moment in which there are none.
    await client.query('ANALYZE')
    await store.writeRecords(Array.from({ length: waiting }, (_, index) => aRecord(index)))
    await explainToClient(client)
    const ask = async (text: string, values: unknown[]): Promise<number> =>
      most(await plansOf(client, `SELECT carabiner.${text}`, values))

    const places = ['anna', `${waiting / 2}`, 'anna\u{10ffff}', '']
    const found = await ask(`find_records('c', 'owner', $1, $2, $3, $4, false, ${batch})`, places)
    const lookedUp = await ask(`look_up_records('c', 'type', $1, '', ${batch})`, [
      ['1', '2', 'anything', '3'],
    ])
    const ids = Array.from({ length: batch }, (_, index) => `${index}`)
    const written = await ask(putOfMany, [ids])
    const patched = await ask(patchOfMany, [ids])

    assert.ok(found <= batch, `a walk looks at ${found} rows at one place`)
    assert.ok(lookedUp <= 3 * batch, `a lookup looks at ${lookedUp} rows at one place`)
    assert.ok(written <= 4 * batch, `a write looks at ${written} rows at one place`)
    assert.ok(patched <= 4 * batch, `a patch looks at ${patched} rows at one place`)
  })
})

describe('what is leased together', () => {
  it('is recovered, however often its host had claimed', async () => {
    await using store = await openStore(await server.database())
    await enqueueMany(store, 120)
    for (let claims = 0; claims < 120; claims += 1) {
      await store.claim(aClaim({ owner: 'a', limit: 1 }))
    }

    assert.equal(await store.recover(noon), 120)
    assert.equal(await store.recover(noon), 0)
    assert.equal((await store.claim(aClaim({ owner: 'b', limit: 200 }))).length, 120)
  })

  it('is looked at again when some of it was renewed, and forgotten when all is settled', async () => {
    const url = await server.database()
    await using store = await openStore(url)
    await enqueueMany(store, 3)
    const until = noon + 30_000
    await store.beat('a', until + 30_000)
    const claimed = await store.claim({
      ...aClaim({ owner: 'a', limit: 3 }),
      lease: { owner: 'a', until },
    })
    const [renewed, settled] = claimed
    assert.ok(renewed && settled)
    await store.renew([renewed.id], { owner: 'a', until: until + 10_000 })
    await store.settle([delivered(settled, { owner: 'a' })])

    assert.equal(await store.recover(until), 1)
    assert.equal(await store.recover(until + 9_999), 0)
    assert.equal(await store.recover(until + 10_000), 1)
    await using client = await connect(url)
    assert.equal((await client.query('SELECT FROM carabiner.leases')).rowCount, 0)
  })
})

function aRecord(index: number): RecordWrite {
  const entries = { owner: ['anna'], type: [`${index % (waiting / 50)}`] }
  return { kind: 'put', collection: 'c', id: `${index}`, value: null, entries }
}

/** Pages that each kind of work touches, once its plans are made. */
async function pagesOfRecordWork(client: Client): Promise<Readonly<Record<string, number>>> {
  const change = putOfMany.replaceAll('$1', `ARRAY['1', '2', '3']`).replaceAll(`${batch}`, '3')
  const work = {
    walk: `find_records('c', 'owner', 'anna', '', 'anna\u{10ffff}', '', true, 3)`,
    lookUp: `look_up_records('c', 'type', ARRAY['1', 'none'], '', 3)`,
    change,
    removal: `write_records(ARRAY[1], ARRAY['c'], ARRAY['1'], NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)`,
    patch: `write_records(ARRAY[1], ARRAY['c'], ARRAY['1'], NULL, NULL, NULL, NULL, NULL, NULL, NULL, ARRAY['{"set":{},"add":{},"facets":{}}'])`,
    expiry: 'expire_records(1, 3)',
    erasure: `erase_records(NULL, 'nobody', 1, 3)`,
  }
  const pages: Record<string, number> = {}
  for (const [name, text] of Object.entries(work)) {
    const explained = `EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) SELECT carabiner.${text}`
    await client.query(`BEGIN; SELECT carabiner.${text}; ROLLBACK; BEGIN`)
    const { rows } = await client.query(explained)
    await client.query('ROLLBACK')
    pages[name] = rows[0]['QUERY PLAN'][0].Plan['Shared Hit Blocks']
  }
  return pages
}

async function enqueueMany(store: Store, count: number): Promise<void> {
  await store.enqueue(
    Array.from({ length: count }, () => aMessageTo({ endpoint: 'hooks/audit', dueAt: 0 })),
  )
}

interface Plan {
  readonly 'Actual Rows'?: number
  readonly 'Actual Loops'?: number
  readonly 'Rows Removed by Filter'?: number
  readonly 'Rows Removed by Join Filter'?: number
  readonly Plans?: readonly Plan[]
}

/** Has the plans of all statements told to this client, those inside routines too. */
async function explainToClient(client: Client): Promise<void> {
  await client.query(`
    LOAD 'auto_explain';
    SET auto_explain.log_min_duration = 0;
    SET auto_explain.log_nested_statements = on;
    SET auto_explain.log_analyze = on;
    SET auto_explain.log_timing = off;
    SET auto_explain.log_format = json;
    SET client_min_messages = log`)
}

async function plansOf(client: Client, text: string, values: unknown[]): Promise<readonly Plan[]> {
  const plans: Plan[] = []
  const listen = ({ message = '' }: { message?: string | undefined }): void => {
    const json = message.slice(message.indexOf('{'))
    if (message.includes('plan:')) plans.push((JSON.parse(json) as { Plan: Plan }).Plan)
  }
  client.on('notice', listen)
  await client.query(text, values)
  client.off('notice', listen)
  assert.ok(plans.length > 1, 'the plans inside the routine are there')
  return plans
}

/** Rows that one step of any plan looked at, all its repetitions together. */
function most(plans: readonly Plan[]): number {
  return Math.max(...plans.map((plan) => Math.max(lookedAt(plan), most(plan.Plans ?? []))), 0)
}

function lookedAt(plan: Plan): number {
  const { 'Actual Rows': rows = 0, 'Actual Loops': loops = 0 } = plan
  return (
    (rows + (plan['Rows Removed by Filter'] ?? 0) + (plan['Rows Removed by Join Filter'] ?? 0)) *
    loops
  )
}

const settleOfMany = `SELECT carabiner.settle('b', false, g.id, g.owner, g.state, g.nothing, NULL, g.at, g.number, g.at, g.at, g.text, g.text,
    NULL, NULL, NULL, NULL)
  FROM (
    SELECT $1::uuid[] AS id, array_agg('a'::text) AS owner, array_agg('delivered'::text) AS state, array_agg(NULL::float8) AS nothing,
      array_agg($2::float8) AS at, array_agg(1) AS number, array_agg('{}'::text) AS text
    FROM unnest($1::uuid[])
  ) AS g`

const putOfMany = `write_records(ARRAY[${batch}], array_fill('c'::text, ARRAY[${batch}]), $1, array_fill(NULL::float8, ARRAY[${batch}]),
  array_fill('1'::text, ARRAY[${batch}]), array_fill(NULL::bytea, ARRAY[${batch}]),
  (SELECT array_agg('{"unique":["' || id || '"],"entries":[["owner","anna"]]}') FROM unnest($1::text[]) AS g (id)),
  array_fill(NULL::text, ARRAY[${batch}]), array_fill(NULL::uuid, ARRAY[${batch}]), array_fill(NULL::float8, ARRAY[${batch}]), NULL)`

const patchOfMany = `write_records(ARRAY[${batch}], array_fill('c'::text, ARRAY[${batch}]), $1, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
  array_fill('{"set":{"a":1},"add":{"n":1},"facets":{}}'::text, ARRAY[${batch}]))`
