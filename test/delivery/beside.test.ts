import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { DeliveryStep, StepRecords } from '../../src/delivery/delivery-step.ts'
import type { EndpointDefinition } from '../../src/delivery/endpoint.ts'
import { retryPolicies } from '../../src/delivery/retry-policy.ts'
import { aMessageTo } from '../../src/store/contract/makers.ts'
import type { Store } from '../../src/store/store.ts'
import {
  allDeliveries,
  anEndpoint,
  anOutboundMessage,
  eventually,
  openTestStore,
  quiet,
  startEngine,
} from '../helpers/engine.ts'
import { type FailureKind, failingStore } from '../helpers/failing-store.ts'
import { FakeClock } from '../helpers/fake-clock.ts'
import { FakeSender, gate, noConnection } from '../helpers/fake-sender.ts'

const retry = { ...retryPolicies.awa, baseMs: 1_000, factor: 1, jitter: 'none' } as const

/** What an endpoint writes of each step: a record for each of its deliveries, a count of all, and a row of the audit trail. */
function told({ delivery, attempt, next }: DeliveryStep): Required<StepRecords> {
  const { id } = delivery
  return {
    records: [
      { kind: 'patch', collection: 'c', id: 'all', add: { steps: 1 } },
      {
        kind: 'put',
        collection: 'c',
        id: `${id} ${attempt?.number ?? 'none'} ${next.kind}`,
        value: 1,
      },
    ],
    audit: [audited(id, next.kind)],
  }
}

function audited(entityId: string, action: string): NonNullable<StepRecords['audit']>[number] {
  return { entityType: 'event', entityId, action, actor: 'test', details: {} }
}

async function stepsCounted(store: Store): Promise<unknown> {
  const [all] = await store.records('c', ['all'])
  return all?.value
}

async function actions(store: Store): Promise<string[]> {
  const { rows } = await store.auditTrail({ limit: 1_000 })
  return rows.map(({ action }) => action).reverse()
}

const all = { kind: 'put', collection: 'c', id: 'all', value: { steps: 0 } } as const

