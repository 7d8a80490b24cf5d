import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { openStore } from '../../../../src/store/open-store.ts'
import { eventually } from '../../../helpers/engine.ts'
import { type ReceivedRequest, type Receiver, receiver } from '../../../helpers/receiver.ts'
import { request } from '../../../helpers/served-host.ts'
import type { ProjectFolder } from '../../../helpers/start-host.ts'
import { rivalKey, yamlOf } from '../api.ts'
import { type ApiProcess, anEvent, apiFolder, runApi } from './host.ts'

const store = 'sqlite:./store.db'
/** Requests at once to one subscription. */
const atOnce = 8
const newKey = 'another-key-of-the-rival'

describe('carabiner run, with deliveries that wait', { timeout: 60_000, concurrency: true }, () => {
  it('sends them as the assembly says after a SIGHUP', async () => {
    const gate = Promise.withResolvers<number>()
    await using to = await held(gate.promise)
    using folder = apiFolder({ store, stanza: 'signatures: [axme]' })
    await using api = await runApi(folder)
    await api.subscribe(to.url, { secret: 'a-secret-of-this-subscription' })
    await publish(api, 20)
    await eventually(() => to.asked === atOnce)

    const stanza = 'signatures: [standard]\nevent_types: [order.created]'
    await reload(api, folder, yamlOf({ store, stanza }).replace(rivalKey, newKey))
    gate.resolve(200)
    const requests = await to.receiver.requests(20)

    assert.equal(new Set(requests.map(({ headers }) => headers['webhook-id'])).size, 20)
    assert.equal(requests.filter(has('x-axme-signature')).length, atOnce)
    assert.equal(requests.filter(has('webhook-signature')).length, 20 - atOnce)
    const other = await api.publish({ body: { ...anEvent(), event_type: 'order.paid' } })
    assert.equal(other.status, 422)
    assert.deepEqual(
      await Promise.all([rivalKey, newKey].map((key) => listed(api, key))),
      [401, 200],
    )
    assert.equal((await settled(folder))['delivered'], 20)
  })

  it('keeps them, untried, while the connector is not in the assembly', async () => {
    const gate = Promise.withResolvers<number>()
    await using to = await held(gate.promise)
    using folder = apiFolder({ store })
    await using api = await runApi(folder)
    await api.subscribe(to.url)
    await publish(api, 20)
    await eventually(() => to.asked === atOnce)

    const bare = `host: { store: "${store}", server: { port: 0, management_key: key-of-the-management } }\n`
    await reload(api, folder, `${bare}connectors: {}\n`)
    gate.resolve(200)
    const gone = await api.publish()
    await eventually(async () => (await statesIn(folder))['delivered'] === atOnce)
    const meanwhile = await statesIn(folder)
    await reload(api, folder, yamlOf({ store }))
    const requests = await to.receiver.requests(20)

    assert.equal(gone.status, 404)
    assert.deepEqual(meanwhile, { delivered: atOnce, pending: 20 - atOnce })
    assert.equal(new Set(requests.map(({ headers }) => headers['webhook-id'])).size, 20)
    assert.equal((await settled(folder))['delivered'], 20)
  })

  it('answers what waits in settle_wait when it is told to end, and the next host delivers', async () => {
    const gate = Promise.withResolvers<number>()
    await using to = await held(gate.promise)
    using folder = apiFolder({
      store,
      stanza: 'settle_wait: 10s',
      host: 'shutdown_timeout: 2s',
    })
    await using api = await runApi(folder)
    await api.subscribe(to.url)

    const publishing = Array.from({ length: 3 }, (_, n) =>
      api.publish({ idempotencyKey: `key-${n}` }),
    )
    await eventually(() => to.asked === 3)
    api.host.child.kill('SIGTERM')
    const answers = await Promise.all(publishing)
    const code = await api.host.exit()
    gate.resolve(200)
    await using next = await runApi(folder)
    const again = await next.publish({ idempotencyKey: 'key-0' })

    assert.equal(code, 0)
    for (const { status, json, text } of answers) {
      assert.equal(status, 200, text)
      assert.deepEqual([json['queued_deliveries'], json['pending']], [1, 1])
    }
    assert.equal(again.json['event_id'], answers[0]?.json['event_id'])
    assert.equal(again.headers.get('idempotent-replayed'), 'true')
    assert.equal((await settled(folder))['delivered'], 3)
  })
})

interface Held extends AsyncDisposable {
  readonly url: string
  readonly receiver: Receiver
  /** Requests that have come, answered or not. */
  readonly asked: number
}

/** Answers when it may. */
async function held(answer: Promise<number>): Promise<Held> {
  let asked = 0
  const opened = await receiver({
    answers: [
      () => {
        asked += 1
        return answer
      },
    ],
  })
  return {
    url: opened.url,
    receiver: opened,
    get asked() {
      return asked
    },
    [Symbol.asyncDispose]: () => opened[Symbol.asyncDispose](),
  }
}

async function publish(api: ApiProcess, count: number): Promise<void> {
  const body = { events: Array.from({ length: count }, () => anEvent()) }
  const { status, text } = await api.call('POST', '/v1/webhooks/events/batch', { body })
  assert.equal(status, 200, text)
}

/** Resolves when the host says that it runs the new assembly. */
async function reload(api: ApiProcess, folder: ProjectFolder, yaml: string): Promise<void> {
  const before = reloads(api)
  writeFileSync(folder.file('carabiner.yaml'), yaml)
  api.host.child.kill('SIGHUP')
  await eventually(() => reloads(api) > before, `not reloaded: ${api.host.err()}`)
}

function reloads(api: ApiProcess): number {
  return api.host.err().match(/reloaded carabiner\.yaml/g)?.length ?? 0
}

function has(header: string) {
  return ({ headers }: ReceivedRequest): boolean => headers[header] !== undefined
}

async function listed(api: ApiProcess, key: string): Promise<number> {
  const headers = { 'x-api-key': key }
  return (await request(`${api.host.url}/v1/webhooks/subscriptions`, { headers })).status
}

async function settled(folder: ProjectFolder): Promise<Readonly<Record<string, number>>> {
  await eventually(async () => {
    const { pending = 0, sending = 0 } = await statesIn(folder)
    return pending + sending === 0
  }, 'deliveries still wait')
  return statesIn(folder)
}

/** How many deliveries are in which state. */
async function statesIn(folder: ProjectFolder): Promise<Record<string, number>> {
  await using opened = await openStore(`sqlite:${folder.file('store.db')}`)
  const { rows } = await opened.deliveries({ limit: 100 })
  const counts: Record<string, number> = {}
  for (const { state } of rows) counts[state] = (counts[state] ?? 0) + 1
  return counts
}
