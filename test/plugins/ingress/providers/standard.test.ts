import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import * as standardwebhooks from 'standardwebhooks'
import * as svix from 'svix'
import type { ProviderConfig } from '../../../../plugins/ingress/integration-config.ts'
import { createProvider } from '../../../../plugins/ingress/providers/providers.ts'
import { eventOf, json, type Sent, signed, urlOf, verdictOn } from './sent.ts'

const secret = `whsec_${Buffer.alloc(32, 5).toString('base64')}`
const old = `whsec_${Buffer.alloc(32, 6).toString('base64')}`
const libraries = { standardwebhooks, svix }
/** These libraries know no time but the machine's. */
const now = Math.floor(Date.now() / 1_000) * 1_000

function sentBy(
  library: keyof typeof libraries,
  family: string,
  payload: object,
  secrets: readonly string[] = [secret],
): Sent {
  const body = JSON.stringify(payload)
  const signatures = secrets.map((each) =>
    new libraries[library].Webhook(each).sign('msg_1', new Date(now), body),
  )
  const headers = {
    'content-type': json,
    [`${family}-id`]: 'msg_1',
    [`${family}-timestamp`]: String(now / 1_000),
    [`${family}-signature`]: signatures.join(' '),
  }
  return { headers, body: Buffer.from(body), url: 'https://hooks.example.com', now }
}

for (const provider of ['standard', 'svix']) {
  describe(provider, () => {
    const config: ProviderConfig = { provider, secret: [secret] }
    const created = createProvider(config)

    for (const [library, family] of [
      ['standardwebhooks', 'webhook'],
      ['svix', 'webhook'],
      ['svix', 'svix'],
    ] as const) {
      it(`takes what ${library} signs, in ${family} headers`, () => {
        const payload = {
          type: 'user.created',
          timestamp: '2026-01-05T09:30:00Z',
          data: { id: 'u1' },
        }
        const sent = sentBy(library, family, payload)

        assert.deepEqual(verdictOn(created, sent), { kind: 'verified' })
        assert.deepEqual(eventOf(created, sent), {
          eventType: 'user.created',
          externalEventId: 'msg_1',
          occurredAt: 1_767_605_400_000,
          subject: 'u1',
          payload: {
            provider,
            eventType: 'user.created',
            externalEventId: 'msg_1',
            data: payload,
          },
        })
      })
    }

    it('takes several signatures, and several secrets', () => {
      const rotated = sentBy('svix', 'svix', {}, [old, secret])

      assert.equal(verdictOn(created, rotated).kind, 'verified')
      assert.equal(verdictOn(createProvider({ provider, secret: [old] }), rotated).kind, 'verified')
      const both = createProvider({ provider, secret: [old, secret] })
      assert.equal(verdictOn(both, sentBy('svix', 'svix', {})).kind, 'verified')
    })

    it('reads the id that was verified, whatever other headers say', () => {
      const sent = sentBy('svix', 'svix', {})
      const mixed: Sent = { ...sent, headers: { ...sent.headers, 'webhook-id': 'msg_other' } }
      const forged: Sent = {
        ...mixed,
        headers: { ...mixed.headers, 'webhook-signature': 'v1,AAAA', 'webhook-timestamp': '0' },
      }

      assert.equal(verdictOn(created, mixed).kind, 'verified')
      assert.equal(eventOf(created, mixed).externalEventId, 'msg_1')
      assert.equal(verdictOn(created, forged).kind, 'refused')
    })

    it('is of another type when it names none', () => {
      const { eventType, occurredAt } = eventOf(created, sentBy('svix', 'svix', { a: 1 }))

      assert.deepEqual([eventType, occurredAt], ['other', now])
    })

    it('signs samples as both libraries verify them', () => {
      const body = Buffer.from('{"type":"user.created"}')
      const fresh = created.sign({ body, contentType: json, url: urlOf(created), now })

      assert.ok((provider === 'svix' ? 'svix-id' : 'webhook-id') in fresh)
      new svix.Webhook(secret).verify(body, { ...fresh })
      const plain = Object.fromEntries(
        Object.entries(fresh).map(([name, value]) => [name.replace('svix-', 'webhook-'), value]),
      )
      new standardwebhooks.Webhook(secret).verify(body, plain)
      assert.throws(() => new svix.Webhook(old).verify(body, { ...fresh }))
    })
  })
}

describe('standard with a key pair', () => {
  const [seed, publicKey] = [
    Buffer.alloc(32, 9),
    'whpk_/RckOFqgx1tk+3jNYC+h2ZH96/drE8WO1wLqyDXp9hg=',
  ]
  const privateKey = `whsk_${seed.toString('base64')}`

  it('verifies with the public key, and cannot sign with it', () => {
    const signer = createProvider({ provider: 'standard', secret: [privateKey] })
    const verifier = createProvider({ provider: 'standard', secret: [publicKey] })
    const sent = signed(signer)

    assert.equal(verdictOn(verifier, sent).kind, 'verified')
    assert.throws(() => signed(verifier), { code: 'SIGNATURE_INVALID' })
  })
})