describe('what an endpoint writes beside what comes of its deliveries', () => {
  it('is asked for each attempt, with what follows, and written with it', async () => {
    const clock = new FakeClock()
    await using opened = await openTestStore('sqlite', clock)
    await opened.store.writeRecords([all])
    const steps: DeliveryStep[] = []
    const beside = (step: DeliveryStep): StepRecords => {
      steps.push(step)
      return told(step)
    }
    const endpoints = [anEndpoint({ retry, beside })]
    const sender = new FakeSender([503, 200])
    await using running = startEngine({ store: opened.store, sender, clock, endpoints })

    await running.engine.send([anOutboundMessage({ traceId: 't-1' })])
    await eventually(async () => {
      await clock.advance(1_000)
      return (await allDeliveries(opened.store))[0]?.state === 'delivered'
    })

    const [first, second] = steps
    assert.equal(steps.length, 2)
    assert.deepEqual(first?.next, {
      kind: 'pending',
      dueAt: (first?.at ?? 0) + 1_000,
      reason: '503',
    })
    assert.deepEqual([first?.attempt?.status, first?.attempt?.error], [503, '503'])
    assert.deepEqual([second?.next, second?.attempt?.number], [{ kind: 'delivered' }, 2])
    assert.deepEqual([first?.delivery.attempts, second?.delivery.attempts], [0, 1])
    assert.equal(first?.delivery.message.traceId, 't-1')
    assert.deepEqual(await stepsCounted(opened.store), { steps: 2 })
    assert.deepEqual(await actions(opened.store), ['pending', 'delivered'])
  })

  it('is asked for what is given up without an attempt, and for what its endpoint cancels', async () => {
    const clock = new FakeClock()
    await using opened = await openTestStore('memory', clock)
    const ends: unknown[] = []
    const beside = ({ delivery, attempt, next, by }: DeliveryStep): StepRecords => {
      const end = [delivery.endpoint, attempt?.error ?? null, next.kind]
      ends.push(by === undefined ? end : [...end, by])
      return {}
    }
    const cancel = { kind: 'cancel', reason: 'no' } as const
    const never = { ...retry, maxTimeMs: -1 }
    const open = { failureThreshold: 1, recoveryTimeoutMs: 60_000, count5xx: false }
    const counting = { ...retry, maxTries: 2, openCircuit: 'count' } as const
    const endpoints = [
      anEndpoint({ id: 'w/expired', retry: never, beside }),
      anEndpoint({ id: 'w/vetoed', beside, admit: () => ({ ...cancel, by: 'legal' }) }),
      anEndpoint({ id: 'w/recalled', beside, admit: () => cancel }),
      anEndpoint({ id: 'w/inactive', beside, admit: () => ({ kind: 'dead', reason: 'no' }) }),
      anEndpoint({ id: 'w/circuit', retry: counting, circuitBreaker: open, beside }),
    ]
    const sender = new FakeSender([noConnection])
    await using running = startEngine({ store: opened.store, sender, clock, endpoints })

    for (const { id } of endpoints) {
      await running.engine.send([anOutboundMessage({ to: [{ endpoint: id }] })])
    }
    for (let s = 0; s < 3; s += 1) {
      await quiet()
      await clock.advance(1_000)
    }

    assert.deepEqual(ends, [
      ['w/expired', null, 'dead'],
      ['w/vetoed', null, 'cancelled', 'legal'],
      ['w/recalled', null, 'cancelled'],
      ['w/inactive', null, 'dead'],
      ['w/circuit', noConnection.kind === 'no-reply' ? noConnection.message : '', 'pending'],
      ['w/circuit', 'circuit open', 'dead'],
    ])
  })

  it('is asked for what was stored for an endpoint that is disabled by now', async () => {
    const clock = new FakeClock()
    await using opened = await openTestStore('memory', clock)
    const ends: unknown[] = []
    const beside = ({ attempt, next }: DeliveryStep): StepRecords => {
      ends.push([attempt, next])
      return {}
    }
    const endpoints = [anEndpoint({ beside })]
    await opened.store.enqueue([aMessageTo({ endpoint: 'webhooks/audit', dueAt: clock.now() })])
    await opened.store.updateEndpoint('webhooks/audit', {
      disabledReason: 'it answered 410',
      disabledUrl: 'http://audit.test/hook',
    })
    const sender = new FakeSender()
    await using _running = startEngine({ store: opened.store, sender, clock, endpoints })

    await eventually(async () => (await allDeliveries(opened.store))[0]?.state === 'dead')

    assert.deepEqual(ends, [[null, { kind: 'dead', reason: 'it answered 410' }]])
  })

  it('is not asked for what is given back, nor while an open circuit puts off', async () => {
    const clock = new FakeClock()
    await using opened = await openTestStore('memory', clock)
    const steps: string[] = []
    const beside = ({ next }: DeliveryStep): StepRecords => {
      steps.push(next.kind)
      return {}
    }
    const circuitBreaker = { failureThreshold: 1, recoveryTimeoutMs: 60_000, count5xx: false }
    const sender = new FakeSender([noConnection, gate().answer])
    const endpoints = [anEndpoint({ retry: { ...retry, maxTries: 3 }, circuitBreaker, beside })]
    const running = startEngine({ store: opened.store, sender, clock, endpoints })
    await running.engine.send([anOutboundMessage()])
    for (let s = 0; s < 30; s += 1) {
      await quiet(2)
      await clock.advance(1_000)
    }
    assert.deepEqual(steps, ['pending'])

    await running.engine.stop(0)
    assert.deepEqual(steps, ['pending'])
  })

  it('that throws leaves its delivery settled, and is told in the log', async () => {
    await using opened = await openTestStore('memory')
    const beside = (): never => {
      throw new TypeError('beside myself')
    }
    const sender = new FakeSender()
    const endpoints = [anEndpoint({ beside })]
    await using running = startEngine({ store: opened.store, sender, endpoints })

    await running.engine.send([anOutboundMessage()])
    await eventually(async () => (await allDeliveries(opened.store))[0]?.state === 'delivered')

    const errors = running.log.filter(({ level }) => level === 'error')
    assert.equal(errors.length, 1)
    assert.match(errors[0]?.message ?? '', /settled without/)
    assert.equal(sender.requests.length, 1)
  })

  for (const kind of ['memory', 'sqlite'] as const) {
    it(`that conflicts leaves its delivery settled without it, and the others with theirs (${kind})`, async () => {
      await using opened = await openTestStore(kind)
      await opened.store.writeRecords([all])
      const bad = { kind: 'put', collection: 'c', id: 'all', value: 1, expects: 'absent' } as const
      const faults: readonly StepRecords[] = [
        { records: [bad] },
        { records: [{ ...bad, id: '' }] },
        { audit: [{ ...audited('e', 'a'), details: { big: 1n } }] },
      ]
      let asked = 0
      const beside = (step: DeliveryStep): StepRecords => {
        asked += 1
        return faults[asked / 3 - 1] ?? told(step)
      }
      const held = gate()
      const sender = new FakeSender([held.answer])
      const endpoints = [anEndpoint({ beside, concurrency: 20 })]
      await using running = startEngine({ store: opened.store, sender, endpoints })

      await running.engine.send(Array.from({ length: 12 }, () => anOutboundMessage()))
      await eventually(() => sender.requests.length === 12)
      held.open()
      await eventually(async () =>
        (await allDeliveries(opened.store)).every(({ state }) => state === 'delivered'),
      )

      assert.equal(asked, 12)
      assert.deepEqual(await stepsCounted(opened.store), { steps: 9 })
      assert.equal((await actions(opened.store)).length, 9)
      const errors = running.log.filter(({ level }) => level === 'error')
      assert.equal(errors.length, 3)
      assert.equal(sender.requests.length, 12)
    })
  }

  for (const kind of ['before', 'after'] as const) {
    it(`is written once with each settlement, whichever call of the store fails (${kind} it was done)`, async () => {
      const { calls } = await runWithFailure(Number.POSITIVE_INFINITY, kind)
      assert.ok(calls > 30, `the run makes ${calls} calls`)

      for (let at = 0; at < 50; at += 1) await runWithFailure(at, kind)
    })
  }
})

