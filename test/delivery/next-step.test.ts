import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { outcomeOf } from '../../src/delivery/attempt-outcome.ts'
import { nextStep, scheduledWait } from '../../src/delivery/next-step.ts'
import { parseRetryAfter } from '../../src/delivery/retry-after.ts'
import {
  describeRetryPolicy,
  type RetryPolicy,
  retryPolicies,
} from '../../src/delivery/retry-policy.ts'
import { aReply } from '../helpers/fake-sender.ts'

const now = Date.UTC(2026, 0, 1)
const day = 86_400_000

describe('outcomeOf', () => {
  const table: readonly (readonly [number, Record<keyof typeof retryPolicies, string>])[] = [
    [200, every('delivered')],
    [204, every('delivered')],
    [299, every('delivered')],
    [301, some('retryable', ['standard', 'gateway'], 'rejected')],
    [400, some('retryable', ['standard', 'gateway'], 'rejected')],
    [404, some('retryable', ['standard', 'gateway'], 'rejected')],
    [408, every('retryable')],
    [410, some('rejected', ['pyfly'], 'gone')],
    [425, some('rejected', ['pyfly'], 'retryable')],
    [429, every('retryable')],
    [500, every('retryable')],
    [503, every('retryable')],
  ]
  it('reads a 410 that disables nothing as any refusal', () => {
    const forgiving = (name: keyof typeof retryPolicies) =>
      outcomeOf(aReply(410), { ...retryPolicies[name], disableOnGone: false }, now).kind

    assert.deepEqual([forgiving('gateway'), forgiving('servo')], ['retryable', 'rejected'])
  })

  for (const [status, kinds] of table) {
    it(`reads ${status} as each preset says`, () => {
      for (const [name, policy] of Object.entries(retryPolicies)) {
        const outcome = outcomeOf(aReply(status), policy, now)
        assert.equal(outcome.kind, kinds[name as keyof typeof retryPolicies], name)
      }
    })
  }

  it('takes a reply over the limit by its status: what was done is done', () => {
    const reply = {
      kind: 'no-reply',
      error: 'over-limit',
      message: 'the reply has more than 65536 bytes',
      head: { status: 200, statusText: 'OK', headers: [] },
      timings: { totalMs: 1 },
    } as const

    assert.equal(outcomeOf(reply, retryPolicies.standard, now).kind, 'delivered')
  })

  it('takes a reply that was cut off as no reply', () => {
    const reply = {
      kind: 'no-reply',
      error: 'cut-off',
      message: 'cut off',
      head: { status: 200, statusText: 'OK', headers: [] },
      timings: { totalMs: 1 },
    } as const

    assert.equal(outcomeOf(reply, retryPolicies.servo, now).kind, 'retryable')
  })
})

describe('parseRetryAfter', () => {
  const cases: readonly (readonly [string, number | undefined])[] = [
    ['120', 120_000],
    [' 7 ', 7_000],
    ['0', undefined],
    ['-5', undefined],
    ['1.5', undefined],
    ['1e3', undefined],
    ['soon', undefined],
    ['', undefined],
    ['2026-01-02', undefined],
    ['9999999', day],
    ['99999999999999999999', day],
    ['9'.repeat(400), day],
    ['Thu, 01 Jan 2026 00:00:30 GMT', 30_000],
    ['Thursday, 01-Jan-26 00:00:30 GMT', 30_000],
    ['Thu Jan  1 00:00:30 2026', 30_000],
    ['Wed, 31 Dec 2025 23:59:00 GMT', undefined],
    ['Fri, 01 Jan 2027 00:00:00 GMT', day],
  ]
  for (const [value, expected] of cases) {
    it(`reads '${value}' as ${expected}`, () => {
      assert.equal(parseRetryAfter([['retry-after', value]], now), expected)
    })
  }

  it('takes a date without a zone for GMT, wherever the host stands', () => {
    const { TZ } = process.env
    process.env['TZ'] = 'America/New_York'
    try {
      const wait = parseRetryAfter([['retry-after', 'Thu Jan  1 00:00:30 2026']], now)

      assert.equal(wait, 30_000)
    } finally {
      if (TZ === undefined) delete process.env['TZ']
      else process.env['TZ'] = TZ
    }
  })
})

