import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { systemClock } from '../../src/clock.ts'
import { isAuthorized } from '../../src/delivery/egress/authorized-domains.ts'
import type { EndpointEgress } from '../../src/delivery/egress/egress-options.ts'
import type { Sender } from '../../src/delivery/sender.ts'
import { createGotSender } from '../../src/delivery/senders/got-sender.ts'
import { createUndiciSender } from '../../src/delivery/senders/undici-sender.ts'
import { newId } from '../../src/ids.ts'
import {
  allDeliveries,
  anEndpoint,
  anOutboundMessage,
  eventually,
  openTestStore,
  startEngine,
} from '../helpers/engine.ts'
import { FakeSender } from '../helpers/fake-sender.ts'
import { receiver } from '../helpers/receiver.ts'

const trusted = { default: 'trusted', allow: [], http: true, ports: 'any', proxy: null } as const
const guarded: EndpointEgress = { default: 'guarded', allow: [], http: true, ports: 'any' }

const senders: Readonly<Record<string, () => Sender>> = {
  undici: () => createUndiciSender({ egress: trusted, clock: systemClock, lookup: toLoopback }),
  got: () => createGotSender({ egress: trusted, clock: systemClock, lookup: toLoopback }),
}

for (const [name, open] of Object.entries(senders)) {
  describe(`egress rules of a request, with ${name}`, () => {
    const ask = (sender: Sender, url: string, egress?: EndpointEgress) =>
      sender.send({
        url: new URL(url),
        egress,
        headers: {},
        body: Buffer.from('{}'),
        timeoutMs: 5_000,
        replyLimit: 1_000,
      })

    it('keep it off a connection that was opened under others', async () => {
      await using to = await receiver()
      await using sender = open()
      const url = `http://hooks.test:${to.port}/`

      const first = await ask(sender, url)
      const refused = await ask(sender, url, guarded)
      const allowed = await ask(sender, url, { ...guarded, allow: ['hooks.test'] })

      assert.equal(first.kind, 'reply')
      assert.ok(refused.kind === 'no-reply' && refused.error === 'egress', JSON.stringify(refused))
      assert.equal(allowed.kind, 'reply')
      assert.equal(to.received.length, 2)
      assert.equal(to.connections, 2)
    })

    it('refuse a scheme or a port that others may use', async () => {
      await using to = await receiver()
      await using sender = open()

      const noHttp = await ask(sender, to.url, { ...guarded, http: false })
      const noPort = await ask(sender, to.url, { ...guarded, ports: [443] })

      assert.ok(noHttp.kind === 'no-reply' && /scheme http is not allowed/.test(noHttp.message))
      assert.ok(noPort.kind === 'no-reply' && /is not one of 443/.test(noPort.message))
      assert.equal(to.connections, 0)
    })
  })
}

describe('an endpoint outside its authorized domains', () => {
  it('is never connected to: its deliveries are dead, untried', async () => {
    await using opened = await openTestStore('memory')
    const sender = new FakeSender()
    const endpoints = [anEndpoint({ authorizedDomains: ['customer.example'] })]
    await using running = startEngine({ store: opened.store, sender, endpoints })

    const [sent] = await running.engine.send([anOutboundMessage()], {
      wait: { ms: 10_000, until: 'settled' },
    })

    assert.deepEqual(
      [sent?.state, sent?.attempts, sent?.lastError],
      ['dead', 0, 'Domain not authorized'],
    )
    const [row] = await allDeliveries(opened.store)
    assert.deepEqual(
      [row?.state, row?.attempts, row?.lastError],
      ['dead', 0, 'Domain not authorized'],
    )
    assert.equal(sender.requests.length, 0)
  })

  for (const [url, domains, expected] of [
    ['https://customer.example/hooks', ['customer.example'], true],
    ['https://CUSTOMER.example./hooks', ['Customer.Example'], true],
    ['https://a.b.customer.example/', ['customer.example'], true],
    ['https://evilcustomer.example/', ['customer.example'], false],
    ['https://customer.example.evil.test/', ['customer.example'], false],
    ['https://customer.example@evil.test/', ['customer.example'], false],
    ['https://bücher.example/', ['bücher.example'], true],
    ['https://xn--bcher-kva.example/', ['bücher.example'], true],
    ['https://10.0.0.1/', ['0.0.1'], false],
    ['https://evil.test/', ['', '.'], false],
    ['https://anywhere.test/', [], true],
    ['https://anywhere.test/', undefined, true],
  ] as const)
    it(`${url} is ${expected ? '' : 'not '}at ${JSON.stringify(domains)}`, () => {
      assert.equal(isAuthorized(new URL(url), domains), expected)
    })
})

describe('what a receiver knows a delivery by', () => {
  it('is the id of the delivery where the endpoint says so, for the signature too, and stays it when it is sent again', async () => {
    await using opened = await openTestStore('memory')
    const sender = new FakeSender([503, 200])
    const endpoints = [anEndpoint({ identity: 'delivery' }), anEndpoint({ id: 'webhooks/other' })]
    await using running = startEngine({ store: opened.store, sender, endpoints })
    const [messageId, deliveryId] = [newId(), newId()]
    await running.engine.send(
      [
        anOutboundMessage({
          id: messageId,
          to: [{ endpoint: 'webhooks/audit', id: deliveryId }, { endpoint: 'webhooks/other' }],
        }),
      ],
      { wait: { ms: 30_000, until: 'attempted' } },
    )
    const rows = await allDeliveries(opened.store)
    const settled = rows.find(({ state }) => state === 'delivered') ?? assert.fail()
    await running.engine.redeliveries.one(settled.id, { actor: 'ops' })
    await eventually(() => sender.requests.length === 3)

    const idsOf = (n: number) => {
      const { headers } = sender.requests[n] ?? assert.fail()
      return [headers['webhook-id'], headers['idempotency-key']]
    }
    const expected = (endpoint: string) => (endpoint === 'webhooks/audit' ? deliveryId : messageId)
    assert.deepEqual(new Set([...idsOf(0), ...idsOf(1)]), new Set([deliveryId, messageId]))
    assert.deepEqual(idsOf(2), [expected(settled.endpoint), expected(settled.endpoint)])

    const [again] = (await allDeliveries(opened.store)).filter((row) => row.redeliveryOf !== null)
    await eventually(async () => {
      const found = again && (await opened.store.delivery(again.id))
      return found?.delivery.state === 'delivered'
    })
    await running.engine.redeliveries.one(again?.id ?? assert.fail(), { actor: 'ops' })
    await eventually(() => sender.requests.length === 4)
    assert.deepEqual(idsOf(3), idsOf(2))
  })
})

function toLoopback(
  _host: string,
  callback: (error: null, addresses: readonly { address: string; family: number }[]) => void,
): void {
  callback(null, [{ address: '127.0.0.1', family: 4 }])
}
