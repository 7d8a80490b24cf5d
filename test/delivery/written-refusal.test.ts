import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { EgressOptions } from '../../src/delivery/egress/egress-options.ts'
import { writtenRefusal } from '../../src/delivery/egress/egress-refusal.ts'

const guarded: EgressOptions = {
  default: 'guarded',
  allow: [],
  http: false,
  ports: [443, 8443],
  proxy: null,
}

describe('what the egress guard will refuse, without asking DNS', () => {
  const refused: readonly (readonly [string, string])[] = [
    ['https://10.0.0.5/', '10.0.0.5 is private'],
    ['https://0x7f.1/', '127.0.0.1 is loopback'],
    ['https://[::1]:8443/', '::1 is loopback'],
    ['https://169.254.169.254/', '169.254.169.254 is cloud metadata'],
    ['https://localhost/', '127.0.0.1 is loopback'],
    ['https://LOCALHOST./', '127.0.0.1 is loopback'],
    ['https://hooks.localhost/', '127.0.0.1 is loopback'],
    ['http://example.com/', 'scheme http is not allowed, only https'],
    ['https://example.com:444/', 'port 444 is not one of 443, 8443'],
  ]
  for (const [url, why] of refused) {
    it(`is ${url}`, () => {
      assert.equal(writtenRefusal(guarded)(url), `egress refused: ${why}`)
    })
  }

  for (const url of [
    'https://example.com/',
    'https://8.8.8.8/',
    'https://localhost.example/',
    '',
  ]) {
    it(`is not ${url === '' ? 'what is no URL' : url}`, () => {
      assert.equal(writtenRefusal(guarded)(url), undefined)
    })
  }

  const allowed: readonly (readonly [string, readonly string[]])[] = [
    ['https://10.0.0.5/', ['10.0.0.0/8']],
    ['https://localhost/', ['localhost']],
    ['https://localhost/', ['LOCALHOST.']],
    ['https://localhost/', ['127.0.0.0/8', '::1']],
    ['https://localhost/', ['127.0.0.0/8']],
  ]
  for (const [url, allow] of allowed) {
    it(`is not ${url} where ${allow.join(', ')} may be reached`, () => {
      assert.equal(writtenRefusal({ ...guarded, allow })(url), undefined)
    })
  }

  it('is nothing but schemes and ports where every address is trusted', () => {
    const refusal = writtenRefusal({ ...guarded, default: 'trusted' })

    assert.equal(refusal('https://127.0.0.1/'), undefined)
    assert.equal(refusal('https://localhost/'), undefined)
    assert.equal(refusal('https://127.0.0.1:9/'), 'egress refused: port 9 is not one of 443, 8443')
  })

  it('is not told where `allow` makes no sense: that is', () => {
    assert.equal(writtenRefusal({ ...guarded, allow: ['-'] })('https://10.0.0.5/'), undefined)
  })
})