describe('nextStep', () => {
  const policies: fc.Arbitrary<RetryPolicy> = fc.record({
    maxTries: fc.oneof(fc.integer({ min: 1, max: 30 }), fc.constant(Number.POSITIVE_INFINITY)),
    maxTimeMs: fc.oneof(
      fc.integer({ min: 1, max: 10 * day }),
      fc.constant(Number.POSITIVE_INFINITY),
    ),
    baseMs: fc.integer({ min: 0, max: day }),
    factor: fc.integer({ min: 1, max: 10 }),
    maxWaitMs: fc.oneof(fc.integer({ min: 1, max: day }), fc.constant(Number.POSITIVE_INFINITY)),
    jitter: fc.oneof(
      fc.constant('none' as const),
      fc.constant('full' as const),
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.record({ plus: fc.double({ min: 0, max: 1, noNaN: true }) }),
    ),
    scheduleMs: fc.option(fc.array(fc.integer({ min: 0, max: day }), { maxLength: 12 }), {
      nil: undefined,
    }),
    retryOn: fc.constantFrom('all' as const, 'transient' as const),
    openCircuit: fc.constantFrom('wait' as const, 'count' as const),
  })
  const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })
  const failures = fc.record({
    policy: policies,
    tries: fc.integer({ min: 1, max: 1_000 }),
    ageMs: fc.integer({ min: 0, max: 20 * day }),
    retryAfterMs: fc.option(fc.integer({ min: 1, max: day }), { nil: undefined }),
    random,
  })

  it('never waits less than Retry-After, nor less than the schedule less its jitter', () => {
    fc.assert(
      fc.property(failures, ({ retryAfterMs, ...input }) => {
        const outcome = { kind: 'retryable', reason: 'x', retryAfterMs } as const
        const step = nextStep({ ...input, outcome })
        if (step.kind !== 'again') return

        const scheduled = scheduledWait(input.policy, input.tries) ?? Number.NaN
        const { jitter } = input.policy
        const share = jitter === 'full' ? 1 : typeof jitter === 'number' ? jitter : 0
        assert.ok(step.waitMs >= (retryAfterMs ?? 0))
        assert.ok(step.waitMs >= scheduled * (1 - share) - 1e-6)
        assert.ok(Number.isFinite(step.waitMs))
      }),
    )
  })

  it('never tries beyond max_time or max_tries, and names both when Retry-After is too long', () => {
    fc.assert(
      fc.property(failures, ({ retryAfterMs, ...input }) => {
        const outcome = { kind: 'retryable', reason: 'x', retryAfterMs } as const
        const step = nextStep({ ...input, outcome })
        if (step.kind !== 'again') return

        assert.ok(input.ageMs + step.waitMs <= input.policy.maxTimeMs)
        assert.ok(input.tries < input.policy.maxTries)
      }),
    )
    const outcome = { kind: 'retryable', reason: '503 Busy', retryAfterMs: 3_600_000 } as const
    const policy = retryPolicies.servo
    const step = nextStep({ outcome, tries: 1, ageMs: 0, policy, random: 0 })
    assert.deepEqual(step, {
      kind: 'dead',
      reason: '503 Busy; Retry-After 1h is beyond max_time 3m',
      disablesEndpoint: false,
    })
  })

  it('follows the schedule of each preset', () => {
    const waits = (policy: RetryPolicy): (number | undefined)[] =>
      [1, 2, 3, 4, 5].map((tries) => scheduledWait(policy, tries))

    assert.deepEqual(waits(retryPolicies.servo), [1_000, 2_000, 4_000, 8_000, 16_000])
    assert.deepEqual(waits(retryPolicies.pyfly), [5_000, 10_000, 20_000, 40_000, undefined])
    assert.deepEqual(waits(retryPolicies.axme), [30_000, 120_000, 600_000, undefined, undefined])
    assert.deepEqual(waits(retryPolicies.gateway), [
      10_000,
      20_000,
      undefined,
      undefined,
      undefined,
    ])
    assert.deepEqual(waits(retryPolicies.awa), [2_000, 4_000, 8_000, 16_000, 32_000])
    assert.deepEqual(waits(retryPolicies.standard).slice(0, 3), [5_000, 300_000, 1_800_000])
    assert.equal(scheduledWait(retryPolicies.standard, 9), day)
    assert.equal(scheduledWait(retryPolicies.standard, 10), undefined)
  })

  it('does not let a back-off without bounds grow beyond thirty days', () => {
    const policy = { ...retryPolicies.awa, maxTries: Infinity, maxWaitMs: Infinity }

    assert.equal(scheduledWait(policy, 2_000), 30 * day)
  })
})

describe('describeRetryPolicy', () => {
  it('says in a line what will happen', () => {
    assert.equal(
      describeRetryPolicy(retryPolicies.servo),
      '12 tries within 3m, waits 1s ×2 up to 1d, full jitter',
    )
    assert.equal(describeRetryPolicy(retryPolicies.axme), '4 tries, waits 30s, 2m, 10m')
    assert.equal(
      describeRetryPolicy(retryPolicies.awa),
      '25 tries, waits 2s ×2 up to 1d, + 0 to 25 %',
    )
  })
})

function every(kind: string): Record<keyof typeof retryPolicies, string> {
  return { servo: kind, pyfly: kind, axme: kind, gateway: kind, awa: kind, standard: kind }
}

function some(
  kind: string,
  names: readonly (keyof typeof retryPolicies)[],
  others: string,
): Record<keyof typeof retryPolicies, string> {
  return { ...every(others), ...Object.fromEntries(names.map((name) => [name, kind])) }
}
