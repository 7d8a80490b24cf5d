import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { canonicalJson } from '../../../src/delivery/signing/canonical-json.ts'
import type {
  SignatureScheme,
  SigningInput,
  Verification,
} from '../../../src/delivery/signing/scheme.ts'
import { schemes } from '../../../src/delivery/signing/schemes.ts'

type Headers = Readonly<Record<string, string>>
interface Signed {
  readonly request: SigningInput
  readonly headers: Headers
}

const text = fc.string({ unit: 'binary' })
const params = fc.dictionary(fc.string({ minLength: 1 }), text)
const secrets: Readonly<Record<string, string>> = {
  awa: '0123456789abcdef'.repeat(4),
  'standard-v1a': `whsk_${Buffer.alloc(32, 9).toString('base64')}`,
}
const others: Readonly<Record<string, string>> = {
  awa: '0123456789abcde0'.repeat(4),
  'standard-v1a': `whsk_${Buffer.alloc(32, 8).toString('base64')}`,
}

/** What each scheme does not cover, by its nature. */
const uncovered: Readonly<Record<string, readonly (keyof SigningInput)[]>> = {
  standard: [],
  'standard-v1a': [],
  stripe: ['id'],
  slack: ['id'],
  twilio: ['id', 'timestamp', 'body'],
  awa: ['timestamp', 'body'],
  token: ['id', 'timestamp', 'body'],
}
const coversBodyOnly = ['id', 'timestamp']

describe('signature schemes', () => {
  for (const scheme of schemes) {
    const key = scheme.prepare(secrets[scheme.name] ?? 's3cr3t')
    const otherKey = scheme.prepare(others[scheme.name] ?? 's3cr3T')
    const request = requestFor(scheme)
    const signed = request.map((each) => ({
      request: each,
      headers: scheme.sign(each, [key]),
    }))

    it(`${scheme.name} verifies what it signs, with any of several keys`, () => {
      law(signed, (each) => {
        assert.deepEqual(verify(scheme, each, [key]), { kind: 'verified' })
        assert.deepEqual(verify(scheme, each, [otherKey, key]), { kind: 'verified' })
        assert.equal(verify(scheme, each, [otherKey]).kind, 'mismatch')
        assert.equal(verify(scheme, each, []).kind === 'verified', false)
      })
    })

    it(`${scheme.name} refuses a signature with one bit changed`, () => {
      law(fc.tuple(signed, fc.nat(), fc.nat(6)), ([{ request, headers }, at, bit]) => {
        const name = Object.keys(headers)[at % Object.keys(headers).length] ?? ''
        const changed = { ...headers, [name]: flipCharacter(headers[name] ?? '', at, bit) }

        if (scheme.name === 'awa') fc.pre(changed[name]?.toLowerCase() !== headers[name])
        assert.notEqual(verify(scheme, { request, headers: changed }, [key]).kind, 'verified')
      })
    })

    const covered = (part: keyof SigningInput) =>
      !(uncovered[scheme.name] ?? coversBodyOnly).includes(part)

    it(`${scheme.name} ${covered('body') ? 'refuses' : 'does not cover'} a body with one bit changed`, () => {
      const withBody = signed.filter((each) => each.request.body.length > 0)
      law(fc.tuple(withBody, fc.nat(), fc.nat(7)), ([{ request, headers }, at, bit]) => {
        const body = flipByte(request.body, at, bit)

        // `1e+16` and `1E+16` are one value: `pyfly` signs the value.
        if (scheme.name === 'pyfly') fc.pre(canonicalJson(body) !== canonicalJson(request.body))
        const changed = { request: { ...request, body }, headers }
        assert.equal(verify(scheme, changed, [key]).kind !== 'verified', covered('body'))
      })
    })

    if (covered('id')) {
      it(`${scheme.name} refuses an id with one bit changed`, () => {
        law(fc.tuple(signed, fc.nat(), fc.nat(6)), ([{ request, headers }, at, bit]) => {
          const id = flipCharacter(request.id, at, bit)
          const changed = 'webhook-id' in headers ? { ...headers, 'webhook-id': id } : headers

          const verification = verify(scheme, { request: { ...request, id }, headers: changed }, [
            key,
          ])
          assert.notEqual(verification.kind, 'verified')
        })
      })
    }

    it(`${scheme.name} never throws, whatever the request`, () => {
      const anything = fc.tuple(fc.string({ unit: 'binary' }), fc.uint8Array(), fc.double())
      law(anything, ([value, body, now]) => {
        const verification = scheme.verify(
          { header: () => value, body, now, id: value, url: value },
          [key],
        )

        assert.notEqual(verification.kind, 'verified')
      })
    })
  }

  for (const scheme of schemes.filter(({ timestamped }) => timestamped)) {
    const key = scheme.prepare(secrets[scheme.name] ?? 's3cr3t')

    it(`${scheme.name} accepts 300 seconds either way, not one more`, () => {
      const request = { id: 'msg', timestamp: 1_000_000, body: Buffer.from('{}') }
      const headers = scheme.sign(request, [key])
      const kindAt = (now: number, tolerance?: number) =>
        scheme.verify(
          {
            header: (name) => headers[name],
            body: request.body,
            now,
            ...(tolerance !== undefined && { tolerance }),
          },
          [key],
        ).kind

      assert.deepEqual(
        [1_000_300, 999_700].map((now) => kindAt(now)),
        ['verified', 'verified'],
      )
      assert.deepEqual(
        [1_000_301, 999_699].map((now) => kindAt(now)),
        ['expired', 'expired'],
      )
      assert.equal(kindAt(1_000_011, 10), 'expired')
      assert.equal(kindAt(Number.NaN), 'expired')
      assert.equal(kindAt(1_000_000, Number.NaN), 'expired')
    })
  }
})

