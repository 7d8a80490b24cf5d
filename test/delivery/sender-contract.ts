import assert from 'node:assert/strict'
import { createSecureServer } from 'node:http2'
import { type AddressInfo, createServer } from 'node:net'
import { after, before, describe, it } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { systemClock } from '../../src/clock.ts'
import type { EgressOptions } from '../../src/delivery/egress/egress-options.ts'
import type { NoReplyCause, OutboundRequest, Reply, Sender } from '../../src/delivery/sender.ts'
import type { SenderOptions } from '../../src/delivery/senders/sender-options.ts'
import { type Certificate, makeCertificate } from '../helpers/certificate.ts'
import {
  type HostilePath,
  type HostileReceiver,
  startHostile,
  startNeverAccepting,
} from '../helpers/hostile-receiver.ts'
import { receiver } from '../helpers/receiver.ts'
import { startHostileProcess } from '../soak/hostile-process.ts'
import { LoopDelay } from '../soak/loop-delay.ts'
import { goingAway, type StaleReport, staleSockets } from '../soak/stale-sockets.ts'

const trusted: EgressOptions = {
  default: 'trusted',
  allow: [],
  http: true,
  ports: 'any',
  proxy: null,
}

const json = '{"hello":"wörld"}'

/** What each path of the hostile receiver comes to, within 400 ms where it never ends. */
const outcomes: readonly [HostilePath, number | NoReplyCause, head?: number][] = [
  ['/ok', 200],
  ['/empty', 204],
  ['/gzip', 200],
  ['/brotli', 200],
  ['/deflate', 200],
  ['/close-delimited', 200],
  ['/information', 200],
  ['/two-content-types', 200],
  ['/redirect', 307],
  ['/retry-after', 503],
  ['/status/400', 400],
  ['/status/404', 404],
  ['/status/410', 410],
  ['/status/500', 500],
  ['/hang', 'timeout'],
  ['/hang-after-head', 'timeout', 200],
  ['/veto-then-hang', 'timeout', 200],
  ['/drip', 'timeout', 200],
  ['/drip-head', 'timeout'],
  ['/stalled-body', 'timeout', 200],
  ['/endless', 'over-limit', 200],
  ['/gzip-bomb', 'over-limit', 200],
  ['/brotli-bomb', 'over-limit', 200],
  ['/header-flood', 'over-limit'],
  ['/header-huge', 'over-limit'],
  ['/header-many', 'over-limit', 200],
  ['/information-storm', 'protocol'],
  ['/switching', 'protocol'],
  ['/not-http', 'protocol'],
  ['/bad-chunk', 'protocol', 200],
  ['/bad-length', 'protocol'],
  ['/gzip-broken', 'protocol', 200],
  ['/gzip-cut-off', 'protocol', 200],
  ['/unknown-encoding', 'protocol', 200],
  ['/close', 'cut-off'],
  ['/reset', 'cut-off'],
  ['/cut-off-head', 'cut-off'],
  ['/cut-off-length', 'cut-off', 200],
  ['/cut-off-chunked', 'cut-off', 200],
  ['/reset-after-head', 'cut-off', 200],
  ['/reset-close-delimited', 'cut-off', 200],
]

/** On a kept connection these look like one that went away: asked once more, see `connections`. */
const replayable: ReadonlySet<HostilePath> = new Set(['/close', '/reset'])

/** What every sender must do, whichever HTTP client is inside. */
export function testSender(name: string, create: (options: SenderOptions) => Sender): void {
  const certificate = makeCertificate()
  const open = (options: Partial<SenderOptions> = {}): Sender =>
    create({ egress: trusted, clock: systemClock, tls: { ca: certificate.cert }, ...options })

  for (const scheme of ['http', 'https'] as const) {
    describe(`${name} over ${scheme}`, () => {
      testOutcomes(scheme, open, certificate)
    })
  }
  describe(`${name}: requests`, () => testRequests(open))
  describe(`${name}: connections`, () => testConnections(open, certificate))
  describe(`${name}: deadline`, () => testDeadline(open))
  describe(`${name}: HTTP/2`, () => testHttp2(open, certificate))
  describe(`${name}: going away`, () => testGoingAway(open, certificate))
}

type Open = (options?: Partial<SenderOptions>) => Sender

