import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { retryPolicies } from '../../src/delivery/retry-policy.ts'
import { newId } from '../../src/ids.ts'
import { openStore } from '../../src/store/open-store.ts'
import {
  allDeliveries,
  anEndpoint,
  anOutboundMessage,
  eventually,
  openTestStore,
  quiet,
  startEngine,
} from '../helpers/engine.ts'
import { FakeClock } from '../helpers/fake-clock.ts'
import { FakeSender, gate, noConnection } from '../helpers/fake-sender.ts'
import { recipients, TestFamily } from '../helpers/family.ts'

for (const kind of ['memory', 'sqlite'] as const) {
  describe(`a family of endpoints, on ${kind}`, () => {
    it('gets what is sent to it without being named anywhere', async () => {
      await using opened = await openTestStore(kind)
      const sender = new FakeSender()
      await using running = startEngine({ store: opened.store, sender })
      const family = new TestFamily()
      using _ = running.engine.family(family)
      const ids = family.putMany(1_000)

      await running.engine.send([anOutboundMessage({ to: recipients(ids) })])
      await eventually(() => sender.requests.length === 1_000)
      await eventually(async () => (await opened.store.backlog()).sending === 0)

      assert.deepEqual(new Set(sender.requests.map(({ url }) => url.host)).size, 1_000)
      assert.equal(family.looks, 1)
      const states = new Set((await allDeliveries(opened.store)).map(({ state }) => state))
      assert.deepEqual([...states], ['delivered'])
    })

    it('is sent more than a host keeps in mind, and leaves no more behind', async () => {
      await using opened = await openTestStore(kind)
      const sender = new FakeSender()
      await using running = startEngine({
        store: opened.store,
        sender,
        mostIdleEndpoints: 50,
        window: 20,
      })
      const family = new TestFamily()
      using _ = running.engine.family(family)
      const ids = family.putMany(3_000)

      await running.engine.send([anOutboundMessage({ to: recipients(ids) })])
      await eventually(() => sender.requests.length >= 3_000)
      await eventually(async () => (await opened.store.backlog()).sending === 0)
      await running.engine.send([anOutboundMessage({ to: recipients(ids.slice(0, 1)) })])

      assert.equal(new Set(sender.requests.map(({ url }) => url.host)).size, 3_000)
      // Those that are idle, and as many as may have been under way.
      assert.ok(running.engine.knownMembers <= 90, `${running.engine.knownMembers} are known`)
      await eventually(async () => {
        const { looks } = family
        await quiet(200)
        return family.looks === looks
      }, 'what is gone is looked up without end')
    })

    it('takes no look when the definition comes along, until a second is over', async () => {
      const clock = new FakeClock()
      await using opened = await openTestStore(kind, clock)
      const sender = new FakeSender()
      await using running = startEngine({ store: opened.store, sender, clock })
      const family = new TestFamily()
      using _ = running.engine.family(family)
      const endpoint = family.put('a')
      const definition = family.endpoints.get(endpoint) ?? assert.fail()
      const to = [{ endpoint, definition }]

      await running.engine.send([anOutboundMessage({ to })])
      await running.engine.send([anOutboundMessage({ to })])
      await clock.advance(1_001)
      await running.engine.send([anOutboundMessage({ to })])
      await eventually(() => sender.requests.length === 3)

      assert.equal(family.looks, 0)
      await clock.advance(1_001)
      await running.engine.send([anOutboundMessage({ to: [{ endpoint }] })])
      assert.equal(family.looks, 1)
    })

    it('is tried again when the time has come', async () => {
      const clock = new FakeClock()
      await using opened = await openTestStore(kind, clock)
      const sender = new FakeSender([503, 200])
      await using running = startEngine({ store: opened.store, sender, clock })
      const family = new TestFamily()
      using _ = running.engine.family(family)
      const id = family.put('a')

      await running.engine.send([anOutboundMessage({ to: recipients([id]) })])
      await eventually(() => sender.requests.length === 1)
      await eventually(async () => (await opened.store.backlog()).pending === 1)
      await clock.advance(4_900)
      await quiet()
      assert.equal(sender.requests.length, 1)
      await clock.advance(200)

      await eventually(() => sender.requests.length === 2)
      await eventually(async () => (await opened.store.backlog()).pending === 0)
    })

    it('goes out after a restart, what waits for its time included', async () => {
      const clock = new FakeClock()
      await using opened = await openTestStore('sqlite', clock)
      const family = new TestFamily()
      const ids = family.putMany(30)
      {
        await using first = startEngine({
          store: opened.store,
          sender: new FakeSender([noConnection]),
          clock,
        })
        using _ = first.engine.family(family)
        await first.engine.send([anOutboundMessage({ to: recipients(ids.slice(0, 15)) })])
        await eventually(async () => (await opened.store.backlog()).pending === 15)
      }
      await using later = startEngine({
        store: opened.store,
        sender: new FakeSender(),
        clock,
        start: false,
      })
      await later.engine.send([anOutboundMessage({ to: recipients(ids.slice(15)) })])

      const sender = new FakeSender()
      await using again = startEngine({ store: opened.store, sender, clock })
      using _ = again.engine.family(family)
      await eventually(async () => {
        await clock.advance(100)
        return sender.requests.length === 15
      })
      await eventually(async () => {
        await clock.advance(500)
        return sender.requests.length === 30
      })
    })

    it('waits as long as nobody knows the family, and is not missing when somebody does', async () => {
      const clock = new FakeClock()
      await using opened = await openTestStore(kind, clock)
      const sender = new FakeSender()
      await using running = startEngine({ store: opened.store, sender, clock })
      const family = new TestFamily()
      const id = family.put('a')

      await running.engine.send([anOutboundMessage({ to: recipients([id]) })])
      await running.engine.sweepMissing(60_000)
      assert.deepEqual(await running.engine.missingEndpoints(), [{ endpoint: id, waiting: 1 }])
      using _ = running.engine.family(family)
      await running.engine.sweepMissing(0)

      assert.deepEqual(await running.engine.missingEndpoints(), [])
      await eventually(async () => {
        await clock.advance(100)
        return sender.requests.length === 1
      })
    })

    it('is cancelled when its endpoint is gone: what waits here, in the store, and for its time', async () => {
      const clock = new FakeClock()
      await using opened = await openTestStore(kind, clock)
      const hanging = gate()
      const sender = new FakeSender([hanging.answer])
      await using running = startEngine({ store: opened.store, sender, clock })
      const family = new TestFamily()
      using registered = running.engine.family(family)
      const id = family.put('a', { concurrency: 1 })
      await running.engine.send(
        Array.from({ length: 20 }, () => anOutboundMessage({ to: recipients([id]) })),
      )
      await eventually(() => sender.requests.length === 1)

      family.endpoints.delete(id)
      await registered.changed([id])
      hanging.open(503)
      await eventually(async () => {
        await clock.advance(500)
        return (await opened.store.backlog()).oldestPendingAt === null
      })

      const rows = await allDeliveries(opened.store)
      assert.equal(sender.requests.length, 1)
      assert.deepEqual(
        new Set(rows.map(({ state, lastError }) => `${state}: ${lastError}`)),
        new Set(['cancelled: subscription revoked']),
      )
    })

    it('is sent as it is now, right after a change', async () => {
      await using opened = await openTestStore(kind)
      const hanging = gate()
      const sender = new FakeSender([hanging.answer, 200])
      await using running = startEngine({ store: opened.store, sender })
      const family = new TestFamily()
      using registered = running.engine.family(family)
      const id = family.put('a', { concurrency: 1 })
      const message = anOutboundMessage({ to: recipients([id]) })
      await running.engine.send([message, anOutboundMessage({ to: recipients([id]) })])
      await eventually(() => sender.requests.length === 1)

      family.put('a', { concurrency: 1, url: 'http://b.test/hook' })
      await registered.changed([id])
      hanging.open()
      await eventually(() => sender.requests.length === 2)

      assert.equal(sender.requests[1]?.url.host, 'b.test')
    })

    it('gets nothing more after a 410, on a host that has just begun to know it as well', async () => {
      await using opened = await openTestStore(kind)
      const family = new TestFamily()
      const id = family.put('a')
      {
        const sender = new FakeSender([410])
        await using first = startEngine({ store: opened.store, sender })
        using _ = first.engine.family(family)
        await first.engine.send([anOutboundMessage({ to: recipients([id]) })])
        await eventually(async () => (await opened.store.endpointStates([id])).length === 1)
      }
      const sender = new FakeSender()
      await using running = startEngine({ store: opened.store, sender })
      using _ = running.engine.family(family)

      const sent = await running.engine.send([anOutboundMessage({ to: recipients([id]) })])

      assert.deepEqual(sent, [])
      assert.equal(sender.requests.length, 0)
    })

    it('waits while its family cannot say what it is, and what is stored is kept', async () => {
      await using opened = await openTestStore(kind)
      const sender = new FakeSender()
      await using running = startEngine({ store: opened.store, sender })
      const family = new TestFamily()
      using _ = running.engine.family(family)
      const id = family.put('a')
      let isBroken = true
      family.before = () => {
        if (isBroken) throw new TypeError('a mistake of the plugin')
      }

      const [sent] = await running.engine.send([anOutboundMessage({ to: recipients([id]) })])
      assert.equal(sent?.state, 'pending')
      isBroken = false

      await eventually(() => sender.requests.length === 1)
      assert.ok(running.log.some(({ message }) => message === 'endpoints could not be looked up'))
    })

    it('does not take one with a broken secret for all of them, and does not log it', async () => {
      await using opened = await openTestStore(kind)
      const sender = new FakeSender()
      await using running = startEngine({ store: opened.store, sender })
      const family = new TestFamily()
      using _ = running.engine.family(family)
      const secret = 'whsec_not base64, and nobody is to see it'
      const ids = [family.put('a', { secrets: [secret] }), family.put('b')]

      await running.engine.send([anOutboundMessage({ to: recipients(ids) })])
      await eventually(() => sender.requests.length === 1)

      assert.equal(sender.requests[0]?.url.host, 'b.test')
      assert.equal((await opened.store.backlog()).pending, 1)
      const log = JSON.stringify(running.log)
      assert.ok(log.includes('an endpoint cannot be used'))
      assert.ok(!log.includes('nobody is to see it'))
    })
  })
}

