import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { defineConnector } from '../../src/connector/define-connector.ts'
import type { Scope } from '../../src/connector/scope.ts'
import type { StepRecords } from '../../src/delivery/delivery-step.ts'
import type { EndpointDefinition } from '../../src/delivery/endpoint.ts'
import { newDeliveryId, newMessageId } from '../../src/ids.ts'
import { startTestHost } from '../../src/testing/start-test-host.ts'
import { anEndpoint, anOutboundMessage } from '../helpers/engine.ts'
import { receiver } from '../helpers/receiver.ts'

/** The scope of a connector on a host of its own. */
async function hosted(): Promise<{ readonly scope: Scope<unknown> } & AsyncDisposable> {
  const scopes: Scope<unknown>[] = []
  const connector = defineConnector({ name: 'one', setup: (scope) => void scopes.push(scope) })
  const host = await startTestHost({ one: { connector } })
  const [scope = assert.fail()] = scopes
  return { scope, [Symbol.asyncDispose]: () => host[Symbol.asyncDispose]() }
}

const settled = { wait: { ms: 30_000, until: 'settled' } } as const

/** Counts the deliveries of an endpoint, in a record of its name. */
const beside: EndpointDefinition['beside'] = ({ delivery }): StepRecords => ({
  records: [{ kind: 'patch', collection: 'counts', id: delivery.endpoint, add: { ended: 1 } }],
})

async function countOf(scope: Scope<unknown>, endpoint: string): Promise<unknown> {
  const [record] = await scope.records.records('counts', [endpoint])
  return record?.value
}

describe('what endpoints of a connector write', () => {
  it('stands where its other records do, however the endpoint came to be known', async () => {
    await using server = await receiver({ answers: [200] })
    await using host = await hosted()
    const { deliveries, records } = host.scope
    const define = (id: string): EndpointDefinition => anEndpoint({ id, url: server.url, beside })
    const names = ['one/plain', 'two/found', 'three/brought']
    await records.writeRecords(
      names.map((id) => ({ kind: 'put', collection: 'counts', id, value: { ended: 0 } })),
    )
    deliveries.endpoint(define('one/plain'))
    deliveries.family({ prefix: 'two/', resolve: async (ids) => ids.map(define) })
    deliveries.family({ prefix: 'three/', resolve: async () => [] })

    await deliveries.send(
      [
        anOutboundMessage({ to: [{ endpoint: 'one/plain' }] }),
        anOutboundMessage({ to: [{ endpoint: 'two/found' }] }),
        anOutboundMessage({
          to: [{ endpoint: 'three/brought', definition: define('three/brought') }],
        }),
      ],
      settled,
    )

    for (const name of names) assert.deepEqual(await countOf(host.scope, name), { ended: 1 })
  })
})

describe('a new delivery of a stored message', () => {
  it('has the id and the first delivery it was given, and sends what was stored', async () => {
    await using server = await receiver({ answers: [200] })
    await using host = await hosted()
    const { deliveries } = host.scope
    deliveries.endpoint(anEndpoint({ id: 'one/plain', url: server.url }))
    const message = { ...anOutboundMessage(), id: newMessageId(), headers: { 'x-event': 'first' } }
    const [first] = await deliveries.send(
      [{ ...message, to: [{ endpoint: 'one/plain' }] }],
      settled,
    )
    const id = newDeliveryId()

    const again = { endpoint: 'one/plain', id, redeliveryOf: first?.id ?? '' }
    const other = { ...message, headers: { 'x-event': 'other' }, to: [again] }
    const [second] = await deliveries.send([other], settled)

    assert.deepEqual([second?.id, second?.messageId, second?.state], [id, message.id, 'delivered'])
    const [one, two] = await server.requests(2)
    assert.deepEqual([one?.headers['x-event'], two?.headers['x-event']], ['first', 'first'])
    assert.equal(two?.headers['webhook-id'], message.id)
    assert.ok(two?.headers['x-carabiner-redelivery'])
    const found = await host.scope.store.delivery(id)
    assert.deepEqual([found?.delivery.redeliveryOf, found?.delivery.attempts], [first?.id, 1])
  })
})