function testOutcomes(scheme: 'http' | 'https', open: Open, certificate: Certificate): void {
  let hostile: HostileReceiver
  let sender: Sender
  before(async () => {
    hostile = await startHostile(scheme === 'https' ? { certificate } : {})
    sender = open()
  })
  after(async () => {
    await sender[Symbol.asyncDispose]()
    await hostile[Symbol.asyncDispose]()
  })

  for (const [path, expected, head] of outcomes) {
    it(`${path}: ${expected}`, async () => {
      const timeoutMs = expected === 'timeout' ? 400 : 10_000
      const reply = await sender.send(aRequest(hostile.at(path), { timeoutMs }))

      assert.equal(reply.kind === 'reply' ? reply.status : reply.error, expected)
      if (reply.kind === 'no-reply') assert.equal(reply.head?.status, head)
      if (expected === 'timeout') assert.equal(messageOf(reply), 'no complete reply within 400 ms')
      if (!replayable.has(path)) assert.equal(hostile.asked(path), 1)
    })
  }

  it('gives the body decoded, byte for byte', async () => {
    for (const path of ['/ok', '/gzip', '/brotli', '/deflate', '/close-delimited'] as const) {
      assert.equal(textOf(await sender.send(aRequest(hostile.at(path)))), json)
    }
  })

  it('keeps repeated headers apart, in order and in lower case', async () => {
    const reply = await sender.send(aRequest(hostile.at('/two-content-types')))

    assert.equal(reply.kind, 'reply')
    assert.deepEqual(reply.kind === 'reply' && reply.headers.slice(0, 4), [
      ['content-type', 'application/json'],
      ['content-type', 'text/html'],
      ['set-cookie', 'a=1'],
      ['set-cookie', 'b=2'],
    ])
  })

  it('sends any bytes unchanged', async () => {
    const body = Uint8Array.from({ length: 50_000 }, (_, index) => (index * 7) % 256)

    const reply = await sender.send(aRequest(hostile.at('/echo'), { body }))

    assert.equal(reply.kind, 'reply')
    assert.ok(reply.kind === 'reply' && Buffer.from(reply.body).equals(body))
  })

  it('takes a body of the limit, and not one of a byte more', async () => {
    const body = Buffer.alloc(1000, 'x')
    const url = hostile.at('/echo')

    const fits = await sender.send(aRequest(url, { body, replyLimit: 1000 }))
    const exceeds = await sender.send(aRequest(url, { body, replyLimit: 999 }))

    assert.equal(fits.kind, 'reply')
    assert.equal(causeOf(exceeds), 'over-limit')
    assert.match(messageOf(exceeds), /999 bytes/)
  })

  it('leaves no connection behind', async () => {
    await sender[Symbol.asyncDispose]()

    await hostile.idle()

    assert.equal(hostile.open, 0)
    assert.equal(causeOf(await sender.send(aRequest(hostile.at('/ok')))), 'aborted')
  })
}

function testRequests(open: Open): void {
  it('sends the headers it is given, the length, and no others that tell of the client', async () => {
    await using target = await receiver()
    await using sender = open()

    await sender.send(
      aRequest(new URL(`${target.url}/a?b=c`), {
        headers: { 'content-type': 'text/plain', 'user-agent': 'carabiner/1', 'x-empty': '' },
        body: Buffer.from('héllo'),
      }),
    )

    const [request] = await target.requests(1)
    assert.equal(request?.method, 'POST')
    assert.equal(request?.path, '/a?b=c')
    assert.equal(request?.text, 'héllo')
    assert.equal(request?.headers['content-length'], '6')
    assert.equal(request?.headers['user-agent'], 'carabiner/1')
    assert.equal(request?.headers['x-empty'], '')
    assert.equal(request?.headers['host'], `127.0.0.1:${target.port}`)
    assert.equal(request?.headers['transfer-encoding'], undefined)
  })

  it('posts an empty body with its length', async () => {
    await using target = await receiver()
    await using sender = open()

    await sender.send(aRequest(new URL(target.url), { body: new Uint8Array(0) }))

    const [request] = await target.requests(1)
    assert.equal(request?.headers['content-length'], '0')
  })

  for (const [header, value] of [
    ['expect', '100-continue'],
    ['connection', 'close'],
    ['transfer-encoding', 'chunked'],
    ['x-injected', 'a\r\nx-evil: 1'],
  ] as const) {
    it(`does not send ${header}`, async () => {
      await using target = await receiver()
      await using sender = open()

      const reply = await sender.send(
        aRequest(new URL(target.url), { headers: { [header]: value } }),
      )

      assert.equal(causeOf(reply), 'protocol')
      assert.match(messageOf(reply), /cannot be sent/)
      assert.equal(target.received.length, 0)
    })
  }

  it('tells a refused connection, an unknown host and an untrusted certificate', async () => {
    await using hostile = await startHostile({ certificate: makeCertificate() })
    await using sender = open({
      lookup: (host, callback) => {
        const missing = Object.assign(new TypeError(host), { code: 'ENOTFOUND' })
        callback(missing, [])
      },
    })

    const refused = await sender.send(aRequest(new URL('http://127.0.0.1:9/')))
    const unknown = await sender.send(aRequest(new URL('http://nowhere.test/')))
    const untrusted = await sender.send(aRequest(hostile.at('/ok')))

    assert.equal(messageOf(refused), 'no connection to 127.0.0.1:9 (ECONNREFUSED)')
    assert.equal(messageOf(unknown), 'no connection to nowhere.test:80 (ENOTFOUND)')
    assert.match(messageOf(untrusted), /^no connection to .*\(DEPTH_ZERO_SELF_SIGNED_CERT\)$/)
    assert.deepEqual([refused, unknown, untrusted].map(causeOf), ['connect', 'connect', 'connect'])
  })

  it('refuses what the guard refuses, without a connection', async () => {
    await using target = await receiver()
    await using sender = open({ egress: { ...trusted, default: 'guarded' } })

    const reply = await sender.send(aRequest(new URL(target.url)))

    assert.equal(causeOf(reply), 'egress')
    assert.equal(messageOf(reply), 'egress refused: 127.0.0.1 is loopback')
    assert.equal(target.connections, 0)
  })

  it('judges what a name resolves to', async () => {
    await using target = await receiver()
    await using sender = open({
      egress: { ...trusted, default: 'guarded' },
      lookup: (_host, callback) => callback(null, [{ address: '127.0.0.1', family: 4 }]),
    })

    for (const scheme of ['http', 'https']) {
      const url = new URL(`${scheme}://rebind.test:${target.port}/`)
      assert.equal(
        messageOf(await sender.send(aRequest(url))),
        'egress refused: 127.0.0.1 is loopback',
      )
    }
    assert.equal(target.connections, 0)
  })
}

