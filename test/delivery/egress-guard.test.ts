import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import fc from 'fast-check'
import { systemClock } from '../../src/clock.ts'
import { parseAddress, specialRange } from '../../src/delivery/address-range.ts'
import type { EgressOptions } from '../../src/delivery/egress.ts'
import { createEgressGuard } from '../../src/delivery/egress-guard.ts'
import type { LookupAll } from '../../src/delivery/host-lookup.ts'
import type { Reply, Sender } from '../../src/delivery/sender.ts'
import { createGotSender } from '../../src/delivery/senders/got-sender.ts'
import { createUndiciSender } from '../../src/delivery/senders/undici-sender.ts'
import { type Receiver, receiver } from '../helpers/receiver.ts'

const guarded: EgressOptions = {
  default: 'guarded',
  allow: [],
  http: true,
  ports: 'any',
  proxy: null,
}

/** Host names of the tests, and what DNS says. */
const names: Readonly<Record<string, readonly string[]>> = {
  'loopback.test': ['127.0.0.1'],
  'loopback6.test': ['::1'],
  'mapped.test': ['::ffff:127.0.0.1'],
  'mapped-hex.test': ['::ffff:7f00:1'],
  'compatible.test': ['::127.0.0.1'],
  'nat64.test': ['64:ff9b::7f00:1'],
  'nat64-local.test': ['64:ff9b:1::7f00:1'],
  '6to4.test': ['2002:7f00:1::1'],
  'teredo.test': ['2001:0:4136:e378:8000:63bf:80ff:fffe'],
  'translated.test': ['::ffff:0:7f00:1'],
  'private.test': ['10.0.0.1'],
  'link-local.test': ['fe80::1'],
  'zone.test': ['fe80::1%lo'],
  'metadata.test': ['169.254.169.254'],
  'metadata6.test': ['fd00:ec2::254'],
  'azure.test': ['168.63.129.16'],
  'second-is-bad.test': ['93.184.215.14', '127.0.0.1'],
  'first-is-bad.test': ['127.0.0.1', '93.184.215.14'],
  'mixed-families.test': ['2606:4700:4700::1111', '::1'],
  'unspecified.test': ['0.0.0.0'],
  'any6.test': ['::'],
  'not-an-address.test': ['localhost'],
  'empty.test': [],
  localhost: ['127.0.0.1', '::1'],
}

const lookup: LookupAll = (host, callback) => {
  const addresses = names[host.replace(/\.$/, '').toLowerCase()] ?? []
  callback(
    null,
    addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
  )
}

/** Ways to a loopback listener, or to what only looks public. `PORT` is the canary's. */
const bypasses: readonly string[] = [
  ...[
    '127.0.0.1',
    '127.1',
    '127.0.1',
    '127.255.255.254',
    '2130706433',
    '017700000001',
    '0x7f000001',
    '0x7f.1',
    '0177.0.0.1',
    '0x7f.0.0.0x1',
    '127.0.0.1.',
    '127。0。0。1',
    '①②⑦.⓪.⓪.①',
    '%31%32%37.0.0.1',
    '0',
    '0.0.0.0',
    '0x0',
    '00000',
  ],
  ...[
    '[::1]',
    '[0:0:0:0:0:0:0:1]',
    '[::0001]',
    '[::]',
    '[::ffff:127.0.0.1]',
    '[::ffff:7f00:1]',
    '[0:0:0:0:0:ffff:7f00:1]',
    '[::127.0.0.1]',
    '[::ffff:0:127.0.0.1]',
    '[64:ff9b::127.0.0.1]',
    '[64:ff9b:1::127.0.0.1]',
    '[2002:7f00:1::]',
    '[2002:7f00:0001:0000::1]',
    '[2001:0:7f00:1::]',
    '[fe80::1]',
    '[fec0::1]',
    '[fc00::1]',
    '[fd00:ec2::254]',
    '[ff02::1]',
    '[100::1]',
    '[2001:db8::1]',
    '[3fff::1]',
    '[2001:2::1]',
    '[5f00::1]',
    '[4000::1]',
  ],
  ...[
    '10.0.0.1',
    '0xa.0.0.1',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.0.1',
    '3232235521',
    '100.64.0.1',
    '100.100.100.200',
    '169.254.0.1',
    '169.254.169.254',
    '0xa9fea9fe',
    '2852039166',
    '192.0.0.192',
    '192.0.2.1',
    '192.88.99.1',
    '198.18.0.1',
    '198.51.100.1',
    '203.0.113.1',
    '224.0.0.1',
    '240.0.0.1',
    '255.255.255.255',
    '168.63.129.16',
  ],
  ...['localhost', 'LOCALHOST', 'localhost.', 'ⓛocalhost'],
  ...Object.keys(names).filter((name) => name !== 'localhost'),
]

for (const [name, create] of [
  ['got', createGotSender],
  ['undici', createUndiciSender],
] as const) {
  describe(`egress bypasses through ${name}`, () => {
    let canary: Receiver
    let sender: Sender
    before(async () => {
      canary = await receiver()
      sender = create({ egress: guarded, clock: systemClock, lookup })
    })
    after(async () => {
      await sender[Symbol.asyncDispose]()
      await canary[Symbol.asyncDispose]()
    })

    for (const host of bypasses) {
      it(`refuses ${host}`, async () => {
        const reply = await post(sender, `http://${host}:${canary.port}/`)

        assert.equal(reply.kind === 'no-reply' ? reply.error : reply.status, 'egress')
        assert.match(reply.kind === 'no-reply' ? reply.message : '', /^egress refused: \S+/)
      })
    }

    it('refuses them over TLS too', async () => {
      for (const host of ['127.0.0.1', '[::1]', 'loopback.test', 'second-is-bad.test']) {
        const reply = await post(sender, `https://${host}:${canary.port}/`)
        assert.equal(reply.kind === 'no-reply' && reply.error, 'egress')
      }
    })

    it('lets not one of them knock', () => {
      assert.ok(bypasses.length >= 60)
      assert.equal(canary.connections, 0)
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
