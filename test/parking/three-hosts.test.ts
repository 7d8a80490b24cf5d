import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { testPostgres } from '../helpers/postgres.ts'
import { aGate, startGate, strangersBook, waitingFor } from './gate.ts'

const server = testPostgres()
after(() => server[Symbol.asyncDispose]())

describe('three hosts on one PostgreSQL', () => {
  it('each phase of a dispatch runs once, wherever it is answered', async () => {
    using gate = aGate(await server.database())
    await using a = await startGate(gate)
    await using b = await startGate(gate)
    await using c = await startGate(gate)
    const hosts = [a.host, b.host, c.host]
    const at = (index: number) => hosts[index % 3] ?? a.host
    const orders = Array.from({ length: 20 }, (_, index) => `order-${index}`)
    const parked = await Promise.all(
      orders.map((order, index) => at(index).dispatch('ship', { order }, { park: 'return' })),
    )

    const outcomes = await Promise.all(
      parked.map(async (one, index) => {
        const { callbackId } = waitingFor(one)
        await at(index + (index % 2))
          .scopeOf('gate')
          .callbacks.book.complete(callbackId, null)
        return at(index + 2).outcomeOf(one)
      }),
    )

    assert.deepEqual(new Set(outcomes.map(({ kind }) => kind)), new Set(['completed']))
    for (const order of orders) {
      assert.deepEqual(gate.journal(order), ['before', 'resolved complete', 'on', 'after'])
    }
  })

  it('when one leaves, another goes on with what it had parked', async () => {
    using gate = aGate(await server.database())
    const leaving = await startGate(gate)
    await using staying = await startGate(gate)
    const parked = await leaving.host.dispatch('resize', { order: 'left' }, { park: 'return' })
    await leaving[Symbol.asyncDispose]()

    await strangersBook(staying.host.store).complete(
      waitingFor(parked).callbackId,
      new TextEncoder().encode('{"width":3}'),
    )

    assert.equal((await staying.host.outcomeOf(parked)).kind, 'completed')
    assert.deepEqual(gate.journal('left'), ['on', 'resolved complete', 'after {"width":3}'])
  })
})
