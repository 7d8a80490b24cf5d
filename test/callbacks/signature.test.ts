import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { signCallback, verifyCallback } from '../../src/callbacks/callback-signature.ts'
import { callbackUrl, parseCallbackPath } from '../../src/callbacks/callback-url.ts'

interface Vector {
  readonly scheme: string
  readonly secretHex: string
  readonly callbackId: string
  readonly signature: string
}

const file = new URL('../vectors/signing.json', import.meta.url)
const all: readonly Vector[] = JSON.parse(readFileSync(file, 'utf8')).vectors
const vectors = all.filter(({ scheme }) => scheme === 'awa')
const hex = fc
  .uint8Array({ minLength: 32, maxLength: 32 })
  .map((key) => Buffer.from(key).toString('hex'))

describe('signCallback and verifyCallback', () => {
  it('give and know the known answers', () => {
    assert.equal(vectors.length, 5)
    for (const { secretHex, callbackId, signature } of vectors) {
      assert.equal(signCallback(callbackId, secretHex), signature)
      assert.ok(verifyCallback(callbackId, signature, secretHex))
      assert.ok(verifyCallback(callbackId, signature.toUpperCase(), ['ab'.repeat(32), secretHex]))
    }
  })

  it('hold for one id and one secret, and no other', () => {
    fc.assert(
      fc.property(fc.uuid(), fc.uuid(), hex, hex, (id, other, secret, wrong) => {
        fc.pre(id !== other && secret !== wrong)
        const signature = signCallback(id, secret)

        assert.ok(verifyCallback(id, signature, secret))
        assert.ok(!verifyCallback(other, signature, secret))
        assert.ok(!verifyCallback(id, signature, wrong))
        assert.ok(!verifyCallback(id, signature, []))
      }),
    )
  })

  it('never throw on what a stranger sends', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (id, signature) => {
        assert.equal(verifyCallback(id, signature, '07'.repeat(32)), false)
      }),
    )
  })

  it('refuse a secret that is none', () => {
    for (const secret of ['', 'abc', 'zz'.repeat(32), '07'.repeat(33)]) {
      assert.throws(() => signCallback('a', secret), { code: 'SECRET_INVALID' })
      assert.throws(() => verifyCallback('a', 'b', secret), { code: 'SECRET_INVALID' })
    }
  })
})

describe('callbackUrl', () => {
  const urls: readonly (readonly [string, string, string])[] = [
    ['https://a.example', '/api/callbacks', 'https://a.example/api/callbacks/ID/fail'],
    ['https://a.example/', 'api/callbacks/', 'https://a.example/api/callbacks/ID/fail'],
    ['https://a.example//', '//x//', 'https://a.example/x/ID/fail'],
    ['https://a.example/base/', '', 'https://a.example/base/ID/fail'],
    ['https://a.example', ' ', 'https://a.example/ID/fail'],
    ['https://a.example', '/', 'https://a.example/ID/fail'],
    ['https://a.example', '/a/b', 'https://a.example/a/b/ID/fail'],
  ]

  for (const [base, prefix, url] of urls) {
    it(`joins \`${base}\` and \`${prefix}\``, () => {
      assert.equal(callbackUrl(base, prefix, 'ID', 'fail'), url)
    })
  }

  it('is what the routes take apart', () => {
    const action = fc.constantFrom('complete', 'fail', 'heartbeat')
    fc.assert(
      fc.property(fc.constantFrom('', '/', 'a', '/a/b/'), fc.uuid(), action, (prefix, id, act) => {
        const { pathname } = new URL(callbackUrl('https://a.example', prefix, id, act))
        const stem = pathname.slice(0, pathname.indexOf(`/${id}`))

        assert.deepEqual(parseCallbackPath(stem, pathname), { id, action: act })
      }),
    )
  })
})
