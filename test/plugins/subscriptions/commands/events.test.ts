import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { asMessageId, toRecord } from '../../../../plugins/subscriptions/event.ts'
import { EventBook } from '../../../../plugins/subscriptions/event-book.ts'
import { systemClock } from '../../../../src/clock.ts'
import { newId } from '../../../../src/ids.ts'
import { MemoryStore } from '../../../../src/store/memory/memory-store.ts'
import { carabiner, carabinerJson } from '../../../helpers/cli.ts'
import { receiver } from '../../../helpers/receiver.ts'
import { projectFolder } from '../../../helpers/start-host.ts'
import { assembly, ops, rival, runner } from './project.ts'

const gatekeeper = `import { defineConnector } from 'carabiner'

export default defineConnector({
  name: 'gatekeeper',
  setup({ before }) {
    before('subscriptions.publish', ({ params, cancel }) => {
      if (params.type === 'order.refused') cancel('not on a Sunday')
    })
  },
})
`

function project(more = '') {
  return projectFolder({
    'carabiner.yaml': assembly({ more, connectors: ', gatekeeper: ./gatekeeper.ts' }),
    'gatekeeper.ts': gatekeeper,
    'payload.json': '{ "price": 1.0, "big": 12345678901234567890 }\n',
  })
}

describe('carabiner subscriptions publish', () => {
  it('delivers, and keeps the numbers of a payload as they were written', async () => {
    using folder = project()
    await using endpoint = await receiver()
    const { json, add } = runner(folder)
    await add(endpoint.url)

    const args = ['--owner', ops, '--type', 'order.created', '--payload', '@payload.json']
    const { code, json: published } = await json('publish', ...args)

    assert.equal(code, 0)
    assert.partialDeepStrictEqual(published, { queued_deliveries: 1, delivered: 1, pending: 0 })
    const [request] = endpoint.received
    assert.match(request?.text ?? '', /"payload":\{ "price": 1\.0, "big": 12345678901234567890 \}/)
    assert.match(request?.text ?? '', /"source":"cli"/)
  })

  it('leaves what it cannot deliver to the next host', async () => {
    using folder = project()
    const { run, add } = runner(folder)
    await add('http://127.0.0.1:9/hook')

    const args = ['--owner', ops, '--type', 'order.created', '--payload', '{}', '--wait', '0']
    const { code, out, err } = await run('publish', ...args)

    assert.equal(code, 0)
    assert.match(out, /^event [0-9a-f-]{36}: 1 delivery: 1 pending\n$/)
    assert.match(err, /1 delivery left to the next host/)
  })

  it('ends with 3 when somebody vetoes it: nothing is stored but who did', async () => {
    using folder = project()
    const { run, json } = runner(folder)
    const args = ['--owner', ops, '--type', 'order.refused', '--payload', '{}']

    const { code, out } = await run('publish', ...args)
    const asJson = await json('publish', ...args)

    assert.deepEqual([code, asJson.code], [3, 3])
    assert.equal(out, 'cancelled by gatekeeper: not on a Sunday\n')
    assert.deepEqual(asJson.json, {
      kind: 'cancelled',
      by: 'gatekeeper',
      reason: 'not on a Sunday',
    })
    assert.deepEqual((await json('events')).json, [])
    const trail = await carabinerJson(['audit', 'list'], { cwd: folder.path })
    const rows = trail.json as readonly Readonly<Record<string, unknown>>[]
    assert.deepEqual(
      rows.map(({ action, actor }) => [action, actor]),
      [
        ['event.cancelled', 'cli'],
        ['event.cancelled', 'cli'],
      ],
    )
  })

  it('publishes to a tenant, and tells what came of each receiver', async () => {
    await using endpoint = await receiver({ answers: [400] })
    const receivers = `[{ event_type: "*", target_url: "${endpoint.url}/all" }]`
    using folder = project(`  tenants: { acme: [{ name: suite, subscriptions: ${receivers} }] }\n`)
    const { run, json } = runner(folder)
    const args = ['--tenant', 'acme', '--type', 'OrderPlaced', '--payload', '{"n":1}']

    const { json: published } = await json('publish', ...args)
    const { out } = await run('publish', ...args)

    assert.partialDeepStrictEqual(published, {
      dead_lettered: 1,
      executions: [{ config: 'suite', status: 'FAILED', lastError: 'http 400' }],
    })
    assert.match(out, /1 delivery: 1 given up\n {2}suite \S+\/all FAILED: http 400\n$/)
    assert.equal(endpoint.received[0]?.text, '{"n":1}')
  })
})

