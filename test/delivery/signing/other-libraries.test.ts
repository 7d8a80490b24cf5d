import assert from 'node:assert/strict'
import { webcrypto } from 'node:crypto'
import { describe, it } from 'node:test'
import * as octokit from '@octokit/webhooks-methods'
import fc from 'fast-check'
import * as standardwebhooks from 'standardwebhooks'
import { Stripe } from 'stripe'
import * as svix from 'svix'
import { schemeNamed } from '../../../src/delivery/signing/schemes.ts'
import { generateSecret } from '../../../src/delivery/signing/secret.ts'
import { Signer } from '../../../src/delivery/signing/signer.ts'

/** These libraries take text, so these bodies are text; what is not UTF-8 is compared with WebCrypto below. */
const emoji = fc.constantFrom('😀', '👩‍👩‍👧', '🏳️‍🌈', '€', '\u0000', '\u007f', '𐀀', ' ')
const kinds = [
  fc.string({ unit: 'binary', maxLength: 200 }),
  fc.array(emoji, { maxLength: 60 }).map((parts) => parts.join('')),
  fc.string({ unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)) }),
  fc.json(),
  fc.constant(''),
]
const small = kinds.flatMap((kind, seed) => fc.sample(kind, { numRuns: 190, seed }))
const large = Array.from({ length: 50 }, (_, index) =>
  `é😀{"${index}"}`.padEnd(1_048_576 - 6, 'x€'.charAt(index % 2)),
)
const bodies = [...small, ...large]
/** Two of the libraries take an empty body for a forgotten argument. */
const withContent = bodies.filter((body) => body !== '')

const now = new Date(Math.floor(Date.now() / 1_000) * 1_000)
const timestamp = now.getTime() / 1_000
const secret = generateSecret()

function signWith(scheme: string, body: string | Uint8Array, id: string = 'msg_1') {
  const bytes = typeof body === 'string' ? Buffer.from(body, 'utf8') : body
  return new Signer([scheme], [secret]).headers({ id, timestamp, body: bytes })
}

function assertVerified(scheme: string, headers: Readonly<Record<string, string>>, body: string) {
  const { verify, prepare } = schemeNamed(scheme)
  const input = {
    header: (name: string) => headers[name],
    body: Buffer.from(body, 'utf8'),
    now: timestamp,
  }
  assert.deepEqual(verify(input, [prepare(secret)]), { kind: 'verified' })
}

describe('1,000 bodies', () => {
  it('are 1,000, fifty of them a megabyte', () => {
    assert.equal(bodies.length, 1_000)
    assert.ok(bodies.filter((body) => Buffer.byteLength(body) >= 1_000_000).length === 50)
  })

  for (const [name, { Webhook }] of Object.entries({ standardwebhooks, svix })) {
    it(`signed by us verify with ${name}`, () => {
      const webhook = new Webhook(secret)
      // Svix hashes with standardwebhooks, whose hash is JavaScript: a megabyte takes it 40 ms, so one of those is enough there.
      const ours = name === 'svix' ? bodies.slice(0, -49) : bodies
      for (const [index, body] of ours.entries()) {
        const headers = signWith('standard', body, `msg_${index}`)

        webhook.verify(Buffer.from(body), headers, { jsonParse: false })
      }
    })

    it(`signed by ${name} verify with us`, () => {
      const webhook = new Webhook(secret)
      // Its hash is JavaScript: a megabyte takes it 20 ms, so one of those is enough here.
      for (const body of bodies.slice(0, -49)) {
        const headers = {
          'webhook-id': 'msg_1',
          'webhook-timestamp': String(timestamp),
          'webhook-signature': webhook.sign('msg_1', now, body),
        }

        assertVerified('standard', headers, body)
      }
    })
  }

  it('signed by us verify with @octokit/webhooks-methods, and the other way round', async () => {
    for (const body of withContent) {
      const ours = signWith('github', body)['x-hub-signature-256'] ?? ''
      const theirs = await octokit.sign(secret, body)

      assert.equal(await octokit.verify(secret, body, ours), true)
      assertVerified('github', { 'x-hub-signature-256': theirs }, body)
    }
  })

  it('signed by us verify with stripe, and the other way round', () => {
    const { signature, generateTestHeaderString } = Stripe.webhooks
    for (const body of withContent) {
      const ours = signWith('stripe', body)['stripe-signature'] ?? ''
      const theirs = generateTestHeaderString({ payload: body, secret, timestamp })

      assert.equal(signature?.verifyHeader(body, ours, secret, 300), true)
      assertVerified('stripe', { 'stripe-signature': theirs }, body)
    }
  })
})

describe('standardwebhooks with a secret that is not whsec_…', () => {
  for (const plain of ['s3cr3t', 'clé-ünïcode']) {
    it(`verifies with the bytes of ${plain} as a raw key`, () => {
      const webhook = new standardwebhooks.Webhook(Buffer.from(plain), { format: 'raw' })
      const input = { id: 'msg_1', timestamp, body: Buffer.from('{"a":1}') }

      const headers = new Signer(['standard'], [plain]).headers(input)

      assert.deepEqual(webhook.verify('{"a":1}', headers), { a: 1 })
    })
  }
})

describe('bodies that are not text', () => {
  it('are signed byte for byte, as WebCrypto signs them', async () => {
    const key = Buffer.from(secret.slice('whsec_'.length), 'base64')
    const bytes = fc.sample(fc.uint8Array({ maxLength: 300 }), { numRuns: 200, seed: 1 })
    for (const body of bytes) {
      const { 'webhook-signature': ours } = signWith('standard', body)

      const content = Buffer.concat([Buffer.from(`msg_1.${timestamp}.`), body])
      assert.equal(ours, `v1,${(await hmac(key, content)).toString('base64')}`)
      const { 'x-hub-signature-256': github } = signWith('github', body)
      assert.equal(github, `sha256=${(await hmac(Buffer.from(secret), body)).toString('hex')}`)
    }
  })
})

async function hmac(key: Uint8Array<ArrayBuffer>, content: Uint8Array): Promise<Buffer> {
  const algorithm = { name: 'HMAC', hash: 'SHA-256' }
  const imported = await webcrypto.subtle.importKey('raw', key, algorithm, false, ['sign'])
  return Buffer.from(await webcrypto.subtle.sign('HMAC', imported, new Uint8Array(content)))
}
