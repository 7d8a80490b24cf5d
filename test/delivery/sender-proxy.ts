import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { systemClock } from '../../src/clock.ts'
import { outcomeOf } from '../../src/delivery/attempt-outcome.ts'
import type { EgressOptions } from '../../src/delivery/egress/egress-options.ts'
import type { LookupAll } from '../../src/delivery/egress/host-lookup.ts'
import { retryPolicies } from '../../src/delivery/retry-policy.ts'
import type { Reply, Sender } from '../../src/delivery/sender.ts'
import type { SenderOptions } from '../../src/delivery/senders/sender-options.ts'
import { makeAuthority } from '../helpers/certificate.ts'
import { startHostile, startNeverAccepting } from '../helpers/hostile-receiver.ts'
import { type ConnectProxy, type ProxyOptions, startProxy } from '../helpers/proxy.ts'
import { receiver } from '../helpers/receiver.ts'

/** A proxy between a sender and its receivers. */
export function testSenderProxy(name: string, create: (options: SenderOptions) => Sender): void {
  const open = (proxy: string, options: Partial<SenderOptions> = {}): Sender =>
    create({ egress: through(proxy), clock: systemClock, lookup: noDns, ...options })

  describe(`${name} through a proxy`, () => testTunnels(open))
  describe(`${name} through a proxy: the guard`, () => testGuard(open))
  describe(`${name}: a proxy that does not work`, () => testFailures(open))
}

type Open = (proxy: string, options?: Partial<SenderOptions>) => Sender

function testTunnels(open: Open): void {
  it('posts over http in a tunnel, and keeps it', async () => {
    await using target = await receiver()
    await using proxy = await startProxy({ leadsTo: target })
    await using sender = open(urlOf(proxy))

    const first = await post(sender, 'http://only-the-proxy-knows.test/a?b=c')
    await untilFree()
    const second = await post(sender, 'http://only-the-proxy-knows.test/a?b=c')

    assert.deepEqual([first, second].map(textOf), ['200', '200'])
    assert.deepEqual([target.connections, proxy.connections], [1, 1])
    assert.deepEqual(proxy.authorities, ['only-the-proxy-knows.test:80'])
    const [request] = target.received
    assert.equal(request?.path, '/a?b=c')
    assert.equal(request?.headers['host'], 'only-the-proxy-knows.test')
    assert.equal(request?.headers['proxy-authorization'], undefined)
    assert.ok((first.timings.connect ?? -1) >= 0)
  })

  it('speaks TLS, and HTTP/2, to the receiver and not to the proxy', async () => {
    const authority = makeAuthority()
    const certificate = authority.issue('hooks.test')
    await using target = await startHostile({ certificate })
    await using proxy = await startProxy({ leadsTo: target })
    await using sender = open(urlOf(proxy), { tls: { ca: authority.cert } })

    const reply = await post(sender, 'https://hooks.test/ok')

    assert.equal(textOf(reply), '200')
    assert.deepEqual(proxy.authorities, ['hooks.test:443'])
    assert.ok((reply.timings.tls ?? -1) >= 0)
  })

  it('says who it is, to the proxy alone', async () => {
    await using target = await receiver()
    await using proxy = await startProxy({ leadsTo: target })
    await using sender = open(urlOf(proxy, 'us%65r:p%40ss'))

    await post(sender, 'http://hooks.test/')

    const credentials = Buffer.from('user:p@ss').toString('base64')
    assert.match(
      proxy.asked[0] ?? '',
      new RegExp(`\r\nProxy-Authorization: Basic ${credentials}\r\n`),
    )
    assert.doesNotMatch(target.received[0]?.rawHeaders.join() ?? '', /proxy|p@ss/i)
  })

  it('ends tunnels when the sender is closed', async () => {
    await using hostile = await startHostile()
    await using proxy = await startProxy({ leadsTo: hostile })
    const sender = open(urlOf(proxy))
    await post(sender, 'http://hooks.test/ok')

    await sender[Symbol.asyncDispose]()

    await hostile.idle()
    assert.equal(hostile.open, 0)
  })
}

function testGuard(open: Open): void {
  const judged = (
    proxy: ConnectProxy,
    allow: readonly string[] = [],
    lookup: LookupAll = noDns,
  ): Sender =>
    open(urlOf(proxy), { egress: { ...through(urlOf(proxy)), default: 'guarded', allow }, lookup })

  for (const [host, address, range] of [
    ['127.0.0.1', '127.0.0.1', 'loopback'],
    ['[::1]', '::1', 'loopback'],
    ['moved.test', '10.0.0.1', 'private'],
  ] as const) {
    it(`refuses ${host}, and does not trouble the proxy`, async () => {
      await using proxy = await startProxy()
      await using sender = judged(proxy, [], (_host, callback) =>
        callback(null, [{ address: '10.0.0.1', family: 4 }]),
      )

      for (const scheme of ['http', 'https']) {
        const reply = await post(sender, `${scheme}://${host}/`)
        assert.equal(textOf(reply), `egress refused: ${address} is ${range}`)
        assert.equal(reply.kind === 'no-reply' && reply.error, 'egress')
      }
      assert.equal(proxy.connections, 0)
    })
  }

  it('has the proxy connect to the address that was judged, under the name', async () => {
    const authority = makeAuthority()
    await using target = await startHostile({ certificate: authority.issue('hooks.test') })
    await using proxy = await startProxy({ leadsTo: target })
    await using sender = open(urlOf(proxy), {
      egress: { ...through(urlOf(proxy)), default: 'guarded' },
      tls: { ca: authority.cert },
      lookup: (_host, callback) =>
        callback(null, [
          { address: '2606:4700:4700::1111', family: 6 },
          { address: '93.184.215.14', family: 4 },
        ]),
    })

    const reply = await post(sender, 'https://hooks.test/ok')

    assert.equal(textOf(reply), '200')
    assert.deepEqual(proxy.authorities, ['93.184.215.14:443'])
  })

  it('brackets an IPv6 address', async () => {
    await using target = await receiver()
    await using proxy = await startProxy({ leadsTo: target })
    await using sender = judged(proxy, [], (_host, callback) =>
      callback(null, [{ address: '2606:4700:4700::1111', family: 6 }]),
    )

    await post(sender, 'http://hooks.test:8080/')

    assert.deepEqual(proxy.authorities, ['[2606:4700:4700::1111]:8080'])
    assert.equal(target.received[0]?.headers['host'], 'hooks.test:8080')
  })

  it('leaves a name that is allowed to the proxy', async () => {
    await using target = await receiver()
    await using proxy = await startProxy({ leadsTo: target })
    await using sender = judged(proxy, ['intern.test'])

    assert.equal(textOf(await post(sender, 'http://intern.test/')), '200')
    assert.deepEqual(proxy.authorities, ['intern.test:80'])
  })
}

