import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { after, describe, it } from 'node:test'
import { anAuditRow, noon, second } from '../../src/store/contract/makers.ts'
import { openStore } from '../../src/store/open-store.ts'
import type { AuditRow } from '../../src/store/store.ts'
import { carabiner, carabinerJson } from '../helpers/cli.ts'
import { connect, testPostgres } from '../helpers/postgres.ts'
import { projectFolder } from '../helpers/start-host.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'

const server = testPostgres({ fsync: false })
after(() => server[Symbol.asyncDispose]())

const key = 'a key that only the host knows'

/** What somebody with a connection of their own does, and what is said of it. Rows have the ids r1 to r6. */
const tampering: readonly (readonly [sql: string, said: RegExp])[] = [
  ["UPDATE audit SET actor = 'eve' WHERE id = 'r3'", /^row r3 \(3 of chain shop@\w+\) was edited/m],
  ["DELETE FROM audit WHERE id = 'r3'", /^chain shop@\w+: row 3 is missing$/m],
  ["DELETE FROM audit WHERE id IN ('r5', 'r6')", /^chain shop@\w+: rows 5 to 6 are missing$/m],
  ["DELETE FROM audit WHERE id = 'r1'", /^chain shop@\w+: row 1 is missing$/m],
  [
    `UPDATE audit SET position = -1 WHERE id = 'r2'; UPDATE audit SET position = 2 WHERE id = 'r4';
     UPDATE audit SET position = 4 WHERE id = 'r2'`,
    /^row r4 .* is not where it was written.*\nrow r2 .* is not where it was written/m,
  ],
  [
    `INSERT INTO audit (id, entity_type, entity_id, action, actor, details, created_at)
     VALUES ('forged', 'event', 'e', 'a', 'eve', '{}', 0)`,
    /^row forged was inserted: it belongs to no chain$/m,
  ],
  [
    `INSERT INTO audit (id, entity_type, entity_id, action, actor, details, created_at, chain, position, previous, mac)
     SELECT 'forged', entity_type, entity_id, action, actor, details, created_at, chain, 7, mac, mac FROM audit WHERE id = 'r6'`,
    /^row forged \(7 of chain shop@\w+\) was inserted/m,
  ],
  [
    `DELETE FROM audit WHERE id = 'r6';
     UPDATE audit_chains SET position = 5, mac = (SELECT mac FROM audit WHERE id = 'r5')`,
    /^the head of chain shop@\w+ is not genuine/m,
  ],
  ['DELETE FROM audit; DELETE FROM audit_chains', /^chain shop@\w+ has no head any more$/m],
  ["UPDATE audit SET position = NULL WHERE id = 'r2'", /^chain shop@\w+: row 2 is missing$/m],
]

describe('carabiner audit verify', () => {
  it('says how much there is and since when, with exit 0', async () => {
    using project = await aProject(`sqlite:${join(temporaryFolder(), 'store.db')}`)

    const { code, out } = await carabiner(['audit', 'verify'], { cwd: project.path })

    assert.equal(code, 0)
    assert.match(
      out,
      /^chain shop@\w{8}: 6 rows since 2026-01-01T12:00:00.000Z\nsound: 6 rows in 1 chains\n$/,
    )
  })

  it('names what was tampered with in a SQLite file, with exit 1', async () => {
    for (const [sql, said] of tampering) {
      const path = join(temporaryFolder(), 'store.db')
      using project = await aProject(`sqlite:${path}`)
      const database = new DatabaseSync(path)
      database.exec(sql)
      database.close()

      const { code, out } = await carabiner(['audit', 'verify'], { cwd: project.path })

      assert.match(out, said)
      assert.equal(code, 1, out)
    }
  })

  it('names what was tampered with in a PostgreSQL database, with exit 1', async () => {
    for (const [sql, said] of tampering) {
      const url = await server.database()
      using project = await aProject(url)
      await using client = await connect(url)
      await client.query(`SET search_path TO carabiner; ${sql}`)

      const { code, out } = await carabiner(['audit', 'verify'], { cwd: project.path })

      assert.match(out, said)
      assert.equal(code, 1, out)
    }
  })

  it('tells rows that are older than chains, and what the store itself has signed', async () => {
    const path = join(temporaryFolder(), 'store.db')
    await (await openStore(`sqlite:${path}`))[Symbol.asyncDispose]()
    const database = new DatabaseSync(path)
    database.exec(`INSERT INTO audit (id, entity_type, entity_id, action, actor, details, created_at)
      VALUES ('old', 'event', 'e', 'a', 'anna', '{}', 0)`)
    database.close()
    using project = await aProject(`sqlite:${path}`, null)

    const { code, out } = await carabiner(['audit', 'verify'], { cwd: project.path })

    assert.equal(code, 0)
    assert.match(
      out,
      /6 rows since .*, signed with the store's own key\n1 rows are older than chains/,
    )
  })

  it('needs the keys of before, and takes the heads of before', async () => {
    const path = join(temporaryFolder(), 'store.db')
    using project = await aProject(`sqlite:${path}`)
    const cwd = project.path
    const { json } = await carabinerJson(['audit', 'verify'], { cwd })
    writeFileSync(join(cwd, 'heads.json'), JSON.stringify(json))
    writeFileSync(join(cwd, 'old.key'), `${key}\n`)
    writeFileSync(
      join(cwd, 'carabiner.yaml'),
      assemblyOf(`sqlite:${path}`, 'the key that comes next'),
    )

    const without = await carabiner(['audit', 'verify'], { cwd })
    const withIt = await carabiner(
      ['audit', 'verify', '--key', '@old.key', '--heads', '@heads.json'],
      { cwd },
    )
    const database = new DatabaseSync(path)
    database.exec('DELETE FROM audit; DELETE FROM audit_chains; DELETE FROM audit_rosters')
    database.close()
    const emptied = await carabiner(['audit', 'verify', '--heads', '@heads.json'], { cwd })

    assert.match(without.out, /6 rows could not be checked: give the key \w{8}/)
    assert.deepEqual([without.code, withIt.code, emptied.code], [1, 0, 1])
    assert.match(
      emptied.out,
      /^row 6 of chain shop@\w+ is not what it was when its head was noted, or gone$/m,
    )
  })
})

