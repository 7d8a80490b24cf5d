import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { IngressConfig } from '../../../../plugins/ingress/config.ts'
import { deliverySinkRoute } from '../../../../plugins/ingress/routes/delivery-sink.ts'
import type { RouteHead } from '../../../../src/connector/route-request.ts'
import type { Scope } from '../../../../src/connector/scope.ts'
import { startProject } from '../../../helpers/start-host.ts'
import { ingressOf, startIngress, yamlOf } from '../ingress-host.ts'

const path = '/api/v1/internal/delivery-sink/acme'

function delivery(body: unknown, headers: Readonly<Record<string, string>> = {}): RequestInit {
  return {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  }
}

describe('the delivery sink', () => {
  it('takes what comes from this computer', async () => {
    await using host = await startIngress()

    const { status, json } = await host.send(path, delivery({ data: { id: 1 } }))

    assert.equal(status, 202)
    const { receivedAt, ...data } = json['data'] ?? {}
    assert.deepEqual(data, { accepted: true, provider: 'acme' })
    assert.match(String(receivedAt), /^\d{4}-\d\d-\d\dT[\d:.]+Z$/)
  })

  for (const body of [
    { simulateFailure: true },
    { data: { simulateFailure: true } },
    { resource: { simulateFailure: true } },
  ]) {
    it(`fails when it is told to: ${JSON.stringify(body)}`, async () => {
      await using host = await startIngress()

      const { status, json } = await host.send(path, delivery(body))

      assert.equal(status, 500)
      assert.equal(json['success'], false)
    })
  }

  it('fails for nothing else', async () => {
    await using host = await startIngress()
    const others = [
      { simulateFailure: 'true' },
      { data: null, resource: 7 },
      { other: { simulateFailure: true } },
    ]

    for (const body of others) assert.equal((await host.send(path, delivery(body))).status, 202)
    assert.equal((await host.send(path, delivery([]))).status, 400)
  })

  it('is not there in production', async () => {
    const env = { NODE_ENV: 'production' }
    await using project = await startProject(yamlOf({}), { listen: true, env })
    const host = ingressOf(project)

    const { status, json } = await host.send(path, delivery({}))

    assert.equal(status, 404)
    assert.equal(json['error']?.['message'], 'there is no such path on this address')
  })

  it('is not there when the assembly says so', async () => {
    await using host = await startIngress({ stanza: 'delivery_sink: false' })

    assert.equal((await host.send(path, delivery({}))).status, 404)
  })

  it('asks who is connected, not whom a proxy names', async () => {
    await using host = await startIngress({ server: 'trusted_proxies: [127.0.0.1]' })

    const forwarded = { 'x-forwarded-for': '203.0.113.9' }
    const { status } = await host.send(path, delivery({}, forwarded))

    assert.equal(status, 202)
  })

  for (const [peer, isOurs] of [
    ['127.0.0.1', true],
    ['127.8.8.8', true],
    ['::1', true],
    ['::ffff:127.0.0.1', true],
    ['128.0.0.1', false],
    ['10.0.0.1', false],
    ['::ffff:10.0.0.1', false],
    ['2001:db8::1', false],
    ['', false],
  ] as const) {
    it(`is ${isOurs ? '' : 'not '}there for ${peer || 'a connection that has gone'}`, () => {
      const admit = (delivery_sink: 'auto' | boolean) => () =>
        // Proof of the cast: it looks at nothing else.
        deliverySinkRoute.admit?.({ ...aHead, peer }, {
          config: { delivery_sink },
          production: false,
        } as unknown as Scope<IngressConfig>)

      if (isOurs) assert.doesNotThrow(admit('auto'))
      else assert.throws(admit('auto'), { name: 'RouteError', message: /no such path/ })
      assert.doesNotThrow(admit(true))
      assert.throws(admit(false))
    })
  }
})

const aHead: RouteHead = {
  method: 'POST',
  url: path,
  params: { provider: 'acme' },
  query: {},
  headers: { 'x-forwarded-for': '127.0.0.1' },
  address: '127.0.0.1',
  peer: '127.0.0.1',
  traceId: 'trace',
  requestId: 'request',
}