function testFailures(open: Open): void {
  for (const [what, options, says] of [
    [
      'wants other credentials',
      { answers: 'HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n' },
      /did not connect to hooks\.test:80: 407 Proxy Authentication Required$/,
    ],
    [
      'refuses',
      { answers: 'HTTP/1.1 403 Forbidden\r\n\r\n' },
      /did not connect to hooks\.test:80: 403 Forbidden$/,
    ],
    [
      'refuses with a page that says why',
      { answers: 'HTTP/1.1 403 Forbidden\r\ncontent-length: 16\r\n\r\n<h1>Blocked</h1>' },
      /did not connect to hooks\.test:80: 403 Forbidden$/,
    ],
    ['hangs up', { hangsUp: true }, /it ended the connection$/],
    ['speaks no HTTP', { answers: '220 mail\r\n\r\n' }, /does not speak HTTP as it should$/],
    ['talks on', { answers: 'HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 200 OK' }, /more than its answer$/],
    ['never ends its header', { answers: `HTTP/1.1 200 ${'x'.repeat(20_000)}` }, /is too long$/],
    [
      'says nothing',
      { answers: '' },
      /^no connection to hooks\.test:80 through the proxy 127\.0\.0\.1:\d+ within 200 ms$/,
    ],
  ] as const satisfies readonly (readonly [string, ProxyOptions, RegExp])[]) {
    it(`that ${what} is told, and the delivery is tried again`, async () => {
      await using proxy = await startProxy(options)
      await using sender = open(urlOf(proxy, 'user:s3cr3t-of-proxy'), {
        limits: { connectMs: 200 },
      })

      const reply = await post(sender, 'http://hooks.test/')

      assertRetryable(reply, says)
    })
  }

  it('that is down is told', async () => {
    await using sender = open('http://user:s3cr3t-of-proxy@127.0.0.1:9')

    for (const scheme of ['http', 'https']) {
      const reply = await post(sender, `${scheme}://hooks.test/`)
      assertRetryable(reply, /^the proxy 127\.0\.0\.1:9 cannot be reached \(ECONNREFUSED\)$/)
    }
  })

  it('that never accepts does not hold a request beyond its deadline', async () => {
    await using never = await startNeverAccepting()
    await using sender = open(never.url.href)
    const start = performance.now()

    const reply = await post(sender, 'http://hooks.test/', 200)

    assert.equal(reply.kind === 'no-reply' && reply.error, 'timeout')
    assert.equal(textOf(reply), 'no connection within 200 ms')
    assert.ok(performance.now() - start < 1_200)
  })

  for (const proxy of [
    'https://proxy.test',
    'proxy.test:80',
    'http://proxy.test/path',
    'http://%@a',
  ]) {
    it(`that is written ${proxy} is refused`, () => {
      assert.throws(() => open(proxy), { code: 'ASSEMBLY_INVALID', message: /^egress\.proxy: / })
    })
  }
}

/** A connection is free again a turn of the event loop after its reply. */
async function untilFree(): Promise<void> {
  for (let turn = 0; turn < 3; turn += 1) await new Promise((resolve) => setImmediate(resolve))
}

function assertRetryable(reply: Reply, says: RegExp): void {
  assert.equal(reply.kind === 'no-reply' && reply.error, 'connect')
  assert.match(textOf(reply), says)
  assert.doesNotMatch(JSON.stringify(reply), /s3cr3t/)
  assert.equal(outcomeOf(reply, retryPolicies.standard, 0).kind, 'retryable')
}

/** There is none behind a proxy. */
const noDns: LookupAll = (host, callback) => {
  callback(Object.assign(new TypeError(host), { code: 'ENOTFOUND' }), [])
}

function through(proxy: string): EgressOptions {
  return { default: 'trusted', allow: [], http: true, ports: 'any', proxy }
}

function urlOf({ port }: ConnectProxy, credentials?: string): string {
  return `http://${credentials === undefined ? '' : `${credentials}@`}127.0.0.1:${port}`
}

function post(sender: Sender, url: string, timeoutMs = 5_000): Promise<Reply> {
  return sender.send({
    url: new URL(url),
    headers: { 'content-type': 'application/json' },
    body: Buffer.from('{}'),
    timeoutMs,
    replyLimit: 1024,
  })
}

function textOf(reply: Reply): string {
  return reply.kind === 'reply' ? String(reply.status) : reply.message
}