describe('host.audit_key', () => {
  it('is at least 16 characters, and never shown', async () => {
    using project = await aProject(`sqlite:${join(temporaryFolder(), 'store.db')}`)
    using short = projectFolder({
      'carabiner.yaml': assemblyOf('sqlite:./store.db', 'short-secret'),
    })

    const shown = await carabiner(['config'], { cwd: project.path })
    const refused = await carabiner(['validate'], { cwd: short.path })

    assert.match(shown.out, /audit_key: ••••/)
    assert.ok(!shown.out.includes(key))
    assert.equal(refused.code, 1)
    assert.match(refused.err + refused.out, /`audit_key` has fewer than 16 characters/)
    assert.ok(!(refused.err + refused.out).includes('short-secret'))
  })
})

describe('a host on a store whose audit trail was tampered with', () => {
  it('goes on in another chain, removes nothing of the one, and vouches for nothing', async () => {
    const path = join(temporaryFolder(), 'store.db')
    using project = await aProject(`sqlite:${path}`)
    const database = new DatabaseSync(path)
    database.exec(`DELETE FROM audit WHERE id IN ('r2', 'r6');
      UPDATE audit_chains SET position = 5, mac = (SELECT mac FROM audit WHERE id = 'r5')`)
    database.close()

    await using store = await openStore(`sqlite:${path}`, {
      audit: { writer: 'shop', keys: [key] },
    })
    await store.audit([anAuditRow()])
    const { removed, refused } = await store.pruneAudit(noon + 60 * second, 100)

    assert.deepEqual([removed, refused.length], [1, 1])
    assert.match(
      refused.join(),
      /row r3 of audit chain shop@\w+ is not what was written, or not where/,
    )
    const { out } = await carabiner(['audit', 'verify'], { cwd: project.path })
    assert.match(
      out,
      /^the head of chain shop@\w+ is not genuine.*\nchain shop@\w+: row 2 is missing$/m,
    )
    assert.match(out, /^chain shop\.2@\w+: 0 rows/m)
  })
})

describe('carabiner audit list --event', () => {
  it('finds decisions about events of a name, and what is about one event', async () => {
    const rows = [
      anAuditRow({ id: 'a', entityType: 'dispatch', details: { event: 'order.created' } }),
      anAuditRow({
        id: 'b',
        entityType: 'event',
        entityId: 'e-1',
        details: { type: 'order.created' },
      }),
      anAuditRow({ id: 'c', entityType: 'delivery', details: { type: 'order.created' } }),
      anAuditRow({ id: 'd', details: { eventId: 'e-1' } }),
      anAuditRow({ id: 'e', entityType: 'event', details: { eventType: 'invoice.paid' } }),
    ]
    using project = await aProject(`sqlite:${join(temporaryFolder(), 'store.db')}`, key, rows)
    const ids = async (...args: string[]): Promise<string[]> => {
      const { json } = await carabinerJson(['audit', 'list', ...args], { cwd: project.path })
      return (json as AuditRow[]).map(({ id }) => id)
    }

    assert.deepEqual(await ids('--event', 'order.created'), ['b', 'a'])
    assert.deepEqual(await ids('--event', 'e-1'), ['d', 'b'])
    assert.deepEqual(await ids('--event', 'order.created', '--entity', 'e-1'), ['b'])
    assert.deepEqual(await ids('--event', 'invoice.paid'), ['e'])
    assert.deepEqual(await ids('--event', 'order'), [])
  })
})

async function aProject(url: string, auditKey: string | null = key, rows?: readonly AuditRow[]) {
  const project = projectFolder({ 'carabiner.yaml': assemblyOf(url, auditKey) })
  await using store = await openStore(url, {
    audit: { writer: 'shop', keys: auditKey === null ? [] : [auditKey] },
  })
  const six = [1, 2, 3, 4, 5, 6].map((n) => anAuditRow({ id: `r${n}`, createdAt: noon + n - 1 }))
  await store.audit(rows ?? six)
  return project
}

function assemblyOf(url: string, auditKey: string | null): string {
  return JSON.stringify({ host: { name: 'shop', store: url, audit_key: auditKey }, connectors: [] })
}