/** Sends some messages through a store of which one call fails: of every settlement there is what stands beside it, once, and of nothing else. */
async function runWithFailure(at: number, kind: FailureKind): Promise<{ readonly calls: number }> {
  const clock = new FakeClock()
  await using opened = await openTestStore('memory', clock)
  await opened.store.writeRecords([all])
  const failing = failingStore(opened.store, (index) => (index === at ? kind : undefined))
  const admit: EndpointDefinition['admit'] = async ({ message }) =>
    message.type === 'vetoed' ? { kind: 'cancel', reason: 'vetoed' } : { kind: 'go' }
  const sender = new FakeSender([503, 200, 503, 200])
  await using running = startEngine({
    store: failing.store,
    sender,
    clock,
    endpoints: [anEndpoint({ retry, concurrency: 2, admit, beside: told })],
  })

  for (let n = 0; n < 8; n += 1) {
    const type = n % 4 === 3 ? 'vetoed' : 'sent'
    // One of them is refused when the call that fails is its own.
    await running.engine.send([anOutboundMessage({ type })]).catch(() => undefined)
    await quiet(2)
  }
  for (let s = 0; s < 50; s += 1) {
    await clock.advance(1_000)
    await quiet(2)
  }

  const rows = await allDeliveries(opened.store)
  let steps = 0
  for (const { id, state } of rows) {
    const found = await opened.store.delivery(id)
    const numbers = found?.attempts.map(({ number, outcome }) => `${number} ${outcome}`) ?? []
    const records = numbers.map((each) => {
      const [number, outcome] = each.split(' ')
      return `${id} ${number} ${outcome === 'delivered' ? 'delivered' : 'pending'}`
    })
    if (state === 'cancelled') records.push(`${id} none cancelled`)
    assert.ok(state === 'delivered' || state === 'cancelled', `${kind} call ${at}: ${state}`)
    const kept = await opened.store.records('c', records)
    assert.ok(
      kept.every((record) => record?.version === 1),
      `${kind} call ${at}: ${records.join()}`,
    )
    steps += records.length
  }
  assert.deepEqual(await stepsCounted(opened.store), { steps }, `${kind} call ${at}`)
  assert.equal((await actions(opened.store)).length, steps)
  for (const [id, times] of failing.settled) assert.equal(times, 1, `${id} settled ${times} times`)
  return { calls: failing.calls.length }
}
