import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { ProviderConfig } from '../../../../plugins/ingress/integration-config.ts'
import { inspectProvider } from '../../../../plugins/ingress/providers/inspect.ts'
import { createProvider } from '../../../../plugins/ingress/providers/providers.ts'

const publicUrl = 'https://hooks.example.com'
const normalize = { type: '/type' }
const orders = { provider: 'orders', secret: ['s'], normalize }

/** Paths of what is wrong, as `verify.header`; with the messages. */
function problemsOf(
  config: ProviderConfig,
  url: string | null = publicUrl,
): Record<string, string> {
  const problems = inspectProvider(config, url)
  assert.ok(problems.every(({ expected }) => expected !== ''))
  return Object.fromEntries(problems.map(({ path, message }) => [path.join('.'), message]))
}

const fine: Readonly<Record<string, ProviderConfig>> = {
  'a built-in provider': { provider: 'github', secret: ['s'] },
  'a rotation': { provider: 'github', secret: ['new', 'old'] },
  'a tolerance': { provider: 'stripe', secret: ['s'], verify: { tolerance: 600_000 } },
  'a built-in provider that is not verified': { provider: 'acme', verify: 'none' },
  'a key pair and a shared secret': {
    provider: 'standard',
    secret: [`whsk_${Buffer.alloc(32).toString('base64')}`, 'shared'],
  },
  'a declared provider': { ...orders, verify: { scheme: 'github', header: 'X-Signature' } },
  'an HMAC': { ...orders, verify: { scheme: 'hmac', header: 'X-Mac', algorithm: 'sha512' } },
  'a declared provider that is not verified': { provider: 'orders', normalize, verify: 'none' },
  'signed deliveries': {
    provider: 'acme',
    secret: ['s'],
    sign_with: { scheme: 'standard', secret: ['s'] },
  },
}

const wrong: Readonly<Record<string, readonly [ProviderConfig, Record<string, string>]>> = {
  'a provider that is neither built in nor declared': [
    { provider: 'githb', secret: ['s'] },
    { provider: 'no provider `githb`; did you mean `github`?' },
  ],
  'a missing secret': [{ provider: 'github' }, { '': '`github` without a secret' }],
  'an empty secret': [
    { provider: 'github', secret: ['  '] },
    { secret: 'invalid secret for `github`: it is empty' },
  ],
  'an empty secret in a rotation': [
    { provider: 'github', secret: ['new', ''] },
    { 'secret.1': 'invalid secret for `github`: it is empty' },
  ],
  'a public key as a shared secret': [
    { provider: 'github', secret: ['whpk_abc'] },
    { secret: 'a key of a pair is no shared secret' },
  ],
  'a token that no header can carry': [
    { provider: 'globex', secret: ['schlüssel'] },
    {
      secret: 'invalid secret for `token`: it can not stand in a header: printable ASCII is needed',
    },
  ],
  'a signing token of GitLab that is none': [
    { provider: 'gitlab', secret: ['whsec_%%%'] },
    { secret: 'invalid secret for `standard`: what follows `whsec_` is not base64' },
  ],
  'a secret that nothing checks': [
    { provider: 'github', verify: 'none', secret: ['s'] },
    { secret: '`verify: none` checks no secret' },
  ],
  'a built-in provider that is declared': [
    { provider: 'github', secret: ['s'], normalize, verify: { scheme: 'acme', header: 'X-A' } },
    {
      normalize: '`github` is built in and needs no `normalize`',
      'verify.scheme': '`github` is verified as its makers say',
      'verify.header': '`github` is verified as its makers say',
    },
  ],
  'a tolerance where no time is signed': [
    { provider: 'github', secret: ['s'], verify: { tolerance: 1 } },
    { 'verify.tolerance': 'no time is signed here that could be off' },
  ],
  'a declaration without verification': [
    orders,
    { '': '`orders` is not built in, and nothing says how it signs' },
  ],
  'a declaration without fields': [
    { provider: 'orders', secret: ['s'], verify: { scheme: 'acme' } },
    { '': '`orders` is not built in, and nothing says where its events stand' },
  ],
  'a declaration without a secret': [
    { provider: 'orders', normalize, verify: { scheme: 'acme' } },
    { '': '`orders` without a secret' },
  ],
  'a verification without a scheme': [{ ...orders, verify: {} }, { verify: 'no signature scheme' }],
  'a scheme that does not exist': [
    { ...orders, verify: { scheme: 'gihub' } },
    {
      'verify.scheme':
        'no signature scheme `gihub` for requests that come in; did you mean `github`?',
    },
  ],
  'the scheme of callbacks': [
    { ...orders, verify: { scheme: 'awa' } },
    { 'verify.scheme': 'no signature scheme `awa` for requests that come in' },
  ],
  'an HMAC without a header': [
    { ...orders, verify: { scheme: 'hmac' } },
    { 'verify.scheme': '`hmac` has no header of its own' },
  ],
  'parts of an HMAC where they are given': [
    { ...orders, verify: { scheme: 'standard', header: 'X-A', encoding: 'hex', prefix: 'a' } },
    {
      'verify.encoding': '`standard` has its own `encoding`',
      'verify.prefix': '`standard` has its own `prefix`',
      'verify.header': '`standard` has its own headers',
    },
  ],
  'a signature of deliveries that is for what comes in': [
    { provider: 'acme', secret: ['s'], sign_with: { scheme: 'token', secret: ['s'] } },
    { 'sign_with.scheme': 'no signature scheme `token` for requests' },
  ],
  'a secret that deliveries cannot be signed with': [
    { provider: 'acme', secret: ['s'], sign_with: { scheme: 'standard-v1a', secret: ['s'] } },
    {
      'sign_with.secret': 'invalid secret for `standard-v1a`: signing needs a `whsk_` key',
    },
  ],
}

