import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { after, describe, it } from 'node:test'
import { openStore } from '../../src/store/open-store.ts'
import { testPostgres } from '../helpers/postgres.ts'
import { temporaryFolder } from '../helpers/temporary-folder.ts'
import { verified } from './audit-chains.ts'

const server = testPostgres({ fsync: false })
after(() => server[Symbol.asyncDispose]())

const stores = {
  sqlite: async () => `sqlite:${join(temporaryFolder(), 'store.db')}`,
  postgres: () => server.database(),
}

for (const [name, urlOf] of Object.entries(stores)) {
  describe(`processes of one name that write to the audit trail of ${name} at once`, () => {
    it('leave whole chains, with every row that was told, when they are killed', async () => {
      const url = await urlOf()
      await (await openStore(url))[Symbol.asyncDispose]()

      const told = (await Promise.all([30, 60, 90].map((rows) => killedAfter(rows, url)))).flat()

      await using store = await openStore(url)
      const { rows, chains } = await verified(store)
      const stored = new Set<string>()
      for (const { chain } of chains) {
        for (let after = 0; ; ) {
          const page = await store.chainedRows(chain, after, 1_000)
          for (const { row } of page) stored.add(row.id)
          after = page.at(-1)?.position ?? after
          if (page.length === 0) break
        }
      }
      assert.deepEqual(
        told.filter((id) => !stored.has(id)),
        [],
      )
      assert.equal(stored.size, rows)
      // No more chains than writers.
      assert.ok(chains.length <= 3, chains.map(({ chain }) => chain).join())
    })
  })
}

/** What a process said before it was killed in the middle of whatever it was doing. */
async function killedAfter(rows: number, url: string): Promise<string[]> {
  const file = join(import.meta.dirname, 'auditing-process.ts')
  const child = spawn(process.execPath, ['--conditions=source', file, url])
  child.stderr.pipe(process.stderr)
  const told: string[] = []
  for await (const id of createInterface(child.stdout)) {
    told.push(id)
    if (told.length === rows) child.kill('SIGKILL')
  }
  assert.ok(told.length >= rows, `it ended after ${told.length} rows`)
  return told
}