function testConnections(open: Open, certificate: Certificate): void {
  it('keeps a connection for the next request', async () => {
    await using target = await receiver()
    await using sender = open()

    for (let count = 0; count < 10; count += 1) await sender.send(aRequest(new URL(target.url)))

    assert.equal(target.received.length, 10)
    assert.ok(target.connections <= 2, `${target.connections} connections`)
  })

  it('measures the phases of a new connection, and none on a kept one', async () => {
    await using hostile = await startHostile({ certificate })
    await using sender = open()

    const first = await sender.send(aRequest(hostile.at('/ok')))
    await untilFree()
    const second = await sender.send(aRequest(hostile.at('/ok')))

    const { connect, tls, firstByte, download } = first.timings
    for (const [phase, ms] of Object.entries(first.timings)) {
      assert.equal(ms, Math.round(ms * 1_000) / 1_000, `${phase} to the microsecond`)
    }
    for (const phase of [connect, tls, firstByte, download]) assert.ok((phase ?? -1) >= 0)
    assert.equal(second.timings.connect, undefined)
    assert.equal(second.timings.tls, undefined)
  })

  it('does not send again when a fresh connection is reset', async () => {
    await using hostile = await startHostile()
    await using sender = open()

    assert.equal(causeOf(await sender.send(aRequest(hostile.at('/reset')))), 'cut-off')
    assert.equal(hostile.asked('/reset'), 1)
  })

  it('sends once more when a kept connection is reset, and not a third time', async () => {
    await using hostile = await startHostile()
    await using sender = open()
    await sender.send(aRequest(hostile.at('/ok')))
    await untilFree()

    const reply = await sender.send(aRequest(hostile.at('/reset')))

    assert.equal(causeOf(reply), 'cut-off')
    assert.equal(hostile.asked('/reset'), 2)
  })

  for (const path of ['/reset-after-head', '/cut-off-head', '/cut-off-length'] as const) {
    it(`does not send again after bytes of a reply: ${path}`, async () => {
      await using hostile = await startHostile()
      await using sender = open()
      await sender.send(aRequest(hostile.at('/ok')))
      await untilFree()

      assert.equal(causeOf(await sender.send(aRequest(hostile.at(path)))), 'cut-off')
      assert.equal(hostile.asked(path), 1)
    })
  }

  it('costs no memory, whatever receivers send', async () => {
    await using hostile = await startHostile()
    const paths: readonly HostilePath[] = ['/endless', '/gzip-bomb', '/header-huge', '/reset']
    const afterRounds = async (count: number): Promise<number> => {
      await using sender = open()
      const requests = paths.flatMap((path) => Array.from({ length: 10 }, () => path))
      for (let round = 0; round < count; round += 1) {
        await Promise.all(requests.map((path) => sender.send(aRequest(hostile.at(path)))))
      }
      await sender[Symbol.asyncDispose]()
      await hostile.idle()
      return leastMemoryInUse()
    }

    const start = await afterRounds(2)
    const grown = (await afterRounds(5)) - start

    assert.ok(grown < 20_000_000, `grew by ${grown} bytes`)
  })
}

