import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { longestMs } from '../../../plugins/webhooks/retry.ts'
import { retryPolicies } from '../../../src/delivery/retry-policy.ts'
import { retryPolicyOf } from '../../../src/delivery/retry-setting.ts'

describe('backoff', () => {
  it('is the preset of the place when nothing is said', () => {
    assert.equal(retryPolicyOf(undefined, 'servo'), retryPolicies.servo)
    assert.equal(retryPolicyOf(undefined, 'standard'), retryPolicies.standard)
  })

  it('may be a preset by name, or no retry at all', () => {
    assert.equal(retryPolicyOf('gateway', 'servo'), retryPolicies.gateway)
    assert.equal(retryPolicyOf(false, 'standard').maxTries, 1)
  })

  it('counts the base of gateway from the first try on: the second one waits twice as long', () => {
    const { baseMs, factor } = retryPolicyOf({ preset: 'gateway', base: 50 }, 'servo')
    assert.deepEqual({ baseMs, factor }, { baseMs: 100, factor: 2 })
    assert.equal(retryPolicyOf({ base: 50, factor: 3 }, 'gateway').baseMs, 150)
    assert.equal(retryPolicyOf({ preset: 'awa', base: 50 }, 'gateway').baseMs, 50)
    const own = retryPolicyOf({ preset: 'gateway', base: 5_000 }, 'servo')
    assert.deepEqual(own, retryPolicies.gateway)
  })

  it('changes single fields of the preset of the place, or of the one it names', () => {
    const changed = retryPolicyOf({ max_tries: 3, max_time: 5_000 }, 'servo')
    const named = retryPolicyOf({ preset: 'pyfly', jitter: 'full', open_circuit: 'wait' }, 'servo')

    assert.deepEqual(changed, { ...retryPolicies.servo, maxTries: 3, maxTimeMs: 5_000 })
    assert.deepEqual(named, { ...retryPolicies.pyfly, jitter: 'full', openCircuit: 'wait' })
  })

  it('takes a schedule with as many tries as it has waits, and one more', () => {
    const { scheduleMs, maxTries } = retryPolicyOf({ schedule: [1_000, 2_000] }, 'servo')

    assert.deepEqual([scheduleMs, maxTries], [[1_000, 2_000], 3])
  })

  it('goes over to powers when a base is named, from a preset with a schedule too', () => {
    const { scheduleMs, baseMs, factor } = retryPolicyOf({ base: 100, factor: 3 }, 'standard')

    assert.deepEqual([scheduleMs, baseMs, factor], [undefined, 100, 3])
  })
})

describe('the longest time of a question', () => {
  it('is one request without retries', () => {
    assert.equal(longestMs(retryPolicyOf(false, 'servo'), 2_000), 2_000)
  })

  it('adds requests and waits, up to max_time', () => {
    const policy = retryPolicyOf({ max_tries: 3, base: 1_000, factor: 2 }, 'servo')

    assert.equal(longestMs(policy, 500), 500 + 1_000 + 500 + 2_000 + 500)
    assert.equal(longestMs({ ...policy, maxTimeMs: 3_000 }, 500), 3_000)
    assert.equal(longestMs(retryPolicies.servo, 10_000), 180_000)
  })

  it('is never beyond max_time, not even for one request', () => {
    const policy = retryPolicyOf({ max_time: 1_000 }, 'servo')

    assert.equal(longestMs(policy, 10_000), 1_000)
  })
})
