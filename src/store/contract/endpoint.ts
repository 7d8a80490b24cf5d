import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Store } from '../store.ts'
import { aClaim, aClaimed, aMessageTo, anAuditRow, delivered, noon, second } from './makers.ts'

export function testEndpoint(open: () => Promise<Store>): void {
  describe('endpoint states', () => {
    it('begin closed and untouched, and change field by field', async () => {
      await using store = await open()
      assert.deepEqual(await store.endpointStates(), [])

      await store.updateEndpoint('h/b', { consecutiveFailures: 2, lastError: 'ECONNRESET' })
      await store.updateEndpoint('h/b', { pausedUntil: noon, lastError: null })
      await store.updateEndpoint('h/a', {})

      const untouched = {
        circuit: 'closed',
        consecutiveFailures: 0,
        probeAt: null,
        pausedUntil: null,
        disabledReason: null,
        disabledUrl: null,
        missingSince: null,
        lastSuccessAt: null,
        lastErrorAt: null,
        lastError: null,
      }
      assert.deepEqual(await store.endpointStates(), [
        { ...untouched, endpoint: 'h/a' },
        { ...untouched, endpoint: 'h/b', consecutiveFailures: 2, pausedUntil: noon },
      ])
    })

    it('change with a row of the audit trail, or not at all', async () => {
      await using store = await open()
      const row = anAuditRow({ action: 'endpoint.paused' })

      await store.updateEndpoint('h/a', { pausedUntil: noon }, [row])
      await assert.rejects(store.updateEndpoint('h/a', { pausedUntil: null }, [row]), {
        code: 'USAGE',
      })

      const [state] = await store.endpointStates(['h/a'])
      assert.equal(state?.pausedUntil, noon)
      assert.deepEqual((await store.auditTrail({})).rows, [row])
    })

    it('give the probe of an open circuit to one caller', async () => {
      await using store = await open()
      await store.updateEndpoint('h/a', { circuit: 'open', probeAt: noon })
      const next = noon + 30 * second

      assert.equal(await store.takeProbe('h/a', noon - 1, next), false)
      const taken = await Promise.all([1, 2, 3].map(() => store.takeProbe('h/a', noon, next)))

      assert.deepEqual(taken.sort(), [false, false, true])
      assert.equal((await store.endpointStates())[0]?.probeAt, next)
      assert.equal(await store.takeProbe('h/a', next, next + second), true)
    })

    it('have no probe to give while the circuit is closed or unknown', async () => {
      await using store = await open()
      await store.updateEndpoint('h/a', { circuit: 'closed', probeAt: noon })
      await store.updateEndpoint('h/b', { circuit: 'open', probeAt: null })

      const taken = ['h/a', 'h/b', 'h/c'].map((name) => store.takeProbe(name, noon, noon + 1))

      assert.deepEqual(await Promise.all(taken), [false, false, false])
    })
  })

  describe('missing endpoints', () => {
    it('are why their deliveries wait, as long as they are missing', async () => {
      await using store = await open()
      const sending = await aClaimed(store, { endpoint: 'h/a' })
      const waiting = aMessageTo({ endpoint: 'h/a' })
      await store.enqueue([waiting, aMessageTo({ endpoint: 'h/b' })])
      const reasons = async (): Promise<(string | null)[]> =>
        (await store.deliveries({ state: 'pending' })).rows.map((row) => row.lastError)

      await store.updateEndpoint('h/a', { missingSince: noon })

      assert.deepEqual((await reasons()).sort(), ['endpoint not in the assembly', null])
      const id = waiting.deliveries[0]?.id ?? sending.id
      assert.equal((await store.delivery(id))?.delivery.lastError, 'endpoint not in the assembly')
      assert.equal((await store.delivery(sending.id))?.delivery.lastError, null)
      await store.updateEndpoint('h/a', { missingSince: null })
      assert.deepEqual(await reasons(), [null, null])
    })

    it('are found among those that something waits for, page by page', async () => {
      await using store = await open()
      const sent = await aClaimed(store, { endpoint: 'h/sent' })
      await store.settle([delivered(sent)])
      await aClaimed(store, { endpoint: 'h/sending' })
      await aClaimed(store, { endpoint: 'h/held', orderKey: 'k' })
      await store.enqueue([
        aMessageTo({ endpoint: 'h/held', orderKey: 'k' }),
        ...['h/c', 'h/a', 'h/b', 'h/a'].map((endpoint) =>
          aMessageTo({ endpoint, dueAt: noon + 3600 * second }),
        ),
      ])

      assert.deepEqual(await store.waitingEndpoints('', 2), ['h/a', 'h/b'])
      assert.deepEqual(await store.waitingEndpoints('h/b', 9), ['h/c', 'h/held'])
      assert.deepEqual(await store.waitingEndpoints('h/held', 9), [])
      const counts = ['h/a', 'h/held', 'h/sending', 'h/none'].map((name) =>
        store.countWaiting(name),
      )
      assert.deepEqual(await Promise.all(counts), [2, 1, 0, 0])
    })
  })

  describe('endpointStates', () => {
    it('tells of those asked for alone', async () => {
      await using store = await open()
      for (const name of ['h/a', 'h/b', 'h/c']) {
        await store.updateEndpoint(name, { lastError: name })
      }

      const states = await store.endpointStates(['h/c', 'h/none', 'h/a', 'h/c'])

      assert.deepEqual(states.map(({ endpoint, lastError }) => [endpoint, lastError]).sort(), [
        ['h/a', 'h/a'],
        ['h/c', 'h/c'],
      ])
      assert.deepEqual(await store.endpointStates([]), [])
      assert.equal((await store.endpointStates()).length, 3)
    })
  })

  describe('cancelWaiting', () => {
    it('cancels everything that waits for one endpoint, and nothing else', async () => {
      await using store = await open()
      const sending = await aClaimed(store, { endpoint: 'h/a', orderKey: 'k' })
      const waiting = ['k', 'k', null].map((orderKey) => aMessageTo({ endpoint: 'h/a', orderKey }))
      await store.enqueue([...waiting, aMessageTo({ endpoint: 'h/b' })])

      assert.equal(await store.cancelWaiting('h/a', 'revoked', noon + second), 3)

      const { rows } = await store.deliveries({ state: 'cancelled' })
      assert.deepEqual(
        rows.map(({ endpoint, lastError, settledAt }) => [endpoint, lastError, settledAt]),
        [1, 2, 3].map(() => ['h/a', 'revoked', noon + second]),
      )
      assert.deepEqual(await store.settle([delivered(sending)]), [true])
      assert.equal((await store.claim(aClaim({ endpoint: 'h/b' }))).length, 1)
      assert.equal(await store.cancelWaiting('h/a', 'again', noon), 0)
    })

    it('cancels more than fit one batch', async () => {
      await using store = await open()
      await store.enqueue(Array.from({ length: 1001 }, () => aMessageTo({})))

      assert.equal(await store.cancelWaiting('hooks/audit', 'gone', noon), 1001)
      assert.equal((await store.backlog()).pending, 0)
    })
  })

  describe('bury', () => {
    it('makes everything dead that waits for one endpoint, and nothing else', async () => {
      await using store = await open()
      const sending = await aClaimed(store, { endpoint: 'h/a', orderKey: 'k' })
      const waiting = ['k', 'k', null].map((orderKey) => aMessageTo({ endpoint: 'h/a', orderKey }))
      const later = aMessageTo({ endpoint: 'h/a', dueAt: noon + 3600 * second })
      await store.enqueue([...waiting, later, aMessageTo({ endpoint: 'h/b' })])

      assert.equal(await store.bury('h/a', 'endpoint gone', noon + second), 4)

      const { rows } = await store.deliveries({ state: 'dead' })
      assert.equal(rows.length, 4)
      assert.ok(rows.every((row) => row.lastError === 'endpoint gone'))
      assert.ok(rows.every((row) => row.settledAt === noon + second))
      assert.deepEqual(await store.settle([delivered(sending)]), [true])
      assert.deepEqual(await store.claim(aClaim({ endpoint: 'h/a', now: later.createdAt })), [])
      assert.equal((await store.claim(aClaim({ endpoint: 'h/b' }))).length, 1)
      assert.equal(await store.bury('h/a', 'again', noon), 0)
    })

    it('buries more than fit one batch', async () => {
      await using store = await open()
      const keys = ['k', null, 'l']
      await store.enqueue(
        Array.from({ length: 1201 }, (_, index) =>
          aMessageTo({ orderKey: keys[index % 3] ?? null }),
        ),
      )

      assert.equal(await store.bury('hooks/audit', 'gone', noon), 1201)
      assert.equal((await store.backlog()).pending, 0)
    })
  })
}