describe('endpoints of the assembly, beside a family', () => {
  it('are sent to while a subscription hangs and more wait than a host can hold', async () => {
    await using opened = await openTestStore('sqlite')
    const hanging = gate()
    const sender = new FakeSender([
      ({ url }) => (url.host === 'audit.test' ? 200 : hanging.answer()),
    ])
    await using running = startEngine({ store: opened.store, sender, window: 20 })
    const family = new TestFamily()
    using _ = running.engine.family(family)
    const ids = family.putMany(500)
    await running.engine.send([anOutboundMessage({ to: recipients(ids) })])
    await eventually(() => sender.requests.length === 40)

    await running.engine.send(Array.from({ length: 200 }, () => anOutboundMessage()))
    await eventually(
      () => sender.requests.filter(({ url }) => url.host === 'audit.test').length === 200,
    )

    assert.equal(sender.requests.length, 240)
    hanging.open()
    await eventually(() => sender.requests.length === 700)
  })

  it('do not wait for a family that hangs when it is asked', async () => {
    await using opened = await openTestStore('memory')
    const sender = new FakeSender([503, 200])
    const clock = new FakeClock()
    await using running = startEngine({ store: opened.store, sender, clock })
    const family = new TestFamily()
    using _ = running.engine.family(family)
    family.before = () => new Promise(() => undefined)
    void running.engine.send([anOutboundMessage({ to: recipients([family.put('a')]) })])

    await running.engine.send([anOutboundMessage()])
    await eventually(() => sender.requests.length === 1)
    await eventually(async () => {
      await clock.advance(500)
      return sender.requests.length === 2
    })
  })

  it('are what the assembly says, even with the prefix of a family', async () => {
    await using opened = await openTestStore('memory')
    const sender = new FakeSender()
    const endpoints = [anEndpoint({ id: 'subscription/mine', url: 'http://mine.test/' })]
    await using running = startEngine({ store: opened.store, sender, endpoints })
    const family = new TestFamily()
    using _ = running.engine.family(family)

    await running.engine.send([anOutboundMessage({ to: recipients(['subscription/mine']) })])
    await eventually(() => sender.requests.length === 1)

    assert.equal(family.looks, 0)
  })
})

