import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { aPut, noon } from '../../src/store/contract/makers.ts'
import { openStore } from '../../src/store/open-store.ts'
import { connect, testPostgres } from '../helpers/postgres.ts'

const collection = 'orders'

describe('a search for a text in lists of very many records', () => {
  it('counts all of them where no bound is given, and up to it where one is', async () => {
    await using server = testPostgres({ fsync: false })
    const url = await server.database()
    await using store = await openStore(url)
    await store.writeRecords([
      aRecord('a', 'order-1'),
      aRecord('b', 'order-2'),
      aRecord('c', 'something else'),
    ])
    await using client = await connect(url)
    // As many are not needed: which way is taken is a matter of how many there are said to be.
    await client.query('UPDATE carabiner.record_totals SET records = records + 1000000')

    for (const countTo of [undefined, 1, 1_000]) {
      const { records, total } = await store.listRecords({
        collection,
        facets: {},
        text: 'order',
        order: { by: 'at', direction: 'descending' },
        offset: 0,
        limit: 10,
        ...(countTo !== undefined && { countTo }),
      })
      assert.deepEqual(
        records.map(({ id }) => id),
        ['b', 'a'],
      )
      assert.equal(total, countTo === 1 ? 1 : 2)
    }
  })
})

function aRecord(id: string, text: string): ReturnType<typeof aPut> {
  const at = noon + id.charCodeAt(0)
  return aPut(id, { collection, listed: { facets: { kind: 'k' }, times: { at }, text } })
}
