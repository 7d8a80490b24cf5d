import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { DueWalk } from '../due-endpoints.ts'
import type { Store } from '../store.ts'
import { aClaim, aClaimed, aMessageTo, delivered, noon, second } from './makers.ts'

export function testDueEndpoints(open: () => Promise<Store>): void {
  describe('dueEndpoints', () => {
    it('gives those with something due, and goes on where it stopped', async () => {
      await using store = await open()
      const later = noon + second
      await store.enqueue([
        ...['s/a', 's/c', 's/e'].map((endpoint) => aMessageTo({ endpoint })),
        ...['s/b', 's/d'].map((endpoint) => aMessageTo({ endpoint, dueAt: later })),
        ...['s', 'r/z', 't/a'].map((endpoint) => aMessageTo({ endpoint })),
      ])

      const first = await store.dueEndpoints(aDueWalk({ visits: 3 }))
      const second_ = await store.dueEndpoints(aDueWalk({ visits: 3, after: 's/c' }))
      const all = await store.dueEndpoints(aDueWalk({ now: later }))

      assert.deepEqual(first, { endpoints: ['s/a', 's/c'], reached: 's/c' })
      assert.deepEqual(second_, { endpoints: ['s/e'], reached: null })
      assert.deepEqual(all, { endpoints: ['s/a', 's/b', 's/c', 's/d', 's/e'], reached: null })
    })

    it('tells the last name when all visits were used up, whether more come or not', async () => {
      await using store = await open()
      await store.enqueue([aMessageTo({ endpoint: 's/a' })])

      const walk = await store.dueEndpoints(aDueWalk({ visits: 1 }))
      const rest = await store.dueEndpoints(aDueWalk({ visits: 1, after: 's/a' }))

      assert.deepEqual(walk, { endpoints: ['s/a'], reached: 's/a' })
      assert.deepEqual(rest, { endpoints: [], reached: null })
    })

    it('looks at nothing that is being sent or settled; what a key holds back is not due', async () => {
      await using store = await open()
      const sent = await aClaimed(store, { endpoint: 's/sent' })
      await store.settle([delivered(sent)])
      const sending = await aClaimed(store, { endpoint: 's/sending' })
      await aClaimed(store, { endpoint: 's/held', orderKey: 'k' })
      await store.enqueue([aMessageTo({ endpoint: 's/held', orderKey: 'k' })])

      assert.deepEqual(await store.dueEndpoints(aDueWalk({ visits: 1 })), {
        endpoints: [],
        reached: 's/held',
      })

      await store.release([sending.id], 'a')
      assert.deepEqual((await store.dueEndpoints(aDueWalk())).endpoints, ['s/sending'])
    })

    it('walks in the order of UTF-8', async () => {
      await using store = await open()
      const names = ['s/\u{ff5e}', 's/\u{1fa9d}', 's/z', 's/Z']
      await store.enqueue(names.map((endpoint) => aMessageTo({ endpoint })))

      const { endpoints } = await store.dueEndpoints(aDueWalk())
      const beyond = await store.dueEndpoints(aDueWalk({ after: 's/\u{ff5e}' }))

      assert.deepEqual(endpoints, ['s/Z', 's/z', 's/\u{ff5e}', 's/\u{1fa9d}'])
      assert.deepEqual(beyond.endpoints, ['s/\u{1fa9d}'])
    })

    it('comes by every endpoint while others are sent to', async () => {
      await using store = await open()
      const names = Array.from({ length: 40 }, (_, index) => `s/${100 + index}`)
      await store.enqueue(names.map((endpoint) => aMessageTo({ endpoint })))
      const seen: string[] = []

      for (let after: string | null = ''; after !== null; ) {
        const { endpoints, reached } = await store.dueEndpoints(aDueWalk({ after, visits: 7 }))
        for (const endpoint of endpoints.slice(0, 3)) await store.claim(aClaim({ endpoint }))
        seen.push(...endpoints)
        after = reached
      }

      assert.deepEqual(seen, names)
    })
  })
}

function aDueWalk(fields: Partial<DueWalk> = {}): DueWalk {
  return { prefix: 's/', after: '', now: noon, visits: 100, ...fields }
}
