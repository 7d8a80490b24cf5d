import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { createProvider } from '../../../../plugins/ingress/providers/providers.ts'
import { cases } from './cases.ts'
import { signed, verdictOn } from './sent.ts'

describe('a request of', () => {
  for (const [name, { config, request, mutations }] of Object.entries(cases)) {
    describe(name, () => {
      const provider = createProvider(config)
      const sent = signed(provider, request)

      it('is accepted as it was signed', () => {
        assert.deepEqual(verdictOn(provider, sent), { kind: 'verified' })
      })

      it('is refused after any of thirty and more mutations', () => {
        const all = mutations(sent)

        const accepted = all.filter(
          ([, mutated]) => verdictOn(provider, mutated).kind === 'verified',
        )

        assert.deepEqual(
          accepted.map(([what]) => what),
          [],
        )
        assert.ok(all.length >= 30, `${all.length} mutations`)
      })

      it('is refused with another secret, and accepted with the old one of a rotation', () => {
        const [secret = ''] = config.secret ?? []
        const otherSecret = secret.startsWith('whs')
          ? `${secret.split('_')[0]}_${Buffer.alloc(32, 99).toString('base64')}`
          : `${secret}2`
        const withSecrets = (...secrets: readonly string[]) =>
          verdictOn(createProvider({ ...config, secret: secrets }), sent).kind

        assert.equal(withSecrets(otherSecret), 'refused')
        assert.equal(withSecrets(otherSecret, secret), 'verified')
      })
    })
  }
})
