import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Outcome } from '../../src/bus/outcome.ts'
import type { CallbackBook } from '../../src/callbacks/callback-book.ts'
import { request } from '../helpers/served-host.ts'
import { type StartedProject, startProject } from '../helpers/start-host.ts'
import {
  aGate,
  type Gate,
  json,
  sqlite,
  startGate,
  strangersBook,
  until,
  waitingFor,
} from './gate.ts'

const returned = { park: 'return' } as const

describe('a parked dispatch', () => {
  let gate: Gate
  let project: StartedProject
  let book: CallbackBook
  before(async () => {
    gate = aGate(sqlite)
    project = await startGate(gate, { listen: true, logLevel: 'info' })
    book = project.host.scopeOf('gate').callbacks.book
  })
  after(async () => {
    await project[Symbol.asyncDispose]()
    gate[Symbol.dispose]()
  })

  const park = async (event: string, order: string): Promise<Outcome> =>
    project.host.dispatch(event, { order }, returned)
  const get = (id: string) => request(`${project.url}/api/v1/dispatches/${id}`)

  it('goes on when it is approved, each phase once', async () => {
    const deciding = project.host.dispatch('ship', { order: 'approved' }, { actor: 'ada' })
    const { id } = await opened(book, 'approved')

    await book.complete(id, json({ by: 'ada' }))

    const outcome = await deciding
    assert.equal(outcome.kind, 'completed')
    assert.deepEqual(outcome.kind === 'completed' && outcome.results, [
      { connector: 'gate', value: { shipped: 'approved' } },
    ])
    assert.deepEqual(gate.journal('approved'), ['before', 'resolved complete', 'on', 'after'])
  })

  it('is cancelled by a payload that says so, and by a failure with its error', async () => {
    const refused = await park('ship', 'refused')
    const failed = await park('ship', 'failed')

    await book.complete(waitingFor(refused).callbackId, json({ cancel: 'too heavy' }))
    await book.fail(waitingFor(failed).callbackId, 'nobody is there')

    const [first, second] = await Promise.all(
      [refused, failed].map((one) => project.host.outcomeOf(one)),
    )
    assert.equal(first?.kind === 'cancelled' && first.reason, 'too heavy')
    assert.equal(second?.kind === 'cancelled' && second.reason, 'nobody is there')
    assert.deepEqual(gate.journal('refused'), ['before', 'resolved complete'])
  })

  it('counts as failed when the desk says why', async () => {
    const vetoed = await park('ship', 'vetoed')

    await book.complete(waitingFor(vetoed).callbackId, null)

    const outcome = await project.host.outcomeOf(vetoed)
    assert.equal(outcome.kind === 'cancelled' && outcome.reason, 'nobody may approve this')
  })

  it('has the payload as its result, checked against the schema', async () => {
    const good = await park('resize', 'good')
    const bad = await park('resize', 'bad')

    await book.complete(waitingFor(good).callbackId, json({ width: 7 }))
    await book.complete(waitingFor(bad).callbackId, json({ width: 'wide' }))

    assert.equal((await project.host.outcomeOf(good)).kind, 'completed')
    const outcome = await project.host.outcomeOf(bad)
    assert.equal(outcome.kind === 'failed' && outcome.failures[0]?.code, 'RESULT_INVALID')
    assert.deepEqual(gate.journal('good'), ['on', 'resolved complete', 'after {"width":7}'])
  })

  it('is held while a handler awaits the answer', async () => {
    const deciding = project.host.dispatch('look', { order: 'held' })
    const { id, meta } = await opened(book, 'held')
    const dispatchId = Object(meta).dispatch
    await until(async () => ((await get(dispatchId)).status === 200 ? true : undefined))

    await book.complete(id, json([1, 2]))

    const outcome = await deciding
    assert.deepEqual(outcome.kind === 'completed' && outcome.results, [
      { connector: 'gate', value: [1, 2] },
    ])
    const answer = await get(dispatchId)
    assert.deepEqual(
      [Object(answer.json['data']).state, Object(answer.json['data']).kind],
      ['done', 'completed'],
    )
  })

  it('fails when nobody answers in time', async () => {
    const parked = await park('resize', 'expired')
    const { callbackId } = waitingFor(parked)
    await book.heartbeat(callbackId, 0)

    await book.expireDue(10)

    const outcome = await project.host.outcomeOf(parked)
    assert.equal(outcome.kind === 'failed' && outcome.failures[0]?.code, 'CALLBACK_EXPIRED')
  })

  it('is told over HTTP: 202, where to look, and what came of it', async () => {
    const told = await request(`${project.url}/api/v1/dispatch/ship`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-actor': 'ada' },
      body: '{"order":"http"}',
    })
    const parked = Object(told.json['data'])
    const location = String(told.headers.get('location'))
    assert.equal(told.status, 202)
    assert.equal(location, `/api/v1/dispatches/${parked.dispatchId}`)
    assert.equal(parked.kind, 'parked')

    const callbackId: string = parked.waitingFor[0].callbackId
    await book.heartbeat(callbackId, 7_200_000)
    const extended = (await book.find([callbackId]))[0]
    const seen = Object((await request(`${project.url}${location}`)).json['data'])
    assert.deepEqual(
      [seen.state, seen.kind, seen.params, seen.actor],
      ['parked', 'parked', { order: 'http' }, 'ada'],
    )
    assert.equal(Date.parse(seen.waitingFor[0].expiresAt), extended?.deadline)
    assert.ok(Date.parse(seen.createdAt) <= Date.parse(seen.updatedAt))

    await book.complete(callbackId, null)
    const done = await until(async () => {
      const { json: body } = await request(`${project.url}${location}`)
      return Object(body['data']).state === 'done' ? Object(body['data']) : undefined
    })
    assert.deepEqual([done.kind, done.dispatchId], ['completed', parked.dispatchId])
    assert.deepEqual(done.results, [{ connector: 'gate', value: { shipped: 'http' } }])
  })

  it('is 404 when it was never parked, and 400 without a UUID', async () => {
    assert.equal((await get('01945e3a-7c00-7000-8000-000000000001')).status, 404)
    assert.equal((await get('nonsense')).status, 400)
  })

  it('goes on though the answer came before it was parked, and though another program stored it', async () => {
    const early = await park('ship', 'early')
    const stranger = strangersBook(project.host.store)

    await stranger.complete(waitingFor(early).callbackId, null)

    assert.equal((await project.host.outcomeOf(early)).kind, 'completed')
  })

  it('costs no memory while it waits, and leaves no answer behind', async () => {
    const parked = await park('ship', 'quiet')
    await book.withdraw(waitingFor(parked).callbackId)

    assert.deepEqual(await until(async () => none(await book.answered('dispatches', 10))), [])
  })

  it('is taken when nobody waits for the answer any more', async () => {
    const waiter = 'dispatches'
    const meta = { host: 'gone', by: 'gate', dispatch: 'never-parked', event: 'ship', meta: null }
    const orphan = await book.create({ waiter, timeoutMs: 1_000, meta })

    await strangersBook(project.host.store).complete(orphan.id, null)

    await until(async () => (await book.find([orphan.id]))[0]?.takenAt ?? undefined)
    await until(() =>
      project.logged.find((line) => /came to nothing/.test(line) && line.includes(orphan.id)),
    )
  })
})