describe('families', () => {
  it('need prefixes that can be told apart', async () => {
    await using opened = await openTestStore('memory')
    await using running = startEngine({ store: opened.store, sender: new FakeSender() })
    using _ = running.engine.family(new TestFamily('subscription/'))

    for (const prefix of ['', 'sub', 'subscription/of/'])
      assert.throws(() => running.engine.family(new TestFamily(prefix)), { code: 'USAGE' })
    running.engine.family(new TestFamily('tenant/'))[Symbol.dispose]()
  })

  it('take the place of one another in a reload, and the last one going leaves the first', async () => {
    await using opened = await openTestStore('memory')
    const sender = new FakeSender()
    await using running = startEngine({ store: opened.store, sender })
    const [before, next] = [new TestFamily(), new TestFamily()]
    const id = before.put('a', { url: 'http://before.test/' })
    next.put('a', { url: 'http://next.test/' })
    const send = () => running.engine.send([anOutboundMessage({ to: recipients([id]) })])

    using _ = running.engine.family(before)
    await send()
    const second = running.engine.family(next)
    await send()
    second[Symbol.dispose]()
    await send()
    await eventually(() => sender.requests.length === 3)

    const hosts = sender.requests.map(({ url }) => url.host)
    assert.deepEqual(hosts, ['before.test', 'next.test', 'before.test'])
  })

  it('find everything again that was too much to remember', async () => {
    await using opened = await openTestStore('sqlite')
    const url = opened.url
    const ids = new TestFamily().putMany(12_000)
    await using elsewhere = await openStore(url, {})
    {
      await using away = startEngine({
        store: elsewhere,
        sender: new FakeSender(),
        start: false,
      })
      await away.engine.send([anOutboundMessage({ to: recipients(ids) })])
    }
    const sender = new FakeSender()
    await using running = startEngine({ store: opened.store, sender, hostId: newId() })
    const family = new TestFamily()
    family.putMany(12_000, { retry: retryPolicies.axme })
    using _ = running.engine.family(family)

    await eventually(() => sender.requests.length === 12_000)

    assert.ok(running.engine.knownMembers <= 12_000)
    assert.equal(new Set(sender.requests.map(({ url }) => url.host)).size, 12_000)
  })
})
