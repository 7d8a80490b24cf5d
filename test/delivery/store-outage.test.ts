import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { newId } from '../../src/ids.ts'
import {
  anOutboundMessage,
  type EngineUnderTest,
  eventually,
  openTestStore,
  startEngine,
} from '../helpers/engine.ts'
import { type FailingStore, failingStore } from '../helpers/failing-store.ts'
import { FakeClock } from '../helpers/fake-clock.ts'
import { FakeSender, gate } from '../helpers/fake-sender.ts'

describe('two hosts whose store was away for longer than a host may be silent', () => {
  it('do not take from each other what is in flight', async () => {
    await using hosts = await twoHosts()
    await hosts.one.engine.send([anOutboundMessage()])
    await eventually(() => hosts.sender.requests.length === 1)

    hosts.away(true)
    hosts.gate.open()
    await hosts.clock.advance(40_000)
    // The other one beats first.
    hosts.stores[1].away = false
    await hosts.clock.advance(4_000)
    hosts.away(false)
    await hosts.clock.advance(20_000)

    assert.equal(hosts.sender.requests.length, 1)
    assert.equal((await hosts.stores[0].store.backlog()).sending, 0)
    assert.deepEqual([...hosts.stores[0].settled.values()], [1])
  })

  it('take over what one of them held that has not come back', async () => {
    await using hosts = await twoHosts()
    await hosts.one.engine.send([anOutboundMessage()])
    await eventually(() => hosts.sender.requests.length === 1)

    hosts.away(true)
    await hosts.clock.advance(20_000)
    hosts.stores[1].away = false
    await hosts.clock.advance(25_000)

    assert.equal(hosts.sender.requests.length, 2)
  })
})

interface TwoHosts extends AsyncDisposable {
  readonly clock: FakeClock
  readonly sender: FakeSender
  /** Opened, the first request is answered. */
  readonly gate: ReturnType<typeof gate>
  readonly one: EngineUnderTest
  readonly stores: readonly [FailingStore, FailingStore]
  away(isAway: boolean): void
}

async function twoHosts(): Promise<TwoHosts> {
  const stack = new AsyncDisposableStack()
  const clock = new FakeClock()
  const first = gate()
  const sender = new FakeSender([first.answer, 200])
  const { store } = stack.use(await openTestStore('memory', clock))
  const stores = [failingStore(store), failingStore(store)] as const
  const [one] = stores.map(({ store }) =>
    stack.use(startEngine({ store, sender, clock, hostId: newId() })),
  )
  assert.ok(one)
  return {
    clock,
    sender,
    gate: first,
    one,
    stores,
    away(isAway) {
      for (const each of stores) each.away = isAway
    },
    async [Symbol.asyncDispose]() {
      for (const each of stores) each.away = false
      first.open()
      await stack.disposeAsync()
    },
  }
}
