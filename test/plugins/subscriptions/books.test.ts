import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import fc from 'fast-check'
import {
  asMessageId,
  toRecord as eventRecord,
  fromRecord,
  mostReplays,
  type PublishedEvent,
} from '../../../plugins/subscriptions/event.ts'
import { EventBook } from '../../../plugins/subscriptions/event-book.ts'
import type { Subscription } from '../../../plugins/subscriptions/subscription.ts'
import { SubscriptionBook } from '../../../plugins/subscriptions/subscription-book.ts'
import { toRecord } from '../../../plugins/subscriptions/subscription-record.ts'
import { RecordConflictError } from '../../../src/errors.ts'
import { newId } from '../../../src/ids.ts'
import { openStore } from '../../../src/store/open-store.ts'
import type { Store } from '../../../src/store/store.ts'
import { testPostgres } from '../../helpers/postgres.ts'
import { temporaryFolder } from '../../helpers/temporary-folder.ts'

const owner = 'agent://acme/ops'

function aSubscription(given: Partial<Subscription> = {}): Subscription {
  return {
    id: newId(),
    version: 0,
    owner,
    callbackUrl: `https://example.com/${newId()}`,
    eventTypes: ['*'],
    active: true,
    description: null,
    secrets: [],
    createdAt: 1_000,
    updatedAt: 1_000,
    revokedAt: null,
    ...given,
  }
}

function anEvent(given: Partial<PublishedEvent> = {}): PublishedEvent {
  return {
    id: asMessageId(newId()),
    version: 0,
    owner,
    type: 'order.created',
    source: 'tests',
    traceId: 'trace',
    acceptedAt: 1_000,
    replays: [],
    payload: '{"n": 1.0}',
    erasedAt: null,
    expiresAt: 9_000,
    ...given,
  }
}

