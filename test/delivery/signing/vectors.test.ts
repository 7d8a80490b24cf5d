import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { canonicalJson, canonicalJsonOf } from '../../../src/delivery/signing/canonical-json.ts'
import type { SigningInput, VerificationInput } from '../../../src/delivery/signing/scheme.ts'
import { schemeNamed, schemeNames } from '../../../src/delivery/signing/schemes.ts'
import { Signer } from '../../../src/delivery/signing/signer.ts'

interface Vector {
  readonly scheme: string
  readonly header: string
  readonly signature: string
  readonly secret?: string
  readonly secretHex?: string
  readonly secretKey?: string
  readonly publicKey?: string
  readonly body?: string
  readonly payload?: unknown
  readonly payloadText?: string
  readonly canonical?: string
  readonly callbackId?: string
  readonly url?: string
  readonly params?: Readonly<Record<string, string>>
  readonly timestamp?: number
  readonly headers?: Readonly<Record<string, string>>
}

const vectors = ['signing.json', 'providers.json'].flatMap((name) => {
  const file = new URL(`../../vectors/${name}`, import.meta.url)
  return (JSON.parse(readFileSync(file, 'utf8')) as { vectors: readonly Vector[] }).vectors
})

describe('signature vectors', () => {
  for (const [number, vector] of vectors.entries()) {
    it(`makes and accepts the ${vector.scheme} signature of vector ${number}`, () => {
      const input = inputOf(vector)
      const signer = new Signer([vector.scheme], [vector.secretKey ?? secretOf(vector)])

      const headers = signer.headers(input)

      assert.equal(headers[vector.header.toLowerCase()], vector.signature)
      for (const [name, value] of Object.entries(vector.headers ?? {})) {
        assert.equal(headers[name], value)
      }
      assert.deepEqual(verify(vector, headers), { kind: 'verified' })
    })

    if (vector.canonical !== undefined) {
      it(`writes the canonical JSON of vector ${number}`, () => {
        assert.equal(canonicalJson(Buffer.from(sourceOf(vector))), vector.canonical)
        if (vector.payloadText === undefined) {
          assert.equal(canonicalJsonOf(vector.payload), vector.canonical)
        }
      })
    }
  }

  it('has a vector for each scheme but the bare token', () => {
    const known = new Set(vectors.map(({ scheme }) => scheme))

    const without = schemeNames.filter((name) => !known.has(name))

    assert.deepEqual(without, ['token'])
    assert.equal(vectors.length, 30)
  })
})

function verify(vector: Vector, headers: Readonly<Record<string, string>>) {
  const scheme = schemeNamed(vector.scheme)
  const { timestamp, ...input } = inputOf(vector)
  const request: VerificationInput = { ...input, now: timestamp, header: (name) => headers[name] }
  return scheme.verify(request, [scheme.prepare(vector.publicKey ?? secretOf(vector))])
}

function inputOf(vector: Vector): SigningInput {
  return {
    id: vector.callbackId ?? vector.headers?.['webhook-id'] ?? 'unused',
    timestamp: vector.timestamp ?? Number(vector.headers?.['webhook-timestamp'] ?? 0),
    body: Buffer.from(sourceOf(vector), 'utf8'),
    ...(vector.url === undefined ? {} : { url: vector.url }),
    ...(vector.params === undefined ? {} : { params: vector.params }),
  }
}

function sourceOf(vector: Vector): string {
  return vector.body ?? vector.payloadText ?? JSON.stringify(vector.payload) ?? ''
}

function secretOf(vector: Vector): string {
  return vector.secret ?? vector.secretHex ?? assert.fail('a vector without a secret')
}
