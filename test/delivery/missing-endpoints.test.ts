import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { startRetention } from '../../src/retention.ts'
import type { AuditCut } from '../../src/store/audit-cut.ts'
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
import { FakeClock } from '../helpers/fake-clock.ts'
import { FakeSender } from '../helpers/fake-sender.ts'

const second = 1_000
const gone = 'webhooks/gone'
const reason = 'endpoint not in the assembly'

for (const kind of ['memory', 'sqlite'] as const) {
  describe(`deliveries whose endpoint is not in the assembly (${kind})`, () => {
    it('wait for it untried, say so, and are dead when it has been away for the retention', async () => {
      const clock = new FakeClock()
      await using opened = await openTestStore(kind, clock)
      const sender = new FakeSender()
      await using setup = startEngine({ store: opened.store, sender, clock })
      const { engine } = setup
      await engine.send([to(gone), to(gone), to('webhooks/audit')])

      await engine.sweepMissing(30 * second)
      await clock.advance(29 * second)
      await engine.sweepMissing(30 * second)

      assert.deepEqual(await engine.missingEndpoints(), [{ endpoint: gone, waiting: 2 }])
      assert.deepEqual(await statesOf(opened.store), [`pending ${reason}`, `pending ${reason}`])
      await clock.advance(second)
      await engine.sweepMissing(30 * second)
      assert.deepEqual(await statesOf(opened.store), [`dead ${reason}`, `dead ${reason}`])
      assert.deepEqual(await engine.missingEndpoints(), [])
      assert.equal(sender.requests.length, 1)
    })

    it('go on when it returns, and count anew when it goes again', async () => {
      const clock = new FakeClock()
      await using opened = await openTestStore(kind, clock)
      const sender = new FakeSender()
      await using setup = startEngine({ store: opened.store, sender, clock, start: false })
      const { engine } = setup
      await engine.send([to(gone)])
      await engine.sweepMissing(30 * second)
      await clock.advance(29 * second)

      const returned = engine.endpoint(anEndpoint({ id: gone }))
      assert.deepEqual(await engine.missingEndpoints(), [])
      await eventually(async () => (await statesOf(opened.store))[0] === 'pending null')
      returned[Symbol.dispose]()
      await engine.sweepMissing(30 * second)
      await clock.advance(29 * second)
      await engine.sweepMissing(30 * second)

      assert.deepEqual(await statesOf(opened.store), [`pending ${reason}`])
      engine.endpoint(anEndpoint({ id: gone }))
      engine.start()
      await eventually(async () => (await statesOf(opened.store))[0] === 'delivered null')
      assert.equal(sender.requests.length, 1)
    })

    it('are seen again by a host that has them after a restart', async () => {
      const clock = new FakeClock()
      await using opened = await openTestStore(kind, clock)
      const sender = new FakeSender()
      {
        await using without = startEngine({ store: opened.store, sender, clock })
        await without.engine.send([to(gone)])
        await without.engine.sweepMissing(second)
      }
      await clock.advance(2 * second)

      const endpoints = [anEndpoint({ id: gone })]
      await using setup = startEngine({ store: opened.store, sender, clock, endpoints })
      await eventually(async () => (await statesOf(opened.store))[0] === 'delivered null')
      await setup.engine.sweepMissing(second)

      assert.equal((await opened.store.endpointStates())[0]?.missingSince, null)
    })

    it('are forgotten with the last of them', async () => {
      const clock = new FakeClock()
      await using opened = await openTestStore(kind, clock)
      await using setup = startEngine({ store: opened.store, sender: new FakeSender(), clock })
      const { engine } = setup
      await engine.send([to(gone)])
      await engine.sweepMissing(second)
      const [waiting] = await allDeliveries(opened.store)
      assert.ok(waiting)
      await engine.cancel(waiting.id)
      await engine.sweepMissing(second)
      await clock.advance(2 * second)
      await engine.send([to(gone)])
      await engine.sweepMissing(second)

      assert.deepEqual(await statesOf(opened.store), ['cancelled null', `pending ${reason}`])
    })
  })
}

function to(endpoint: string): ReturnType<typeof anOutboundMessage> {
  return anOutboundMessage({ to: [{ endpoint }] })
}

async function statesOf(store: Store): Promise<string[]> {
  const rows = (await allDeliveries(store)).filter(({ endpoint }) => endpoint === gone)
  return rows.map(({ state, lastError }) => `${state} ${lastError}`)
}

describe('retention', () => {
  it('looks at once, goes on without a pause to speak of while there is more, and then every minute', async () => {
    const clock = new FakeClock()
    const done: string[] = []
    const removals = [500, 500, 3, 3, 0]
    const expired = [0, 3, 500]
    const store = {
      async prune(before: number, limit: number): Promise<number> {
        done.push(`prune ${clock.now() - before} ${limit}`)
        return removals.shift() ?? Promise.reject(new TypeError('away'))
      },
      async pruneAudit(before: number, limit: number): Promise<AuditCut> {
        done.push(`audit ${clock.now() - before} ${limit}`)
        return { removed: 0, refused: [] }
      },
      async expireRecords(now: number, limit: number): Promise<number> {
        done.push(`expire ${clock.now() - now} ${limit}`)
        return expired.shift() ?? 0
      },
    }
    const engine = { sweepMissing: async (ms: number) => void done.push(`missing ${ms}`) }
    const warnings: string[] = []
    const log = { warn: (_fields: object, message?: string) => void warnings.push(message ?? '') }

    using _retention = startRetention({ store, engine, clock, log, retentionMs: () => second })
    await quiet()
    await clock.advance(300)
    await quiet()
    const round = ['prune 1000 500', 'audit 1000 500', 'expire 0 500']
    assert.deepEqual(done, [...Array(4).fill(round).flat(), 'missing 1000'])
    await clock.advance(60 * second)
    assert.equal(done.length, 17)
    assert.deepEqual(warnings, [])
    await clock.advance(60 * second)
    await clock.advance(60 * second)

    assert.equal(done.length, 19)
    assert.equal(warnings.length, 2)
  })

  it('says which audit chains it leaves alone, and removes the rest', async () => {
    const clock = new FakeClock()
    const store = {
      prune: async (): Promise<number> => 0,
      pruneAudit: async (): Promise<AuditCut> => ({ removed: 3, refused: ['row r1 is wrong'] }),
      expireRecords: async (): Promise<number> => 0,
    }
    const swept: number[] = []
    const engine = { sweepMissing: async (ms: number) => void swept.push(ms) }
    const warnings: unknown[] = []
    const log = { warn: (...said: unknown[]) => void warnings.push(said) }

    using _retention = startRetention({ store, engine, clock, log, retentionMs: () => second })
    await quiet()

    const left = [{ reason: 'row r1 is wrong' }, 'retention left an audit chain alone']
    assert.deepEqual([warnings, swept], [[left], [second]])
  })
})
