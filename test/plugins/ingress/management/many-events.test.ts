import assert from 'node:assert/strict'
import { join } from 'node:path'
import { after, before, describe, it } from 'node:test'
import { asMessageId } from '../../../../plugins/ingress/books/event.ts'
import { mostCounted } from '../../../../plugins/ingress/books/event-book.ts'
import { toRecord } from '../../../../plugins/ingress/books/event-record.ts'
import { newId } from '../../../../src/ids.ts'
import { openStore } from '../../../../src/store/open-store.ts'
import type { RecordWrite } from '../../../../src/store/records.ts'
import { carabiner } from '../../../helpers/cli.ts'
import { temporaryFolder } from '../../../helpers/temporary-folder.ts'
import { type IngressHost, startIngress } from '../ingress-host.ts'
import { fieldOf, list, operator } from './operator.ts'

const noon = Date.UTC(2026, 0, 1, 12)
const batch = 500

describe(`more events than ${mostCounted} with a subject that is searched for`, () => {
  const store = `sqlite:${join(temporaryFolder(), 'store.db')}`
  let host: IngressHost
  before(async () => {
    await fill(store, mostCounted)
    host = await startIngress({ store, stanza: 'retry: { preset: gateway, base: 10m }' })
  })
  after(() => host[Symbol.asyncDispose]())

  const metaOf = async (query: string): Promise<unknown> =>
    (await list(host, `/events?${query}`)).meta
  const full = { page: 1, pageSize: 100, total: mostCounted, totalPages: mostCounted / 100 }

  it('are counted as long as there are no more', async () => {
    assert.deepEqual(await metaOf('subject=ORDER&pageSize=100'), full)
    assert.deepEqual(await metaOf('subject=ORDER&pageSize=100&total=exact'), full)
  })

  describe('and one', () => {
    before(async () => {
      const newest = { eventId: 'newest', subject: 'order-newest' }
      const id = await host.accepted({ ...newest, occurredAt: '2026-03-01T00:00:00Z' })
      // Nothing is written any more while others are counted: its endpoint does not answer.
      await host.reaches(id, 'retrying')
    })

    it('are told to be more than were counted', async () => {
      const bounded = { ...full, totalIsExact: false }

      assert.deepEqual(await metaOf('subject=order&pageSize=100'), bounded)
      assert.deepEqual(await metaOf('subject=order&pageSize=100&total=bounded'), bounded)
      assert.deepEqual(await metaOf('subject=o&sortBy=status&pageSize=100'), bounded)
    })

    it('are all counted when that is asked for, and where no subject is', async () => {
      const exact = {
        page: 1,
        pageSize: 100,
        total: mostCounted + 1,
        totalPages: mostCounted / 100 + 1,
      }

      assert.deepEqual(await metaOf('subject=order&pageSize=100&total=exact'), exact)
      assert.deepEqual(await metaOf('pageSize=100'), exact)
      assert.deepEqual(await metaOf('provider=acme&from=2026-01-01T00:00:00Z&pageSize=100'), exact)
    })

    it('are found on every page, those beyond what was counted too', async () => {
      const first = await list(host, '/events?subject=order&pageSize=2')
      const last = await list(
        host,
        `/events?subject=order&pageSize=100&page=${mostCounted / 100 + 1}`,
      )
      const beyond = await list(
        host,
        `/events?subject=order&pageSize=100&page=${mostCounted / 100 + 2}`,
      )

      assert.deepEqual(fieldOf(first.items, 'subject'), [
        'order-newest',
        `order-${mostCounted - 1}`,
      ])
      assert.deepEqual(fieldOf(last.items, 'subject'), ['order-0'])
      assert.deepEqual(last.meta, { ...full, page: mostCounted / 100 + 1, totalIsExact: false })
      assert.deepEqual(beyond.items, [])
    })

    it('are counted exactly where another filter leaves fewer', async () => {
      assert.deepEqual(await metaOf('subject=order&to=2026-02-01T00:00:00Z&pageSize=100'), full)
    })

    for (const query of ['total=all', 'total=', 'total=EXACT', 'total=exact&total=exact']) {
      it(`are not counted as ?${query} says`, async () => {
        const { status, json } = await host.send(`/api/v1/events?subject=order&${query}`, {
          headers: operator,
        })

        assert.deepEqual([status, json['error']?.['code']], [400, 'VALIDATION_ERROR'])
      })
    }

    it('are told by the command line as more, and counted on demand', async () => {
      const run = async (...args: string[]): Promise<string> =>
        (
          await carabiner(['ingress', 'events', '--subject', 'order', '--limit', '5', ...args], {
            cwd: host.project.folder.path,
          })
        ).err

      const [bounded, exact] = await Promise.all([run('--page', '2'), run('--exact-total')])

      assert.match(bounded, /^10 of more than 1,000; more: --page 3$/m)
      assert.match(exact, /^5 of 1001; more: --page 2$/m)
    })
  })
})

async function fill(url: string, count: number): Promise<void> {
  await using store = await openStore(url)
  for (let from = 0; from < count; from += batch) {
    await store.writeRecords(Array.from({ length: batch }, (_, index) => anEvent(from + index)))
  }
}

/** As the connector's collection has it. */
function anEvent(index: number): RecordWrite {
  const receivedAt = noon + index
  const record = toRecord({
    id: asMessageId(newId()),
    version: 0,
    webhookEventId: newId(),
    provider: 'acme',
    eventType: 'order.created',
    externalEventId: `event-${index}`,
    subject: `order-${index}`,
    occurredAt: receivedAt,
    receivedAt,
    updatedAt: receivedAt,
    status: 'processed',
    processingAttempts: 1,
    lastError: null,
    lastProcessedAt: receivedAt,
    dispatch: 'done',
    correlationId: 'c',
    payload: Buffer.from('{}'),
    erasedAt: null,
    expiresAt: Date.UTC(2100, 0, 1),
  })
  return { ...record, collection: `ingress/${record.collection}` }
}