describe('timestamps in headers', () => {
  const bad = [
    '1700000000abc',
    '+1700000000',
    ' 1700000000',
    '1.7e9',
    '01700000000',
    '-1',
    '',
    '0x1',
  ]
  for (const time of bad) {
    it(`are not ${JSON.stringify(time)}`, () => {
      for (const scheme of schemes.filter(({ timestamped }) => timestamped)) {
        const values: Headers = {
          'webhook-id': 'msg',
          'webhook-timestamp': time,
          'webhook-signature': 'v1,AAAA v1a,AAAA',
          'stripe-signature': `t=${time},v1=00`,
          'x-slack-request-timestamp': time,
          'x-slack-signature': `v0=${'0'.repeat(64)}`,
        }
        const input = { header: (name: string) => values[name], body: Buffer.from(''), now: 1.7e9 }

        assert.equal(scheme.verify(input, []).kind, 'malformed')
      }
    })
  }
})

describe('headers with many signatures', () => {
  const key = schemes.map((scheme) => [scheme.name, scheme] as const)
  const [standard, stripe] = [new Map(key).get('standard'), new Map(key).get('stripe')]

  it('are looked at up to 32', () => {
    const body = Buffer.from('{}')
    const request = { id: 'msg', timestamp: 1_000_000, body }
    for (const [scheme, header, noise, join] of [
      [standard, 'webhook-signature', 'v1,x', ' '],
      [stripe, 'stripe-signature', 'v1=x', ','],
    ] as const) {
      assert.ok(scheme !== undefined)
      const keys = [scheme.prepare('s')]
      const headers = scheme.sign(request, keys)
      const withNoise = (count: number): Headers => ({
        ...headers,
        [header]: [headers[header], ...Array<string>(count).fill(noise)].join(join),
      })

      assert.equal(verify(scheme, { request, headers: withNoise(31) }, keys).kind, 'verified')
      assert.equal(verify(scheme, { request, headers: withNoise(32) }, keys).kind, 'malformed')
    }
  })

  it('of Stripe have one time', () => {
    assert.ok(stripe !== undefined)
    const header = () => 't=1000000,t=1000000,v1=00'

    assert.equal(stripe.verify({ header, body: Buffer.from(''), now: 1e6 }, []).kind, 'malformed')
  })

  it('of Stripe that came twice are not taken for one', () => {
    assert.ok(stripe !== undefined)
    const request = { id: 'msg', timestamp: 1_000_000, body: Buffer.from('{}') }
    const keys = [stripe.prepare('s')]
    const value = stripe.sign(request, keys)['stripe-signature'] ?? ''

    for (const twice of [`${value}, ${value}`, value + value, `${value},`]) {
      const signed = { request, headers: { 'stripe-signature': twice } }
      assert.equal(verify(stripe, signed, keys).kind, 'malformed')
    }
  })
})

describe('a scheme whose header is configured', () => {
  for (const scheme of schemes.filter(({ withHeader }) => withHeader !== undefined)) {
    it(`signs and verifies there: ${scheme.name}`, () => {
      const moved = scheme.withHeader?.('X-Other') ?? assert.fail('no withHeader')
      const key = moved.prepare(secrets[scheme.name] ?? 's3cr3t')
      const body = Buffer.from('{}')
      const request = { id: 'msg', timestamp: 1, body, url: 'https://x.test/' }

      const headers = moved.sign(request, [key])

      assert.deepEqual(Object.keys(headers), ['x-other'])
      assert.equal(verify(moved, { request, headers }, [key]).kind, 'verified')
      const missing = { kind: 'missing', reason: 'missing x-other header' }
      assert.deepEqual(verify(moved, { request, headers: {} }, [key]), missing)
    })
  }
})

function requestFor(scheme: SignatureScheme): fc.Arbitrary<SigningInput> {
  const json = fc.json().map((source) => Buffer.from(source, 'utf8'))
  return fc.record({
    id: fc.uuid(),
    timestamp: fc.integer({ min: 1_000, max: 4_000_000_000 }),
    body: scheme.name === 'pyfly' ? json : fc.uint8Array({ maxLength: 200 }),
    url: fc.webUrl(),
    params,
  })
}

function verify(
  scheme: SignatureScheme,
  { request, headers }: Signed,
  keys: Parameters<SignatureScheme['verify']>[1],
): Verification {
  const { timestamp, ...rest } = request
  return scheme.verify({ ...rest, header: (name) => headers[name], now: timestamp }, keys)
}

function flipByte(bytes: Uint8Array, at: number, bit: number): Uint8Array {
  return bytes.map((byte, index) => (index === at % bytes.length ? byte ^ (1 << bit) : byte))
}

function flipCharacter(value: string, at: number, bit: number): string {
  const index = at % value.length
  const flipped = String.fromCharCode(value.charCodeAt(index) ^ (1 << bit))
  return value.slice(0, index) + flipped + value.slice(index + 1)
}

function law<T>(arbitrary: fc.Arbitrary<T>, holds: (value: T) => void): void {
  fc.assert(fc.property(arbitrary, holds), { numRuns: 200 })
}
