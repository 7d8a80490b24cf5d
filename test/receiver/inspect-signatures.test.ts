import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { inspectSignatures } from 'carabiner/receiver'
import { afterWebhook } from '../helpers/signed-webhook.ts'

describe('inspectSignatures', () => {
  it('says of each signature whether it holds', () => {
    const { headers, body } = afterWebhook({
      secrets: ['new', 'old'],
      signatures: ['servo', 'standard'],
    })

    const report = inspectSignatures(headers, body, ['old'])

    assert.equal(report.verified, true)
    assert.deepEqual(report.schemes, [
      {
        scheme: 'servo',
        verified: false,
        reason: 'x-servo-signature was not made with this secret over this request',
      },
      { scheme: 'standard', verified: true },
    ])
    assert.match(report.text, /^servo: x-servo-signature was not made .*; standard: verified$/)
  })

  it('says when a time is too old', () => {
    const { headers, body } = afterWebhook({ secrets: ['s'], signatures: ['standard'], now: 0 })

    const report = inspectSignatures(headers, body, ['s'], 400_000)

    assert.equal(report.verified, false)
    assert.equal(report.text, 'standard: timestamp is 400 s old, more than 300 s')
  })

  it('says when there is none', () => {
    const report = inspectSignatures({}, '{}', ['s'])

    const text = 'the request carries no signature'
    assert.deepEqual(report, { verified: false, schemes: [], text })
  })

  it('says when a secret is not fit for the scheme, and not what it is', () => {
    const { headers, body } = afterWebhook({ secrets: ['s'], signatures: ['standard'] })

    const report = inspectSignatures(headers, body, ['whsec_dG9vIHNob3J0'])

    assert.deepEqual(
      [report.verified, report.text],
      [false, 'standard: invalid secret for `standard`: a `whsec_` key has 24 to 64 bytes, got 9'],
    )
  })
})
