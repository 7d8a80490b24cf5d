import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { inspect } from 'node:util'
import { schemeNamed, schemeNames, schemes } from '../../../src/delivery/signing/schemes.ts'
import { generateSecret } from '../../../src/delivery/signing/secret.ts'
import { Signer } from '../../../src/delivery/signing/signer.ts'

const invalid = { name: 'CarabinerError', code: 'SECRET_INVALID' }
const whsec = (bytes: number) => `whsec_${Buffer.alloc(bytes, 7).toString('base64')}`
const privateKey =
  'whsk_nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2DXWpgBgrEKt9VL/tPJZAc6DuFy89qmIyWvAhpo9wdRGg=='
const publicKey = 'whpk_11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo='

describe('secrets', () => {
  for (const { name, prepare } of schemes) {
    it(`of ${name} are neither empty nor missing`, () => {
      // What a JavaScript program can pass although the type forbids it.
      for (const none of ['', ' ', '\n', undefined as unknown as string]) {
        assert.throws(() => prepare(none), invalid)
        assert.throws(() => new Signer([name], [none]), invalid)
      }
      assert.throws(() => new Signer([name], []), invalid)
    })
  }

  for (const { name, prepare } of schemes.filter(({ keys }) => keys === 'shared')) {
    it(`of ${name} are never a key of a pair`, () => {
      assert.throws(() => prepare(publicKey), invalid)
      assert.throws(() => prepare(privateKey), invalid)
    })
  }

  it('of standard have 24 to 64 bytes after whsec_', () => {
    const { prepare } = schemeNamed('standard')

    for (const bytes of [24, 32, 64]) {
      assert.equal(prepare(whsec(bytes)).key.symmetricKeySize, bytes)
    }
    for (const bytes of [0, 23, 65]) assert.throws(() => prepare(whsec(bytes)), invalid)
  })

  const good = whsec(32).slice('whsec_'.length)
  const lenient = [
    good.slice(0, -1),
    `${good} `,
    ` ${good}`,
    good.replace('BwcH', 'Bw-H'),
    `${good}=`,
  ]
  for (const base64 of [...lenient, good.replace(/.=$/, 'd='), '****']) {
    it(`of standard are strict base64: whsec_${base64}`, () => {
      assert.throws(() => schemeNamed('standard').prepare(`whsec_${base64}`), invalid)
    })
  }

  it('of standard-v1a are Ed25519 keys that belong together', () => {
    const { prepare } = schemeNamed('standard-v1a')
    const bytes = Buffer.from(privateKey.slice(5), 'base64')
    const seed = `whsk_${bytes.subarray(0, 32).toString('base64')}`
    const mixed = Buffer.concat([Buffer.alloc(32, 1), bytes.subarray(32)])

    assert.ok(prepare(seed).key.equals(prepare(privateKey).key))
    for (const wrong of [
      whsec(32),
      'whsk_',
      'whpk_AAAA',
      `whsk_${mixed.toString('base64')}`,
      'x',
    ]) {
      assert.throws(() => prepare(wrong), invalid)
    }
  })

  it('of awa are 64 hex digits', () => {
    const { prepare } = schemeNamed('awa')

    assert.equal(prepare('aB'.repeat(32)).key.symmetricKeySize, 32)
    for (const wrong of ['ab'.repeat(31), 'ab'.repeat(33), `${'ab'.repeat(31)}xy`, whsec(32)]) {
      assert.throws(() => prepare(wrong), invalid)
    }
  })

  it('of token can stand in a header', () => {
    for (const wrong of ['a\nb', ' a', 'a ', 'clé']) {
      assert.throws(() => schemeNamed('token').prepare(wrong), invalid)
    }
  })

  it('are not in the message of an error, nor in what a key or a signer prints', () => {
    const wrong = 'whsec_SECRET-not-base64'
    assert.throws(
      () => new Signer(['standard'], [wrong]),
      (error: Error) => !inspect(error).includes('SECRET-not'),
    )
    const printed = inspect([
      new Signer(['token'], ['hidden']),
      schemeNamed('token').prepare('hidden'),
    ])
    assert.doesNotMatch(printed, /hidden/)
  })
})

describe('generateSecret', () => {
  it('gives whsec_ and 32 new bytes', () => {
    const secret = generateSecret()

    assert.equal(schemeNamed('standard').prepare(secret).key.symmetricKeySize, 32)
    assert.notEqual(generateSecret(), secret)
  })
})

describe('schemeNamed', () => {
  it('knows every scheme of the list, by a name of its own', () => {
    assert.equal(new Set(schemeNames).size, 13)
    for (const name of schemeNames) assert.equal(schemeNamed(name).name, name)
  })

  it('names those there are when there is no such scheme', () => {
    assert.throws(() => schemeNamed('md5'), /`md5`; there are servo, standard, /)
  })
})
