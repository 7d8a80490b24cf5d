import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import fc from 'fast-check'
import { systemClock } from '../../src/clock.ts'
import { parseAddress, specialRange } from '../../src/delivery/egress/address-range.ts'
import type { EgressOptions } from '../../src/delivery/egress/egress-options.ts'
import { createEgressGuard } from '../../src/delivery/egress/guard.ts'
import type { LookupAll } from '../../src/delivery/egress/host-lookup.ts'
import type { Reply, Sender } from '../../src/delivery/sender.ts'
import { createGotSender } from '../../src/delivery/senders/got-sender.ts'
import { createUndiciSender } from '../../src/delivery/senders/undici-sender.ts'
import { type Receiver, receiver } from '../helpers/receiver.ts'
import { bypasses, notUrls } from './egress-bypasses.ts'

const guarded: EgressOptions = {
  default: 'guarded',
  allow: [],
  http: true,
  ports: 'any',
  proxy: null,
}

/** What DNS says of the names in the table, as they are asked for. */
const names = new Map(
  bypasses.flatMap(({ url, dns }) => {
    const host = URL.parse(at(url, 1))?.hostname
    return dns === undefined || host === undefined ? [] : [[host, dns] as const]
  }),
)

const lookup: LookupAll = (host, callback) => {
  const addresses = names.get(host) ?? []
  callback(
    null,
    addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
  )
}

for (const [name, create] of [
  ['got', createGotSender],
  ['undici', createUndiciSender],
] as const) {
  describe(`egress bypasses through ${name}`, () => {
    let canary: Receiver
    let sender: Sender
    before(async () => {
      canary = await onEveryInterface()
      sender = create({ egress: guarded, clock: systemClock, lookup })
    })
    after(async () => {
      await sender[Symbol.asyncDispose]()
      await canary[Symbol.asyncDispose]()
    })

    for (const { url, says } of bypasses) {
      it(`refuses ${JSON.stringify(url)}`, async () => {
        const reply = await post(sender, at(url, canary.port))

        assert.equal(reply.kind === 'no-reply' ? reply.error : reply.status, 'egress')
        assert.match(reply.kind === 'no-reply' ? reply.message : '', /^egress refused: /)
        assert.match(reply.kind === 'no-reply' ? reply.message : '', says)
      })
    }

    it('refuses all that is on http over TLS too', async () => {
      for (const { url, says } of bypasses.filter(({ url }) => url.startsWith('http:'))) {
        const reply = await post(sender, at(url, canary.port).replace('http:', 'https:'))
        assert.equal(reply.kind === 'no-reply' && reply.error, 'egress')
        assert.match(reply.kind === 'no-reply' ? reply.message : '', says)
      }
    })

    it('lets not one of them knock, on a listener that hears', async () => {
      assert.ok(new Set(bypasses.map(({ url }) => url)).size >= 200)
      assert.equal(canary.connections, 0)

      await using trusting = create({
        egress: { ...guarded, default: 'trusted' },
        clock: systemClock,
        lookup,
      })
      for (const host of ['127.0.0.1', '0x7f.1', 'localhost'])
        await post(trusting, `http://${host}:${canary.port}/`)
      assert.ok(canary.connections > 0)
    })

    it('does not follow a redirect to where it may not go', async () => {
      await using secret = await receiver()
      await using target = await receiver({
        answers: [301, 302, 303, 307, 308].map((status) => ({
          status,
          headers: { location: `http://127.0.0.1:${secret.port}/` },
        })),
      })
      await using allowed = create({
        egress: { ...guarded, allow: ['127.0.0.1'] },
        clock: systemClock,
        lookup,
      })

      const statuses: unknown[] = []
      for (let count = 0; count < 5; count += 1) {
        const reply = await post(allowed, target.url)
        statuses.push(reply.kind === 'reply' && reply.status)
      }

      assert.deepEqual(statuses, [301, 302, 303, 307, 308])
      assert.equal(secret.connections, 0)
    })

    it('judges again when the kept connection is gone and the name has moved', async () => {
      let address = '127.0.0.1'
      await using secret = await receiver()
      await using target = await receiver({
        answers: [200, 200, { headers: { connection: 'close' } }],
      })
      await using rebound = create({
        egress: { ...guarded, allow: ['127.0.0.1'] },
        clock: systemClock,
        lookup: (_host, callback) => callback(null, [{ address, family: 4 }]),
      })
      const url = `http://rebound.test:${target.port}/`

      await post(rebound, url)
      await untilFree()
      address = '127.0.0.2'
      const kept = [await post(rebound, url)]
      await untilFree()
      kept.push(await post(rebound, url))
      await untilFree()
      const gone = await post(rebound, url)

      assert.deepEqual(
        kept.map((reply) => reply.kind === 'reply' && reply.status),
        [200, 200],
      )
      assert.equal(target.connections, 1)
      assert.equal(
        gone.kind === 'no-reply' && gone.message,
        'egress refused: 127.0.0.2 is loopback',
      )
      assert.equal(secret.connections, 0)
    })

    it('judges again when a name has moved', async () => {
      const answers = ['127.0.0.1', '10.0.0.1']
      await using moving = create({
        egress: { ...guarded, allow: ['127.0.0.1'] },
        clock: systemClock,
        lookup: (_host, callback) =>
          callback(null, [{ address: answers.shift() ?? '10.0.0.1', family: 4 }]),
      })
      await using target = await receiver({ answers: [{ headers: { connection: 'close' } }] })
      const url = `http://moving.test:${target.port}/`

      const first = await post(moving, url)
      const second = await post(moving, url)

      assert.equal(first.kind, 'reply')
      assert.equal(
        second.kind === 'no-reply' && second.message,
        'egress refused: 10.0.0.1 is private',
      )
    })

    it('connects to the address that was judged, without a second look at DNS', async () => {
      let asked = 0
      await using target = await receiver()
      await using once = create({
        egress: { ...guarded, allow: ['127.0.0.0/8'] },
        clock: systemClock,
        lookup: (_host, callback) => {
          asked += 1
          callback(null, [{ address: '127.0.0.1', family: 4 }])
        },
      })

      const replies = [
        await post(once, `http://once.test:${target.port}/`),
        await post(once, `http://once.test:${target.port}/`),
      ]

      assert.deepEqual(
        replies.map((reply) => reply.kind),
        ['reply', 'reply'],
      )
      assert.equal(asked, target.connections)
    })
  })
}