/** What subscriptions and events are kept in, on one store. */
function testBooks(name: string, open: () => Promise<Store>): void {
  describe(`subscriptions on ${name}`, () => {
    it('are kept as they are, whatever their texts', async () => {
      await using store = await open()
      const book = new SubscriptionBook(store)
      const kept = aSubscription({
        description: 'line\nbreak \u0000 \ud83d\ude00 \ud800',
        secrets: [
          { secret: 'two', until: null },
          { secret: 'one', until: 5_000 },
        ],
        callbackUrl: `https://example.com/${'x'.repeat(2_000)}`,
        owner: `agent://${'o'.repeat(240)}`,
      })
      await store.writeRecords([toRecord(kept)])

      assert.deepEqual(await book.find(kept.owner, kept.id), { ...kept, version: 1 })
      assert.deepEqual(await book.at(kept.owner, kept.callbackUrl), { ...kept, version: 1 })
      assert.equal(await book.find(owner, kept.id), undefined)
      assert.equal(await book.at(owner, kept.callbackUrl), undefined)
    })

    it('are one for an owner and URL, until they are revoked', async () => {
      await using store = await open()
      const book = new SubscriptionBook(store)
      const first = aSubscription()
      const second = aSubscription({ callbackUrl: first.callbackUrl })
      await store.writeRecords([toRecord(first)])

      await assert.rejects(store.writeRecords([toRecord(second)]), isConflict('unique'))
      await store.writeRecords([toRecord({ ...first, version: 1, revokedAt: 2_000 })])
      await store.writeRecords([toRecord(second)])

      assert.equal((await book.at(owner, first.callbackUrl))?.id, second.id)
      await assert.rejects(
        store.writeRecords([toRecord({ ...second, version: 7 })]),
        isConflict('version'),
      )
    })

    it('match the types they name, their prefixes and everything, each once', async () => {
      await using store = await open()
      const book = new SubscriptionBook(store)
      const named = [['a.b.c'], ['a.b.*', 'a.*', '*'], ['a.b'], ['a.b.cd'], ['b.*'], ['*']].map(
        (eventTypes) => aSubscription({ eventTypes }),
      )
      const paused = aSubscription({ active: false })
      const revoked = aSubscription({ revokedAt: 2_000 })
      const theirs = aSubscription({ owner: `${owner}2` })
      await store.writeRecords([...named, paused, revoked, theirs].map(toRecord))

      const matching = await book.matching(owner, 'a.b.c')

      const wanted = [named[0], named[1], named[5]].map((each) => each?.id)
      assert.deepEqual(matching.map(({ id }) => id).toSorted(), wanted.toSorted())
    })

    it('match by the thousands', async () => {
      await using store = await open()
      const many = Array.from({ length: 2_345 }, () => aSubscription())
      for (let at = 0; at < many.length; at += 500) {
        await store.writeRecords(many.slice(at, at + 500).map(toRecord))
      }

      const matching = await new SubscriptionBook(store).matching(owner, 'a.b')

      assert.deepEqual(new Set(matching.map(({ id }) => id)), new Set(many.map(({ id }) => id)))
      assert.equal(matching.length, many.length)
    })

    it('are listed newest first, page by page, as a plain list would be', async () => {
      await using store = await open()
      const book = new SubscriptionBook(store)
      const times = fc.array(fc.integer({ min: 0, max: 5 }), { minLength: 0, maxLength: 12 })
      await fc.assert(
        fc.asyncProperty(times, fc.integer({ min: 1, max: 5 }), async (made, limit) => {
          const whose = `agent://${newId()}`
          const all = made.map((createdAt) => aSubscription({ owner: whose, createdAt }))
          await store.writeRecords(all.map(toRecord))

          const seen: string[] = []
          let cursor: string | undefined
          do {
            const page = await book.list({ owner: whose, includeInactive: false, limit, cursor })
            seen.push(...page.subscriptions.map(({ id }) => id))
            cursor = page.nextCursor ?? undefined
          } while (cursor !== undefined)

          const wanted = all.toSorted((a, b) => b.createdAt - a.createdAt || (a.id < b.id ? 1 : -1))
          assert.deepEqual(
            seen,
            wanted.map(({ id }) => id),
          )
        }),
        { numRuns: 20 },
      )
    })
  })

  describe(`events on ${name}`, () => {
    it('are kept as they are, and are their owner’s alone', async () => {
      await using store = await open()
      const book = new EventBook(store)
      const event = anEvent({ source: '\u0000\ud800', payload: '{"s":"\\u0000","e":1E2}' })
      await store.writeRecords([eventRecord(event)])

      assert.deepEqual(await book.find(owner, event.id), { ...event, version: 1 })
      assert.equal(await book.find('agent://rival/bot', event.id), undefined)
    })

    it('are found by the messages that carry them: their own, and those of their replays', async () => {
      await using store = await open()
      const book = new EventBook(store)
      const replays = Array.from({ length: mostReplays }, (_, at) => ({
        messageId: asMessageId(newId()),
        at,
      }))
      const [one, other] = [anEvent({ replays }), anEvent()]
      await store.writeRecords([one, other].map(eventRecord))

      const ids = [one.id, other.id, newId(), ...replays.map(({ messageId }) => messageId)]
      const carried = await book.carriedBy(ids)

      assert.equal(carried.size, 2 + mostReplays)
      assert.ok(replays.every(({ messageId }) => carried.get(messageId) === one.id))
      assert.equal(carried.get(other.id), other.id)
    })

    it('lose their payload when their owner is erased, and stay', async () => {
      await using store = await open()
      const event = anEvent()
      await store.writeRecords([eventRecord(event)])

      await store.erase({ kind: 'tenant', tenant: owner }, 5_000, 100)

      const [record] = await store.records('event', [event.id])
      assert.ok(record)
      assert.partialDeepStrictEqual(fromRecord(record), { payload: null, erasedAt: 5_000 })
    })
  })
}

function isConflict(conflict: string): (error: unknown) => boolean {
  return (error) => error instanceof RecordConflictError && error.conflict === conflict
}

const postgres = testPostgres({ fsync: false })
after(() => postgres[Symbol.asyncDispose]())
const folder = temporaryFolder()

testBooks('memory:', () => openStore('memory:'))
testBooks('sqlite:', () => openStore(`sqlite:${folder}/${newId()}.db`))
testBooks('postgres:', async () => openStore(await postgres.database()))