function testDeadline(open: Open): void {
  it('comes back while no connection is made', async () => {
    await using never = await startNeverAccepting()
    await using sender = open()

    await withinDeadline(sender, aRequest(never.url, { timeoutMs: 100.25 }))
  })

  it('comes back while DNS is silent, and asks it once for all who wait', async () => {
    let asked = 0
    await using sender = open({
      lookup: () => {
        asked += 1
      },
    })

    await Promise.all(
      Array.from({ length: 20 }, () =>
        withinDeadline(sender, aRequest(new URL('https://silent.test/'), { timeoutMs: 100 })),
      ),
    )

    assert.equal(asked, 1)
  })

  it('comes back while TLS is silent', async () => {
    const silent = createServer((socket) => {
      socket.on('error', () => socket.destroy())
      socket.resume()
    })
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve))
    const { port } = silent.address() as AddressInfo
    await using sender = open()

    await withinDeadline(
      sender,
      aRequest(new URL(`https://127.0.0.1:${port}/`), { timeoutMs: 100 }),
    )

    await sender[Symbol.asyncDispose]()
    await new Promise((resolve) => silent.close(resolve))
  })

  it('is one for all: 200 requests to receivers that never end', async () => {
    await using hostile = await startHostile()
    await using sender = open()
    const paths: readonly HostilePath[] = ['/hang', '/drip', '/drip-head', '/hang-after-head']

    await Promise.all(
      paths.flatMap((path) =>
        Array.from({ length: 50 }, () =>
          withinDeadline(sender, aRequest(hostile.at(path), { timeoutMs: 300 })),
        ),
      ),
    )
  })

  it('holds while headers flood in: they do not stop the event loop', async () => {
    await using hostile = await startHostileProcess()
    await using sender = open()
    using loop = new LoopDelay()
    const start = performance.now()

    const replies = await Promise.all(
      Array.from({ length: 20 }, () =>
        sender.send(aRequest(new URL('/header-flood', hostile.hostile), { timeoutMs: 20_000 })),
      ),
    )

    assert.deepEqual(new Set(replies.map(causeOf)), new Set(['over-limit']))
    const late = loop.longest(start, performance.now())
    assert.ok(late < 1_000, `the event loop was ${late} ms late`)
  })

  it('gives a connection up that takes too long, before the deadline', async () => {
    await using never = await startNeverAccepting()
    await using sender = open({ limits: { connectMs: 50 } })

    const reply = await sender.send(aRequest(never.url, { timeoutMs: 20_000 }))

    assert.equal(causeOf(reply), 'connect')
    assert.match(messageOf(reply), /within 50 ms$/)
  })

  it('ends when the caller gives up, before it starts and in the middle', async () => {
    await using hostile = await startHostile()
    await using sender = open()
    const caller = new AbortController()

    const early = sender.send(aRequest(hostile.at('/hang'), { signal: AbortSignal.abort() }))
    const middle = sender.send(aRequest(hostile.at('/drip'), { signal: caller.signal }))
    await untilAsked(hostile, '/drip')
    caller.abort()

    assert.deepEqual([await early, await middle].map(causeOf), ['aborted', 'aborted'])
    assert.equal(hostile.asked('/hang'), 0)
    await hostile.idle()
  })

  it('ends everything when the sender is closed', async () => {
    await using hostile = await startHostile()
    const sender = open()
    const pending = sender.send(aRequest(hostile.at('/hang'), { timeoutMs: 60_000 }))
    await untilAsked(hostile, '/hang')

    await sender[Symbol.asyncDispose]()

    assert.equal(causeOf(await pending), 'aborted')
    await hostile.idle()
  })
}

function testHttp2(open: Open, certificate: Certificate): void {
  it('is used where TLS offers it, on one connection, with the same answers', async () => {
    await using server = await startHttp2(certificate)
    await using sender = open()

    const replies = await Promise.all(
      Array.from({ length: 10 }, () => sender.send(aRequest(server.at('/ok')))),
    )

    assert.deepEqual(
      replies.map(textOf),
      Array.from({ length: 10 }, () => '2.0'),
    )
    assert.equal(server.sessions, 1)
  })

  for (const [path, expected] of [
    ['/hang', 'timeout'],
    ['/hang-after-head', 'timeout'],
    ['/reset-after-head', 'cut-off'],
    ['/endless', 'over-limit'],
    ['/status/503', 503],
  ] as const) {
    it(`${path}: ${expected}`, async () => {
      await using server = await startHttp2(certificate)
      await using sender = open()
      await sender.send(aRequest(server.at('/ok')))

      const reply = await sender.send(aRequest(server.at(path), { timeoutMs: 400 }))

      assert.equal(reply.kind === 'reply' ? reply.status : reply.error, expected)
      assert.equal(textOf(await sender.send(aRequest(server.at('/ok')))), '2.0')
    })
  }
}