describe('the egress guard', () => {
  for (const text of notUrls) {
    it(`never sees ${text}: it is no URL`, () => {
      assert.equal(URL.parse(text), null)
    })
  }

  for (const [url, refusal] of [
    ['ftp://example.com/', 'scheme ftp is not http or https'],
    ['file:///etc/passwd', 'scheme file is not http or https'],
    ['http://user@example.com/', 'the URL carries credentials'],
    ['https://user:secret@example.com/', 'the URL carries credentials'],
    ['http://169.254.169.254/latest', '169.254.169.254 is cloud metadata'],
    ['http://[::ffff:127.0.0.1]/', '::ffff:7f00:1 is IPv4 in IPv6 (mapped)'],
    ['http://100.64.1.1/', '100.64.1.1 is carrier-grade NAT'],
  ] as const) {
    it(`says why it refuses ${url}`, () => {
      assert.equal(createEgressGuard(guarded).refusal(new URL(url)), `egress refused: ${refusal}`)
    })
  }

  it('keeps to https and to ports, trusted or not', () => {
    const guard = createEgressGuard({
      ...guarded,
      default: 'trusted',
      http: false,
      ports: [443, 8443],
    })

    assert.match(guard.refusal(new URL('http://example.com/')) ?? '', /scheme http is not allowed/)
    assert.match(
      guard.refusal(new URL('https://example.com:22/')) ?? '',
      /port 22 is not one of 443, 8443/,
    )
    assert.equal(guard.refusal(new URL('https://example.com/')), undefined)
    assert.equal(guard.refusal(new URL('https://127.0.0.1:8443/')), undefined)
  })

  it('lets through what is allowed: addresses, ranges, names', () => {
    const guard = createEgressGuard({
      ...guarded,
      allow: ['10.1.0.0/16', '::1', 'Intern.Example.'],
    })

    assert.equal(guard.refusal(new URL('http://10.1.2.3/')), undefined)
    assert.equal(guard.refusal(new URL('http://[::ffff:10.1.2.3]/')), undefined)
    assert.equal(guard.refusal(new URL('http://[::1]/')), undefined)
    assert.notEqual(guard.refusal(new URL('http://10.2.0.1/')), undefined)
    assert.equal(resolved(guard.lookup, 'intern.example', ['10.9.9.9']), undefined)
  })

  for (const entry of [
    '10.0.0.0/33',
    'http://example.com',
    '*.example.com',
    '',
    '1.2.3.4.5',
    'a b',
  ]) {
    it(`refuses to start with allow: '${entry}'`, () => {
      assert.throws(() => createEgressGuard({ ...guarded, allow: [entry] }), {
        code: 'ASSEMBLY_INVALID',
      })
    })
  }

  it('finds no IPv6 address public that carries an IPv4 one', () => {
    fc.assert(
      fc.property(
        fc.ipV4(),
        fc.constantFrom('::ffff:', '::', '64:ff9b::', '::ffff:0:'),
        (v4, prefix) => {
          const address = parseAddress(prefix + v4)
          assert.ok(address !== undefined)
          assert.notEqual(specialRange(address), undefined)
        },
      ),
    )
  })

  it('finds the public internet public', () => {
    for (const text of [
      '1.1.1.1',
      '8.8.8.8',
      '93.184.215.14',
      '172.32.0.1',
      '2606:4700:4700::1111',
      '2a00:1450::1',
    ]) {
      const address = parseAddress(text)
      assert.equal(address && specialRange(address), undefined)
    }
  })
})

/** A listener that whatever ends on this machine reaches. */
async function onEveryInterface(): Promise<Receiver> {
  try {
    return await receiver({ host: '::' })
  } catch {
    return receiver({ host: '0.0.0.0' }) // a machine without IPv6
  }
}

function at(url: string, port: number): string {
  return url.replaceAll('PORT', String(port))
}

/** A connection is free again a turn of the event loop after its reply. */
async function untilFree(): Promise<void> {
  for (let turn = 0; turn < 3; turn += 1) await new Promise((resolve) => setImmediate(resolve))
}

function post(sender: Sender, url: string): Promise<Reply> {
  return sender.send({
    url: new URL(url),
    headers: {},
    body: Buffer.from('{}'),
    timeoutMs: 5_000,
    replyLimit: 1024,
  })
}

type Lookup = ReturnType<typeof createEgressGuard>['lookup']

/** The error of a lookup of a name that has these addresses. */
function resolved(_lookup: Lookup, host: string, addresses: readonly string[]): string | undefined {
  const guard = createEgressGuard({ ...guarded, allow: ['Intern.Example.'] }, (_host, callback) =>
    callback(
      null,
      addresses.map((address) => ({ address, family: 4 })),
    ),
  )
  let failure: string | undefined
  guard.lookup(host, { all: true }, (error) => {
    failure = error?.message
  })
  return failure
}