describe('a callback outside of handlers', () => {
  it('is kept for as long as anything of its host, once it is resolved', async () => {
    using gate = aGate(sqlite)
    const yaml = gate.yaml.replace('host:\n', 'host:\n  retention: 1d\n')
    await using project = await startProject(yaml)
    const { callbacks } = project.host.scopeOf('gate')

    const { id } = await callbacks.open({ timeout: '1h', meta: { order: 'short' } })

    const [stored] = await callbacks.book.find([id])
    assert.equal(stored?.retentionMs, 86_400_000)
  })

  it('gives its payload, or throws why there is none', async () => {
    using gate = aGate(sqlite)
    await using project = await startGate(gate)
    const { callbacks } = project.host.scopeOf('gate')
    const open = (order: string) => callbacks.open({ timeout: '1h', meta: { order } })
    const [good, bad, late] = [await open('x'), await open('y'), await open('z')]

    await callbacks.book.complete(good.id, json({ ok: true }))
    await callbacks.book.fail(bad.id, 'out of paper')
    await callbacks.book.heartbeat(late.id, 0)
    await callbacks.book.expireDue(10)

    assert.deepEqual(await good.result, { ok: true })
    await assert.rejects(async () => bad.result, {
      code: 'CALLBACK_FAILED',
      message: 'out of paper',
    })
    await assert.rejects(async () => late.result, {
      code: 'CALLBACK_EXPIRED',
      message: 'callback timed out',
    })
  })
})

describe('a host that stops', () => {
  it('tells whoever waits that it is parked; the next host goes on', async () => {
    using gate = aGate(sqlite)
    const first = await startGate(gate)
    const deciding = first.host.dispatch('ship', { order: 'moved' })
    const { id } = await opened(first.host.scopeOf('gate').callbacks.book, 'moved')
    await first.host.stop()
    const told = await deciding
    assert.equal(told.kind, 'parked')

    await using second = await startGate(gate)
    await second.host.scopeOf('gate').callbacks.book.complete(id, null)

    assert.equal((await second.host.outcomeOf(told)).kind, 'completed')
    assert.deepEqual(gate.journal('moved'), ['before', 'resolved complete', 'on', 'after'])
    await first[Symbol.asyncDispose]()
  })
})

function none<T>(found: readonly T[]): readonly T[] | undefined {
  return found.length === 0 ? found : undefined
}

/** The callback that was opened for an order, once it is there. */
function opened(book: CallbackBook, order: string) {
  return until(async () => {
    const { rows } = await book.list({ state: 'WaitingExternal' })
    return rows.find(({ meta }) => Object(meta).meta?.order === order)
  })
}
