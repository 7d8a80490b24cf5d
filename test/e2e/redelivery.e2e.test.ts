import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { carabiner } from '../helpers/cli.ts'
import { storeDead } from '../helpers/dead-deliveries.ts'
import { eventually } from '../helpers/engine.ts'
import { type Receiver, receiver } from '../helpers/receiver.ts'
import { type AnyJson, request } from '../helpers/served-host.ts'
import { type StartedProject, startProject } from '../helpers/start-host.ts'

const endpoint = 'webhooks/told'

/** Nobody but `mallory` is refused. */
const freeze = `import { defineConnector } from 'carabiner'
export default defineConnector({
  name: 'freeze',
  setup({ before }) {
    before('deliveries.redeliver', ({ params, actor, cancel }) => {
      if (actor === 'mallory') cancel('frozen', params.filter)
    })
  },
})
`

describe('redelivery on a running host', () => {
  it('sends everything dead once, whoever asks for it again', async () => {
    await using to = await receiver()
    await using project = await startDead(to, 20)

    const asked = await post(project, '/api/v1/redeliveries', {})
    const { redeliveryId = '' } = asked.json['data'] as unknown as { redeliveryId: string }
    const done = await over(project, redeliveryId)
    await to.requests(20)
    const second = await post(project, '/api/v1/redeliveries', { endpoint, state: 'dead' })
    const id = String(second.json['data']?.['redeliveryId'])
    const again = await over(project, id)
    const list = await request(`${project.url}/api/v1/redeliveries?limit=1`)

    assert.equal(asked.status, 202)
    assert.equal(asked.json['data']?.['matched'], 20)
    assert.deepEqual(numbers(done), ['done', 20, 20, 20, 0])
    assert.deepEqual(numbers(again), ['done', 20, 20, 0, 20])
    assert.deepEqual(list.json['data'], [again])
    assert.ok(list.json['meta']?.['nextCursor'])
    const ids = new Set(to.received.map(({ headers }) => headers['webhook-id']))
    assert.deepEqual([to.received.length, ids.size], [20, 20])
  })

  it('is vetoed by a before handler, of one delivery and of many', async () => {
    await using to = await receiver()
    await using project = await startDead(to, 1)
    const [dead] = (await project.host.store.deliveries({})).rows
    assert.ok(dead)

    for (const [path, filter] of [
      [`/api/v1/outbox/${dead.id}/redeliver`, { deliveryId: dead.id }],
      ['/api/v1/redeliveries', { state: 'dead' }],
    ] as const) {
      const answer = await post(project, path, {}, { 'x-actor': 'mallory' })

      assert.equal(answer.status, 409)
      assert.equal(answer.json['error']?.['code'], 'EVENT_CANCELLED')
      const { by, reason, details } = answer.json['error']?.['details'] ?? {}
      assert.deepEqual([by, reason, details], ['freeze', 'frozen', filter])
    }
    assert.deepEqual((await project.host.store.redeliveries({})).rows, [])
    assert.equal((await project.host.store.deliveries({})).rows.length, 1)
  })

  it('sends one delivery again, and says why it cannot', async () => {
    await using to = await receiver()
    await using project = await startDead(to, 2)
    const [dead, erased] = (await project.host.store.deliveries({})).rows
    assert.ok(dead && erased)

    const sent = await post(project, `/api/v1/outbox/${dead.id}/redeliver`, {})
    const erasure = await post(project, '/api/v1/erasures', { messageId: erased.messageId })
    const gone = await post(project, `/api/v1/outbox/${erased.id}/redeliver`, {})
    const unknown = await post(project, '/api/v1/redeliveries', { endpoint: 'webhooks/nobody' })

    assert.equal(sent.status, 202)
    assert.equal(sent.json['data']?.['messageId'], dead.messageId)
    assert.deepEqual(erasure.json['data'], { messages: 1, cancelled: 0, records: 0 })
    assert.equal(gone.status, 409)
    assert.match(String(gone.json['error']?.['message']), /was erased/)
    assert.equal(unknown.status, 409)
    assert.match(String(unknown.json['error']?.['message']), /no endpoint `webhooks\/nobody`/)
    await to.requests(1)
  })

  it('is stopped, and stays so', async () => {
    const held = Promise.withResolvers<number>()
    await using to = await receiver({ answers: [() => held.promise] })
    await using project = await startDead(to, 20, 'concurrency: 2')
    const asked = await post(project, '/api/v1/redeliveries', {})
    const path = `/api/v1/redeliveries/${asked.json['data']?.['redeliveryId']}`
    await eventually(() => to.received.length === 1)

    const stopped = await request(`${project.url}${path}`, { method: 'DELETE' })
    const again = await request(`${project.url}${path}`, { method: 'DELETE' })
    held.resolve(200)
    await eventually(async () => (await project.host.store.backlog()).sending === 0)

    assert.deepEqual(numbers(stopped.json['data']), ['stopped', 20, 1, 1, 0])
    assert.deepEqual(again.json, stopped.json)
    assert.equal(to.received.length, 1)
  })

  it('is the work of the host when the command line asks for it', async () => {
    await using to = await receiver()
    await using project = await startDead(to, 20)
    const cwd = project.folder.path

    const args = ['deliveries', 'redeliver', '--all-dead', '--wait', '30s']
    const { code, out, err } = await carabiner(args, { cwd })
    await to.requests(20)

    assert.equal(code, 0)
    assert.match(out, /: done, 20 matched, 20 to be sent again, 0 left out\n$/)
    assert.match(err, /^20 of 20$/m)
  })

  it('is asked of before handlers by `carabiner dispatch`', async () => {
    await using to = await receiver()
    await using project = await startDead(to, 1)
    const params = JSON.stringify({ filter: { state: 'dead' } })
    const dispatch = ['dispatch', 'deliveries.redeliver', '--params', params, '--actor']

    const vetoed = await carabiner([...dispatch, 'mallory'], { cwd: project.folder.path })
    const done = await carabiner([...dispatch, 'ada'], { cwd: project.folder.path })
    await to.requests(1)

    assert.equal(vetoed.code, 3)
    assert.match(vetoed.out, /frozen/)
    assert.equal(done.code, 0)
    assert.match(done.out, /host: \{"redeliveryId":"[^"]+","matched":1\}/)
  })

  it('says what is wrong with a filter, and where, whoever gives it', async () => {
    await using to = await receiver()
    await using project = await startDead(to, 1)
    const filter = { state: 'ded', from: 'yesterday' }
    const event = 'deliveries.redeliver'
    const says = 'must be "dead", "delivered" or "cancelled"'

    const dispatched = await post(project, `/api/v1/dispatch/${event}`, { filter })
    const redelivery = await post(project, '/api/v1/redeliveries', { state: 'ded' })
    const args = ['dispatch', event, '--params', JSON.stringify({ filter })]
    const { code, err } = await carabiner(args, { cwd: project.folder.path })

    const errorsOf = ({ json }: typeof dispatched): unknown =>
      json['error']?.['details']?.['errors']
    assert.deepEqual(errorsOf(dispatched), [
      { pointer: '/filter/from', message: 'must be a date-time' },
      { pointer: '/filter/state', message: says },
    ])
    assert.deepEqual(errorsOf(redelivery), [{ pointer: '/state', message: says }])
    assert.deepEqual([dispatched.status, redelivery.status, code], [422, 400, 1])
    assert.match(err, /params\/filter\/state must be "dead", "delivered" or "cancelled"/)
  })
})

async function startDead(
  to: Receiver,
  count: number,
  more = 'concurrency: 8',
): Promise<StartedProject> {
  const project = await startProject(
    `host: { store: 'sqlite:./store.db', server: { port: 0, allow_unauthenticated: true } }
connectors: { adjuster: ./adjuster.ts, freeze: ./freeze.ts, webhooks: webhooks }
webhooks:
  - { name: told, events: after:adjust, url: '${to.url}', secret: a-secret-of-this-test, ${more} }
`,
    { listen: true, files: { 'freeze.ts': freeze } },
  )
  await storeDead(project.host.store, count, { endpoint })
  return project
}

function post(
  { url }: StartedProject,
  path: string,
  body: object,
  headers: Record<string, string> = {},
): ReturnType<typeof request> {
  return request(`${url}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  })
}

async function over({ url }: StartedProject, id: string): Promise<AnyJson | undefined> {
  let data: AnyJson | undefined
  await eventually(async () => {
    const answer = await request(`${url}/api/v1/redeliveries/${id}`)
    assert.equal(answer.status, 200)
    data = answer.json['data']
    return String(data?.['state']) !== 'running'
  })
  return data
}

function numbers(redelivery: AnyJson | undefined): unknown[] {
  const { state, matched, processed, redelivered, skipped } = redelivery ?? {}
  return [state, matched, processed, redelivered, skipped]
}
