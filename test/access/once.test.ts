import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Once, type OnceSlot, type StoredAnswer } from '../../src/access/once.ts'
import { openStore } from '../../src/store/open-store.ts'
import type { Store } from '../../src/store/store.ts'
import { FakeClock } from '../helpers/fake-clock.ts'
import { first, sharedStores } from './stores.ts'

const noon = Date.UTC(2026, 0, 1, 12)
const day = 24 * 3_600_000
const request = { scope: 'acme publish', key: 'k-1', fingerprint: 'f' }
const ok = (body: unknown): StoredAnswer => ({ status: 200, body })

/** Work that leaves a record of its own in one commit with its answer. */
function work(store: Store, id: string): (slot: OnceSlot) => Promise<StoredAnswer> {
  return async (slot) => {
    const answer = ok({ id })
    await store.writeRecords([
      { kind: 'put', collection: 'done', id, value: {}, entries: { all: [id] } },
      slot.record(answer),
    ])
    return answer
  }
}

async function done(store: Store): Promise<readonly string[]> {
  const found = await store.findRecords({ collection: 'done', index: 'all', limit: 1_000 })
  return found.map(({ id }) => id)
}

for (const { name, open } of sharedStores()) {
  describe(`idempotency keys on ${name}`, () => {
    const openOnce = async (clock = new FakeClock(noon)) => {
      const store = first(await open(1))
      return { store, once: new Once({ store, clock, collection: 'once' }) }
    }

    it('does it once and gives the same answer again', async () => {
      const { store, once } = await openOnce()
      await using _ = store

      const results = [
        await once.run(request, work(store, 'a')),
        await once.run(request, work(store, 'b')),
      ]

      const answer = ok({ id: 'a' })
      assert.deepEqual(results, [
        { kind: 'done', answer },
        { kind: 'replayed', answer },
      ])
      assert.deepEqual(await done(store), ['a'])
    })

    it('refuses the key for another request', async () => {
      const { store, once } = await openOnce()
      await using _ = store
      await once.run(request, work(store, 'a'))

      const result = await once.run({ ...request, fingerprint: 'g' }, work(store, 'b'))

      assert.deepEqual(result, { kind: 'conflict' })
    })

    it('gives fifty callers on three hosts one answer', async () => {
      const stores = await open(3)
      const hosts = stores.map((store) => ({
        store,
        once: new Once({ store, clock: new FakeClock(noon), collection: 'once' }),
      }))

      const results = await Promise.all(
        Array.from({ length: 50 }, (_, index) => {
          const { store, once } = first(hosts.slice(index % 3))
          return once.run(request, work(store, `try-${index}`))
        }),
      )

      const answers = new Set(
        results.map((result) => ('answer' in result ? JSON.stringify(result.answer) : result.kind)),
      )
      assert.equal(answers.size, 1)
      assert.equal(results.filter(({ kind }) => kind === 'done').length, 1)
      assert.equal((await done(first(stores))).length, 1)
      for (const store of new Set(stores)) await store[Symbol.asyncDispose]()
    })

    it('keeps an answer for a day', async () => {
      const clock = new FakeClock(noon)
      const { store, once } = await openOnce(clock)
      await using _ = store
      await once.run(request, work(store, 'a'))

      await clock.advance(day - 1)
      const kept = await once.run(request, work(store, 'b'))
      await clock.advance(1)
      const free = await once.run({ ...request, fingerprint: 'g' }, work(store, 'c'))

      assert.equal(kept.kind, 'replayed')
      assert.deepEqual(free, { kind: 'done', answer: ok({ id: 'c' }) })
      assert.equal(
        (await once.run({ ...request, fingerprint: 'g' }, work(store, 'd'))).kind,
        'replayed',
      )
    })

    for (const [status, kept] of [
      [200, true],
      [404, true],
      [409, true],
      [400, false],
      [403, false],
      [422, false],
      [503, false],
    ] as const) {
      it(`${kept ? 'keeps' : 'does not keep'} an answer with status ${status}`, async () => {
        const { store, once } = await openOnce()
        await using _ = store
        let runs = 0
        const answering = async (): Promise<StoredAnswer> => ({ status, body: { run: ++runs } })

        await once.run(request, answering)
        const second = await once.run(request, answering)

        assert.equal(second.kind, kept ? 'replayed' : 'done')
        assert.equal(runs, kept ? 1 : 2)
      })
    }

    it('keeps the better of the answer that was stored with the effect and the one that came of it', async () => {
      const { store, once } = await openOnce()
      await using _ = store

      await once.run(request, async (slot) => {
        await work(store, 'a')(slot)
        return ok({ id: 'a', delivered: 1 })
      })
      const second = await once.run(request, work(store, 'b'))

      assert.deepEqual(second, { kind: 'replayed', answer: ok({ id: 'a', delivered: 1 }) })
    })

    it('frees the key when the work fails', async () => {
      const { store, once } = await openOnce()
      await using _ = store

      await assert.rejects(
        once.run(request, async () => {
          throw new Error('broken')
        }),
        /broken/,
      )

      assert.equal((await once.run(request, work(store, 'b'))).kind, 'done')
    })
  })
}

describe('idempotency keys', () => {
  it('say that the first is still running when it takes longer than two seconds', async () => {
    const clock = new FakeClock(noon)
    await using store = await openStore('memory:')
    const once = new Once({ store, clock, collection: 'once' })
    const gate = Promise.withResolvers<void>()
    const begun = Promise.withResolvers<void>()
    const running = once.run(request, async (slot) => {
      begun.resolve()
      await gate.promise
      return work(store, 'a')(slot)
    })
    await begun.promise

    const waiting = once.run(request, work(store, 'b'))
    const other = await once.run({ ...request, fingerprint: 'g' }, work(store, 'c'))
    await clock.advance(2_000)

    assert.deepEqual(await waiting, { kind: 'running', retryAfterMs: 1_000 })
    assert.deepEqual(other, { kind: 'conflict' })
    gate.resolve()
    assert.equal((await running).kind, 'done')
  })
})