function testGoingAway(open: Open, certificate: Certificate): void {
  it('of keep-alive connections goes unseen', async () => {
    await using sender = open()

    assertUnseen(await staleSockets(sender, 500))
  })

  it('of HTTP/2 sessions goes unseen', async () => {
    await using sender = open()

    assertUnseen(await goingAway(sender, 500, certificate))
  })
}

function assertUnseen(report: StaleReport): void {
  assert.deepEqual(report.failures, [])
  assert.deepEqual(report.afterReply, [])
  assert.ok(report.mostSeen <= 2, `one request was seen ${report.mostSeen} times`)
  assert.ok(report.givenUp > 0 && report.replayed > 0, 'nothing went away: the test proves nothing')
}

function aRequest(url: URL, overrides: Partial<OutboundRequest> = {}): OutboundRequest {
  return {
    url,
    headers: { 'content-type': 'application/json' },
    body: Buffer.from('{"a":1}'),
    timeoutMs: 5_000,
    replyLimit: 64 * 1024,
    ...overrides,
  }
}

async function withinDeadline(sender: Sender, request: OutboundRequest): Promise<void> {
  const start = performance.now()

  const reply = await sender.send(request)

  const took = performance.now() - start
  assert.equal(causeOf(reply), 'timeout')
  assert.match(messageOf(reply), new RegExp(`within ${Math.round(request.timeoutMs)} ms$`))
  assert.ok(took >= request.timeoutMs - 2, `came back after ${took} ms`)
  assert.ok(took < request.timeoutMs + 1_000, `came back after ${took} ms`)
}

/** A connection is free again one turn of the event loop after its reply. */
async function untilFree(): Promise<void> {
  for (let turn = 0; turn < 3; turn += 1) await new Promise((resolve) => setImmediate(resolve))
}

async function untilAsked(hostile: HostileReceiver, path: HostilePath): Promise<void> {
  while (hostile.asked(path) === 0) await new Promise((resolve) => setImmediate(resolve))
}

function causeOf(reply: Reply): NoReplyCause | undefined {
  return reply.kind === 'no-reply' ? reply.error : undefined
}

function messageOf(reply: Reply): string {
  return reply.kind === 'no-reply' ? reply.message : `a reply with status ${reply.status}`
}

function textOf(reply: Reply): string {
  return reply.kind === 'reply' ? Buffer.from(reply.body).toString() : reply.message
}

/** What the sockets that were closed still hold goes within a few turns of the event loop. */
async function leastMemoryInUse(): Promise<number> {
  let least = memoryInUse()
  for (let turn = 0; turn < 20; turn += 1) {
    await new Promise((resolve) => setImmediate(resolve))
    least = Math.min(least, memoryInUse())
  }
  return least
}

function memoryInUse(): number {
  setFlagsFromString('--expose-gc')
  runInNewContext('gc')()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}

interface Http2Receiver extends AsyncDisposable {
  at(path: string): URL
  readonly sessions: number
}

async function startHttp2(certificate: Certificate): Promise<Http2Receiver> {
  let sessions = 0
  const open = new Set<{ destroy(): void }>()
  const server = createSecureServer({ ...certificate })
  server.on('session', (session) => {
    sessions += 1
    open.add(session)
    session.on('close', () => open.delete(session))
  })
  server.on('request', (request, response) => {
    request.resume()
    response.stream.on('error', () => response.stream.destroy())
    const [, kind, status] = request.url.split('/')
    if (kind === 'hang') return
    response.writeHead(Number(status ?? 200), { 'content-type': 'text/plain' })
    if (kind === 'ok' || kind === 'status') response.end(request.httpVersion)
    else if (kind === 'reset-after-head') response.write('x', () => response.stream.close(2))
    else if (kind === 'endless') response.end(Buffer.alloc(1_000_000))
    else response.write(' ')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    at: (path) => new URL(path, `https://localhost:${port}`),
    get sessions() {
      return sessions
    },
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        for (const session of open) session.destroy()
        server.close(() => resolve())
      }),
  }
}