describe('carabiner subscriptions events', () => {
  it('prints JSON that every reader takes, whatever was published', async () => {
    using folder = project()
    const { publish, run } = runner(folder)
    await publish('a.b', String.raw`{"cut":"\ud83d","\udc00":1,"path":"C:\\ud800"}`)

    const { out } = await run('events', '--json')

    assert.doesNotMatch(out, /[^\\]\\ud/)
    assert.deepEqual(JSON.parse(out)[0]?.payload, { cut: '�', '�': 1, path: 'C:\\ud800' })
  })

  it('lists what was published, the newest first', async () => {
    using folder = project()
    const { run, json, publish } = runner(folder)
    const first = await publish('order.created')
    const second = await publish('order.paid')
    const third = await publish('order.created')
    const rivals = ['--owner', rival, '--type', 'order.paid', '--payload', '{}']
    const { json: fourth } = await json('publish', ...rivals)
    const ids = async (...args: string[]) =>
      (await json('events', ...args)).json.map((each) => each['event_id'])

    assert.deepEqual(await ids(), [fourth['event_id'], third, second, first])
    assert.deepEqual(await ids('--owner', ops), [third, second, first])
    assert.deepEqual(await ids('--owner', ops, '--type', 'order.created'), [third, first])
    assert.deepEqual(await ids('--type', 'order.paid'), [fourth['event_id'], second])
    assert.deepEqual(await ids('--limit', '1'), [fourth['event_id']])
    assert.deepEqual(await ids('--to', '1h'), [])
    assert.equal((await ids('--from', '1h')).length, 4)
    const times = (await json('events')).json.map((each) => String(each['occurred_at']))
    assert.deepEqual(await ids('--from', times[2] ?? '', '--to', times[1] ?? ''), [second])
    const { out, err } = await run('events', '--limit', '2')
    assert.match(out, /^ID +OWNER +TYPE/)
    assert.match(err, /more: raise --limit 2/)
  })

  it('shows one with its deliveries', async () => {
    using folder = project()
    await using endpoint = await receiver()
    const { run, json, add } = runner(folder)
    const subscription = await add(endpoint.url)
    const args = ['--owner', ops, '--type', 'order.created', '--payload', '{"price": 1.0}']
    const { json: published } = await json('publish', ...args)
    const id = String(published['event_id'])

    const { json: shown } = await json('events', id)
    const { out } = await run('events', '--show', id.toUpperCase())

    assert.partialDeepStrictEqual(shown, {
      event_id: id,
      delivered: 1,
      deliveries: [{ event_id: id, subscription_id: subscription, status: 'delivered' }],
    })
    assert.match(out, /payload +\{"price": 1\.0\}/)
    assert.match(out, new RegExp(`${subscription} +delivered +1`))
  })

  it('says that a payload was erased', async () => {
    using folder = project()
    const { run, publish } = runner(folder)
    const id = await publish('order.created', '{"name":"Ada"}')
    await carabiner(['deliveries', 'erase', '--tenant', ops, '--yes'], { cwd: folder.path })

    const { out } = await run('events', id)
    const replay = await run('replay', id)

    assert.match(out, /payload +erased 20/)
    assert.equal(replay.code, 1)
    assert.match(replay.err, /erased/)
  })
})

describe('a walk over events', () => {
  it('reads nothing but what lies in the range', async () => {
    await using store = new MemoryStore(systemClock)
    await store.writeRecords(Array.from({ length: 1_000 }, (_, at) => recordAt(at)))
    let read = 0
    const counting: ConstructorParameters<typeof EventBook>[0] = {
      records: (collection, ids) => store.records(collection, ids),
      lookUpRecords: (lookup) => store.lookUpRecords(lookup),
      async findRecords(query) {
        const found = await store.findRecords(query)
        read += found.length
        return found
      },
    }

    const timesOf = async (owner: string | undefined): Promise<readonly number[]> => {
      const times: number[] = []
      const range = { owner, type: 'order.created', from: 500, to: 510 }
      for await (const event of new EventBook(counting).walk(range, 'descending'))
        times.push(event.acceptedAt)
      return times
    }

    assert.deepEqual(await timesOf(ops), [508, 506, 504, 502, 500])
    assert.deepEqual(await timesOf(undefined), [509, 508, 507, 506, 505, 504, 503, 502, 501, 500])
    assert.equal(read, 15)
  })
})

/** One event each millisecond; every second one is of `ops`. */
function recordAt(acceptedAt: number) {
  return toRecord({
    id: asMessageId(newId()),
    version: 0,
    owner: acceptedAt % 2 === 0 ? ops : rival,
    type: 'order.created',
    source: 'tests',
    traceId: 'trace',
    acceptedAt,
    replays: [],
    payload: '{}',
    erasedAt: null,
    expiresAt: acceptedAt + 1,
  })
}
