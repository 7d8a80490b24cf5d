import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { CallbackBook, type NewCallback } from '../../src/callbacks/callback-book.ts'
import { CarabinerError } from '../../src/errors.ts'
import { newMessageId } from '../../src/ids.ts'
import type { Store } from '../../src/store/store.ts'
import { FakeClock } from '../helpers/fake-clock.ts'

const hour = 3_600_000
const uuid4 = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/
const payload = Buffer.from('{ "price": 1.0, "text": "caf\\u00e9" }')

/** What callbacks do on any store. @param open - opens an empty store; each test opens its own */
export function testCallbackBook(name: string, open: (clock: FakeClock) => Promise<Store>): void {
  describe(`callbacks on ${name}`, () => {
    it('are made with an id that nobody guesses, and found by it', async () => {
      await using bench = await aBench(open)

      const made = await bench.create({ timeoutMs: hour, meta: { order: 7 } })

      assert.match(made.id, uuid4)
      assert.deepEqual(
        [made.state, made.deadline, made.meta],
        ['WaitingExternal', bench.clock.now() + hour, { order: 7 }],
      )
      assert.deepEqual(await bench.book.find([made.id, 'another']), [made, undefined])
    })

    it('refuse timeouts and waiters that cannot be', async () => {
      await using bench = await aBench(open)

      for (const timeoutMs of [-1, Number.NaN, Number.POSITIVE_INFINITY, 2_592_000_001]) {
        await assert.rejects(bench.create({ timeoutMs }), isUsage)
      }
      for (const waiter of ['', 'a\nb', 'x'.repeat(256)]) {
        await assert.rejects(bench.create({ waiter }), isUsage)
      }
      assert.deepEqual((await bench.book.list()).rows, [])
    })

    it('are written with other records, or not at all', async () => {
      await using bench = await aBench(open)
      const { callback, write } = bench.book.draft({ waiter: 'w', timeoutMs: hour })
      const taken = { ...write, collection: 'others', expects: 7 }

      await assert.rejects(bench.store.writeRecords([write, taken]), { code: 'RECORD_CONFLICT' })
      assert.deepEqual(await bench.book.find([callback.id]), [undefined])

      await bench.store.writeRecords([write])
      assert.deepEqual(await bench.book.find([callback.id]), [callback])
    })

    it('keep a payload byte for byte', async () => {
      await using bench = await aBench(open)
      const { id } = await bench.create()
      await bench.clock.advance(5)

      const completed = await bench.book.complete(id, payload)

      const [stored] = await bench.book.find([id])
      assert.deepEqual(stored?.payload && Buffer.from(stored.payload), payload)
      assert.deepEqual(
        [completed?.state, stored?.state, stored?.resolvedBy, stored?.resolvedAt, stored?.error],
        ['Completed', 'Completed', 'complete', bench.clock.now(), null],
      )
    })

    it('complete without a payload', async () => {
      await using bench = await aBench(open)
      const { id } = await bench.create()

      await bench.book.complete(id, null)

      const [stored] = await bench.book.find([id])
      assert.deepEqual([stored?.state, stored?.payload], ['Completed', null])
    })

    it('fail with an error, whatever it says', async () => {
      await using bench = await aBench(open)
      const errors = ['', 'no', 'a\0b', '\ud800', 'caf\u00e9 \u{1f600}\n']
      const ids = []
      for (const error of errors) {
        const { id } = await bench.create()
        await bench.book.fail(id, error)
        ids.push(id)
      }

      const found = await bench.book.find(ids)

      assert.deepEqual(
        found.map((each) => each?.error),
        errors,
      )
      assert.deepEqual(new Set(found.map((each) => each?.resolvedBy)), new Set(['fail']))
    })

    it('are answered once', async () => {
      await using bench = await aBench(open)
      const { id } = await bench.create()
      await bench.book.complete(id, payload)

      assert.equal(await bench.book.complete(id, null), undefined)
      assert.equal(await bench.book.fail(id, 'too late'), undefined)
      assert.equal(await bench.book.heartbeat(id, hour), undefined)
      assert.equal(await bench.book.withdraw(id), false)
      const [stored] = await bench.book.find([id])
      assert.deepEqual([stored?.state, stored?.payload?.length], ['Completed', payload.length])
    })

    it('of many answers at once keep one, and let every heartbeat pass before it', async () => {
      await using bench = await aBench(open)
      const { id } = await bench.create()

      const beats = Array.from({ length: 10 }, () => bench.book.heartbeat(id, hour))
      assert.equal((await Promise.all(beats)).filter(Boolean).length, 10)
      const answers = Array.from({ length: 20 }, (_, index) =>
        index % 2 === 0 ? bench.book.complete(id, payload) : bench.book.fail(id, 'no'),
      )
      const kept = (await Promise.all(answers)).filter((each) => each !== undefined)

      const [stored] = await bench.book.find([id])
      assert.deepEqual(
        kept.map(({ state }) => state),
        [stored?.state],
      )
    })

    it('are extended by a heartbeat, from now on, forth and back', async () => {
      await using bench = await aBench(open)
      const { id } = await bench.create({ timeoutMs: hour })
      await bench.clock.advance(1_000)

      await bench.book.heartbeat(id, 2 * hour)
      assert.equal((await bench.book.find([id]))[0]?.deadline, bench.clock.now() + 2 * hour)

      await bench.book.heartbeat(id, 0.5)
      assert.equal((await bench.book.find([id]))[0]?.deadline, bench.clock.now() + 1)
    })

    it('fail at the first sweep from their deadline on, and not before', async () => {
      await using bench = await aBench(open)
      const { id } = await bench.create({ timeoutMs: 1_000 })
      const { id: longer } = await bench.create({ timeoutMs: 2_000 })
      await bench.clock.advance(999)
      assert.deepEqual(await bench.book.expireDue(100), [])
      await bench.clock.advance(1)

      const expired = await bench.book.expireDue(100)

      assert.deepEqual(
        expired.map((each) => [each.id, each.state, each.error, each.resolvedBy]),
        [[id, 'Failed', 'callback timed out', 'expiry']],
      )
      assert.deepEqual((await bench.book.find([id]))[0], expired[0])
      assert.equal(await bench.book.complete(id, payload), undefined)
      assert.equal((await bench.book.find([longer]))[0]?.state, 'WaitingExternal')
    })

    it('can be answered and extended until the sweep has come by', async () => {
      await using bench = await aBench(open)
      const { id: answered } = await bench.create({ timeoutMs: 0 })
      const { id: extended } = await bench.create({ timeoutMs: 0 })
      await bench.clock.advance(10)

      await bench.book.complete(answered, null)
      await bench.book.heartbeat(extended, 1_000)

      assert.deepEqual(await bench.book.expireDue(100), [])
    })

    it('expire in batches, those first that are overdue longest', async () => {
      await using bench = await aBench(open)
      const made = []
      for (const timeoutMs of [300, 100, 200]) made.push(await bench.create({ timeoutMs }))
      await bench.clock.advance(300)

      const first = await bench.book.expireDue(2)
      const second = await bench.book.expireDue(2)

      const [last, ...others] = made.map(({ id }) => id)
      assert.deepEqual(
        first.map(({ id }) => id),
        others,
      )
      assert.deepEqual(
        second.map(({ id }) => id),
        [last],
      )
    })

    it('expire once, however many sweep, and never what is answered meanwhile', async () => {
      await using bench = await aBench(open)
      const made = await Promise.all(Array.from({ length: 30 }, () => bench.create()))
      await bench.clock.advance(hour)

      const [answers, ...sweeps] = await Promise.all([
        Promise.all(made.slice(10, 20).map(({ id }) => bench.book.complete(id, payload))),
        ...[1, 2, 3].map(() => bench.book.expireDue(100)),
      ])
      const rest = await bench.book.expireDue(100)

      const answered = answers.flatMap((each) => each?.id ?? [])
      const expired = [...sweeps.flat(), ...rest].map(({ id }) => id)
      assert.equal(new Set([...answered, ...expired]).size, 30)
      assert.equal(answered.length + expired.length, 30)
      const states = (await bench.book.find(answered)).map((each) => each?.state)
      assert.ok(states.every((state) => state === 'Completed'))
    })

    it('are gone when nobody waits any more', async () => {
      await using bench = await aBench(open)
      const { id } = await bench.create()

      assert.equal(await bench.book.withdraw(id), true)

      assert.equal(await bench.book.withdraw(id), false)
      assert.equal(await bench.book.complete(id, payload), undefined)
      assert.deepEqual(await bench.book.find([id]), [undefined])
    })

    it('tell the one who waits what was answered, oldest first, until it is taken, once', async () => {
      await using bench = await aBench(open)
      const [first, second, other] = [
        await bench.create({ waiter: 'a' }),
        await bench.create({ waiter: 'a' }),
        await bench.create({ waiter: 'ab' }),
      ]
      assert.equal(await bench.book.take(first.id), undefined)
      await bench.book.complete(second.id, payload)
      await bench.book.complete(other.id, payload)
      await bench.clock.advance(1)
      await bench.book.fail(first.id, 'no')

      const answered = await bench.book.answered('a', 10)
      const takers = await Promise.all([1, 2, 3].map(() => bench.book.take(second.id)))

      assert.deepEqual(
        answered.map(({ id }) => id),
        [second.id, first.id],
      )
      const [taken, ...more] = takers.filter((each) => each !== undefined)
      assert.deepEqual(more, [])
      assert.deepEqual(taken?.payload && Buffer.from(taken.payload), payload)
      assert.deepEqual(
        (await bench.book.answered('a', 10)).map(({ id }) => id),
        [first.id],
      )
      assert.equal((await bench.book.find([second.id]))[0]?.takenAt, bench.clock.now())
    })

    it('are listed page by page: those that wait first, and newest first', async () => {
      await using bench = await aBench(open)
      const made = []
      for (let index = 0; index < 6; index += 1) {
        made.push((await bench.create()).id)
        await bench.clock.advance(1)
      }
      const [a = '', b = '', c, d, e, f] = made
      await bench.book.complete(a, null)
      await bench.book.fail(b, 'no')

      const first = await bench.book.list({ limit: 3 })
      const second = await bench.book.list({ limit: 3, cursor: first.nextCursor ?? '' })

      assert.deepEqual(
        [first, second].map(({ rows }) => rows.map(({ id }) => id)),
        [
          [f, e, d],
          [c, b, a],
        ],
      )
      assert.equal(second.nextCursor, null)
    })

    it('are listed by state, with cursors of that state alone', async () => {
      await using bench = await aBench(open)
      const [first, second] = [await bench.create(), await bench.create()]
      const failed = await bench.create()
      await bench.book.fail(failed.id, 'no')

      const waiting = await bench.book.list({ state: 'WaitingExternal', limit: 1 })
      const cursor = waiting.nextCursor ?? ''
      const rest = await bench.book.list({ state: 'WaitingExternal', limit: 1, cursor })

      const ids = [...waiting.rows, ...rest.rows].map(({ id }) => id)
      assert.deepEqual(new Set(ids), new Set([first.id, second.id]))
      assert.equal(rest.nextCursor, null)
      assert.deepEqual((await bench.book.list({ state: 'Failed' })).rows[0]?.id, failed.id)
      for (const wrong of [
        { state: 'Failed', cursor } as const,
        { cursor: 'x' },
        { cursor: '' },
        { cursor: `${cursor}=` },
        { limit: 0 },
      ]) {
        await assert.rejects(bench.book.list(wrong), isUsage)
      }
    })

    it('go some time after they are resolved, and never while they wait', async () => {
      await using bench = await aBench(open)
      const kept = await bench.create({ retentionMs: 1_000 })
      const { id } = await bench.create({ retentionMs: 1_000 })
      await bench.book.complete(id, payload)
      await bench.clock.advance(999)
      assert.equal(await bench.store.expireRecords(bench.clock.now(), 100), 0)
      await bench.clock.advance(1)

      assert.equal(await bench.store.expireRecords(bench.clock.now(), 100), 1)

      assert.deepEqual(await bench.book.find([id, kept.id]), [undefined, kept])
    })

    it('lose what was answered when it is erased, of a tenant or a message', async () => {
      await using bench = await aBench(open)
      const messageId = newMessageId()
      const completed = await bench.create({ tenant: 'acme' })
      const failed = await bench.create({ messageId })
      await bench.book.complete(completed.id, payload)
      await bench.book.fail(failed.id, 'a secret')

      const now = bench.clock.now()
      await bench.store.erase({ kind: 'tenant', tenant: 'acme' }, now, 100)
      await bench.store.erase({ kind: 'message', id: messageId }, now, 100)

      const found = await bench.book.find([completed.id, failed.id])
      assert.deepEqual(
        found.map((each) => [each?.state, each?.payload, each?.error]),
        [
          ['Completed', null, null],
          ['Failed', null, null],
        ],
      )
      assert.equal((await bench.book.take(failed.id))?.error, null)
    })

    it('are written once for each of many heartbeats at once', async () => {
      await using bench = await aBench(open)
      const { id } = await bench.create()
      let writes = 0
      const counting = new CallbackBook(
        {
          records: (...query) => bench.store.records(...query),
          findRecords: (query) => bench.store.findRecords(query),
          enqueue: (...given) => bench.store.enqueue(...given),
          writeRecords(given) {
            writes += 1
            return bench.store.writeRecords(given)
          },
        },
        bench.clock,
      )

      await Promise.all(Array.from({ length: 50 }, () => counting.heartbeat(id, hour)))

      assert.equal(writes, 50)
    })

    it('tell the audit trail who answered, if they say it, and nothing of what was answered', async () => {
      await using bench = await aBench(open)
      const [done, failed, unnamed, expired] = await Promise.all(
        [hour, hour, hour, 0].map((timeoutMs) => bench.create({ timeoutMs })),
      )
      assert.ok(done && failed && unnamed && expired)

      await bench.book.heartbeat(done.id, hour, 'ada')
      await bench.book.complete(done.id, payload, 'ada')
      await bench.book.complete(done.id, payload, 'too late')
      await bench.book.fail(failed.id, 'a secret', 'bob')
      await bench.book.complete(unnamed.id, payload)
      await bench.book.expireDue(10, 'host')

      const { rows } = await bench.store.auditTrail({ entityType: 'callback' })
      assert.deepEqual(
        rows.map(({ entityId, action, actor }) => [entityId, action, actor]).toSorted(),
        [
          [done.id, 'callback.extended', 'ada'],
          [done.id, 'callback.completed', 'ada'],
          [failed.id, 'callback.failed', 'bob'],
          [expired.id, 'callback.expired', 'host'],
        ].toSorted(),
      )
      assert.doesNotMatch(JSON.stringify(rows), /secret|price/)
    })
  })
}

interface Bench extends AsyncDisposable {
  readonly clock: FakeClock
  readonly store: Store
  readonly book: CallbackBook
  create(wanted?: Partial<NewCallback>): ReturnType<CallbackBook['create']>
}

async function aBench(open: (clock: FakeClock) => Promise<Store>): Promise<Bench> {
  const clock = new FakeClock()
  const store = await open(clock)
  const book = new CallbackBook(store, clock)
  return {
    ...{ clock, store, book },
    create: (wanted) => book.create({ waiter: 'w', timeoutMs: hour, ...wanted }),
    [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
  }
}

function isUsage(error: unknown): boolean {
  return error instanceof CarabinerError && error.code === 'USAGE'
}
