import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { signCallback } from '../../src/callbacks/callback-signature.ts'
import { describePython, pythonEnvironment } from '../helpers/python.ts'
import { exampleFolder } from './python-servers.ts'

interface Vector {
  readonly scheme: string
  readonly secretHex: string
  readonly callbackId: string
  readonly signature: string
}

const vectorFile = new URL('../vectors/signing.json', import.meta.url)
const allVectors: readonly Vector[] = JSON.parse(readFileSync(vectorFile, 'utf8')).vectors
const vectors = allVectors.filter(({ scheme }) => scheme === 'awa')
const secret = '07'.repeat(32)
const otherSecret = 'ab'.repeat(32)

describePython('the signature of callbacks in Python', [], (python) => {
  const script = fileURLToPath(new URL('fastapi/core.py', import.meta.url))
  const ask = (questions: readonly (readonly unknown[])[]): readonly unknown[] => {
    const env = pythonEnvironment({ PYTHONPATH: exampleFolder })
    return JSON.parse(
      execFileSync(python, [script], { env, input: JSON.stringify(questions), encoding: 'utf8' }),
    )
  }

  it('has the known answers', () => {
    assert.equal(vectors.length, 5)
    const hashes = ask(vectors.map(({ secretHex, callbackId }) => ['hash', secretHex, callbackId]))

    assert.deepEqual(
      hashes,
      vectors.map(({ signature }) => signature),
    )
  })

  it('is the one of carabiner/callbacks, whatever the length: about blocks, chunks and subtrees', () => {
    const lengths = [0, 1, 63, 64, 65, 128, 1023, 1024, 1025, 2048, 2049, 3072, 3073, 4096, 5121]
    const ids = [...lengths.map((length) => 'id'.repeat(length).slice(0, length)), 'caf\u00e9']

    assert.deepEqual(
      ask(ids.map((id) => ['hash', secret, id])),
      ids.map((id) => signCallback(id, secret)),
    )
  })

  it('is taken in upper case, of any secret, and refused when it is not one of them', () => {
    const known = vectors.flatMap(({ secretHex, callbackId, signature }) => [
      ['refusal', [secretHex], callbackId, signature],
      ['refusal', [otherSecret, secretHex], callbackId, signature.toUpperCase()],
    ])
    const wrong = vectors.flatMap(({ secretHex, callbackId, signature }) => [
      ['refusal', [otherSecret], callbackId, signature],
      ['refusal', [secretHex], `${callbackId}0`, signature],
      ['refusal', [secretHex], callbackId, `${signature}\n`],
    ])

    assert.deepEqual(new Set(ask(known)), new Set([null]))
    assert.deepEqual(new Set(ask(wrong.slice(0, 2))), new Set(['invalid callback signature']))
    assert.ok(ask(wrong).every((refusal) => refusal !== null))
  })

  it('is not even computed of an id that nobody can have signed: 4,096 bytes are the most', () => {
    const [longest, longer] = ['a'.repeat(4_096), 'a'.repeat(4_097)]

    assert.deepEqual(
      ask([longest, longer].map((id) => ['refusal', [secret], id, signCallback(id, secret)])),
      [null, 'invalid callback signature'],
    )
  })

  it('needs a secret that is one, or the word that none is needed', () => {
    const configs: readonly (readonly [
      readonly string[],
      boolean,
      readonly string[],
      string | null,
    ])[] = [
      [[secret, otherSecret], false, ['standard'], null],
      [[], true, [], null],
      [[], false, [], 'a callback signing secret is required'],
      [[secret], true, [], 'secret and allow_unsigned are mutually exclusive'],
      [[], true, ['standard'], 'signatures need a secret'],
      [[''], false, [], 'expected secrets of 32 bytes as 64 hex digits'],
      [[secret, `${secret}\n`], false, [], 'expected secrets of 32 bytes as 64 hex digits'],
      [[secret], false, ['stripe'], 'signatures: only `standard` is known'],
    ]

    assert.deepEqual(
      ask(configs.map((config) => ['configError', ...config.slice(0, 3)])),
      configs.map(([, , , error]) => error),
    )
  })
})
