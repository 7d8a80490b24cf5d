import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parseProxy } from '../../src/delivery/egress/proxy.ts'
import { inspectTls } from '../../src/delivery/endpoint-tls.ts'
import { makeAuthority, makeCertificate } from '../helpers/certificate.ts'
import {
  anEndpoint,
  anOutboundMessage,
  eventually,
  openTestStore,
  startEngine,
} from '../helpers/engine.ts'
import { FakeSender } from '../helpers/fake-sender.ts'

describe("an endpoint's TLS settings", () => {
  it('go with every request, asked or delivered', async () => {
    await using opened = await openTestStore('memory')
    const sender = new FakeSender()
    const tls = { serverName: 'hooks.test' }
    const endpoints = [anEndpoint({ tls })]
    await using running = startEngine({ store: opened.store, sender, endpoints })

    await running.engine.ask('webhooks/audit', anOutboundMessage(), {
      attempt: 1,
      timeoutMs: 1_000,
    })
    await running.engine.send([anOutboundMessage()])
    await eventually(() => sender.requests.length === 2)

    assert.deepEqual(
      sender.requests.map((request) => request.tls),
      [tls, tls],
    )
  })

  it('may name a chain, an encrypted key, an authority, or nothing', () => {
    const authority = makeAuthority()
    const { cert, key } = authority.issue('client', 'open sesame')
    const chain = cert + authority.cert

    assert.equal(inspectTls({}), undefined)
    assert.equal(inspectTls({ ca: authority.cert }), undefined)
    assert.equal(inspectTls({ cert: chain, key, passphrase: 'open sesame' }), undefined)
  })

  it('are refused when a passphrase or a key does not fit, without repeating it', () => {
    const { cert, key } = makeAuthority().issue('client', 'open sesame')
    const other = makeCertificate()

    const wrong = inspectTls({ cert, key, passphrase: 'wrong-passphrase' })
    const foreign = inspectTls({ cert, key: other.key })

    assert.deepEqual([wrong?.field, foreign?.field], ['key', 'key'])
    assert.doesNotMatch(`${wrong?.message} ${foreign?.message}`, /wrong-passphrase|BEGIN/)
  })
})

describe('the URL of a proxy', () => {
  it('gives host, port and credentials', () => {
    assert.deepEqual(parseProxy('http://us%65r:p%3Ass@[::1]:3128'), {
      kind: 'proxy',
      proxy: {
        host: '::1',
        port: 3128,
        authorization: `Basic ${Buffer.from('user:p:ss').toString('base64')}`,
      },
    })
    assert.deepEqual(parseProxy('http://proxy.test'), {
      kind: 'proxy',
      proxy: { host: 'proxy.test', port: 80, authorization: undefined },
    })
  })

  it('is refused without repeating what may be a password', () => {
    for (const text of [
      's3cr3t',
      'https://a:s3cr3t@b',
      'http://a:s3cr3t@b/path',
      'http://a:%s3cr3t@b',
    ])
      assert.doesNotMatch(JSON.stringify(parseProxy(text)), /s3cr3t/)
  })
})
