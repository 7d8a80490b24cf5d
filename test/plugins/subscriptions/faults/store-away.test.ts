import assert from 'node:assert/strict'
import { DatabaseSync } from 'node:sqlite'
import { after, describe, it } from 'node:test'
import { openStore } from '../../../../src/store/open-store.ts'
import { eventually } from '../../../helpers/engine.ts'
import { ownPostgres } from '../../../helpers/postgres.ts'
import { receiver } from '../../../helpers/receiver.ts'
import type { Answered } from '../../../helpers/served-host.ts'
import { type ApiProcess, apiFolder, runApi } from './host.ts'

const subscriptions = '/v1/webhooks/subscriptions'
const events = '/v1/webhooks/events'
const readingAndWriting = [
  ['GET', subscriptions],
  ['POST', `${events}/019a0000-0000-7000-8000-000000000001/replay`],
  ['DELETE', `${subscriptions}/019a0000-0000-7000-8000-000000000001`],
] as const

const postgres = ownPostgres()
after(() => postgres[Symbol.asyncDispose]())

describe('subscriptions whose store is away', { timeout: 120_000, concurrency: true }, () => {
  it('are 503 while PostgreSQL is down, and go on by themselves', async () => {
    await using to = await receiver()
    const store = await postgres.database()
    using folder = apiFolder({ store })
    await using api = await runApi(folder)
    await api.subscribe(to.url)
    const before = await accepted(api)

    await postgres.stop('immediate')
    await publishingIsRefused(api)
    for (const [method, path] of readingAndWriting) assertAway(await api.call(method, path))
    const ready = await api.host.get('/readyz')
    await postgres.start()
    await eventually(async () => (await api.host.get('/readyz')).status === 200)
    const afterwards = await accepted(api)

    assert.equal(ready.status, 503)
    await arrived(store, [before, afterwards], to.received)
  })

  it('are 503 while another process has the SQLite file locked, and go on by themselves', async () => {
    await using to = await receiver()
    using folder = apiFolder({ store: 'sqlite:./store.db' })
    await using api = await runApi(folder)
    await api.subscribe(to.url)
    const before = await accepted(api)

    using other = lock(folder.file('store.db'))
    const [published, revoked] = await Promise.all([
      api.publish({ idempotencyKey: 'locked' }),
      api.call('DELETE', `${subscriptions}/${await firstSubscription(api)}`),
    ])
    const ready = await api.host.get('/readyz')
    other[Symbol.dispose]()
    await eventually(async () => (await api.host.get('/readyz')).status === 200)
    const again = await api.publish({ idempotencyKey: 'locked' })

    assertAway(published)
    assertAway(revoked)
    assert.equal(ready.status, 503)
    assert.equal(again.status, 200)
    assert.equal(again.headers.get('idempotent-replayed'), null)
    const ids = [before, String(again.json['event_id'])]
    await arrived(`sqlite:${folder.file('store.db')}`, ids, to.received)
  })
})

/** Publishes and gives the event's id. */
async function accepted(api: ApiProcess): Promise<string> {
  const { status, text, json } = await api.publish()
  assert.equal(status, 200, text)
  return String(json['event_id'])
}

async function publishingIsRefused(api: ApiProcess): Promise<void> {
  for (const idempotencyKey of ['a', 'a', 'b']) assertAway(await api.publish({ idempotencyKey }))
  assertAway(await api.publish())
}

function assertAway({ status, headers, json, text }: Answered): void {
  assert.equal(status, 503, text)
  assert.ok(Number(headers.get('retry-after')) >= 1)
  assert.equal(typeof json['error']?.['code'], 'string', text)
  assert.equal(json['detail'], json['error']?.['message'])
  assert.equal(json['detail'], 'the store is away')
}

async function firstSubscription(api: ApiProcess): Promise<string> {
  const { json } = await api.call('GET', subscriptions)
  return String(json['subscriptions']?.[0]?.['subscription_id'])
}

/** Takes the file's one writing transaction, as a copying or checking tool does. */
function lock(path: string): Disposable {
  const database = new DatabaseSync(path)
  database.exec('BEGIN IMMEDIATE')
  return {
    [Symbol.dispose]() {
      if (!database.isOpen) return
      database.exec('ROLLBACK')
      database.close()
    },
  }
}

/** These events, each once, and nothing that was refused. */
async function arrived(
  url: string,
  ids: readonly string[],
  received: readonly { readonly text: string }[],
): Promise<void> {
  await using store = await openStore(url)
  await eventually(async () => {
    return (await store.backlog()).oldestPendingAt === null
  })
  const told = received.map(({ text }) => String(JSON.parse(text).event_id))
  assert.deepEqual(told.toSorted(), [...ids].toSorted())
}