describe('the configuration of a provider', () => {
  for (const [what, config] of Object.entries(fine)) {
    it(`may have ${what}`, () => {
      assert.deepEqual(problemsOf(config), {})
      assert.equal(createProvider(config).name, config.provider)
    })
  }

  for (const [what, [config, expected]] of Object.entries(wrong)) {
    it(`is refused for ${what}`, () => {
      assert.deepEqual(problemsOf(config), expected)
    })
  }

  it('needs to know how the host is reached where the URL is signed', () => {
    const message = 'the URL is signed, and the host does not know how it is reached'
    const declared = { ...orders, verify: { scheme: 'twilio' } }

    assert.deepEqual(problemsOf({ provider: 'twilio', secret: ['s'] }, null), { provider: message })
    assert.deepEqual(problemsOf(declared, null), { 'verify.scheme': message })
    assert.deepEqual(problemsOf(declared), {})
    assert.deepEqual(problemsOf({ provider: 'twilio', verify: 'none' }, null), {})
    assert.deepEqual(problemsOf({ provider: 'github', secret: ['s'] }, null), {})
  })

  it('never says a secret', () => {
    const said = JSON.stringify([
      inspectProvider({ provider: 'gitlab', secret: ['whsec_TOP-SECRET!'] }, publicUrl),
      inspectProvider({ provider: 'acme', secret: ['whpk_TOP-SECRET'], verify: 'none' }, publicUrl),
    ])

    assert.doesNotMatch(said, /TOP-SECRET/)
  })

  it('is refused once more when a provider is made of it all the same', () => {
    assert.throws(() => createProvider({ provider: 'github' }), { code: 'SECRET_INVALID' })
    assert.throws(() => createProvider({ provider: 'github', secret: [''] }), {
      code: 'SECRET_INVALID',
    })
    assert.throws(() => createProvider({ provider: 'nobody', secret: ['s'] }), TypeError)
  })
})
