import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { type Decision, judge } from '../../../plugins/webhooks/decision.ts'
import type { NoReplyCause } from '../../../src/delivery/sender.ts'
import { aReply, noReply } from './replies.ts'

const carabinerCancel = 'application/vnd.carabiner.errors.CancelEventError+json'
const servoCancel = 'APPLICATION/vnd.opsani.SERVO.errors.canceleventerror+JSON; charset=utf-8'

/** A: ALLOW, C: CANCEL, E: ERROR for good, R: ERROR that is tried again. */
type Letter = 'A' | 'C' | 'E' | 'R'

const statuses = {
  answer: [200, 201, 202, 208],
  noContent: [204],
  otherSuccess: [203, 205, 206, 207, 226, 299],
  refusal: [401, 403, 409, 422, 451],
  temporary: [408, 425, 429, 500, 502, 503, 504],
  odd: [
    300, 301, 302, 304, 307, 400, 402, 404, 405, 406, 410, 413, 415, 418, 423, 501, 505, 507, 599,
  ],
}

/** Written by hand from the contract, one letter for each group of statuses above, in its order. */
const table: readonly [type: string | string[], body: string, expected: string][] = [
  //                                                                  ok 204 2xx 4xx tmp odd
  [[], '', 'A A E E R E'],
  [[], '{"allow":false}', 'A A E E R E'],
  ['application/json', '{}', 'A A E E R E'],
  ['application/json', '[{"allow":false}]', 'A A E E R E'],
  ['application/json', 'false', 'A A E E R E'],
  ['application/json', '{"allow":true,"reason":"fine"}', 'A A E E R E'],
  ['application/json', '{"approved":true,"error":null}', 'A A E E R E'],
  ['application/json', '{"error":null,"data":1}', 'A A E E R E'],
  ['application/json', '{"reason":7}', 'A A E E R E'],
  ['application/json', '{"allow":false}', 'E A E E R E'],
  ['Application/JSON; charset="utf-8"', '{"allowed":false}', 'E A E E R E'],
  ['application/json', '{"approved":false,"allow":true}', 'E A E E R E'],
  ['application/json', '{"reason":"no"}', 'E A E E R E'],
  ['application/json', '{"reason":""}', 'E A E E R E'],
  ['application/json', '{"error":"no"}', 'E A E E R E'],
  ['application/json', '{"error":{}}', 'E A E E R E'],
  ['application/json', '{"allow":', 'E A E E R E'],
  ['application/json', '', 'E A E E R E'],
  ['application/json', 'denied', 'E A E E R E'],
  ['application/json', '['.repeat(5_000) + ']'.repeat(5_000), 'E A E E R E'],
  ['text/html', '<p>Sign in</p>', 'E A E E R E'],
  ['text/HTML;charset=utf-8', '', 'E A E E R E'],
  ['application/problem+json', '{"detail":"no"}', 'E A E C R E'],
  ['application/problem+json', '', 'E A E C R E'],
  [carabinerCancel, '{"reason":"no"}', 'C C C C R E'],
  [servoCancel, '{"reason":"no"}', 'C C C C R E'],
  [carabinerCancel, '', 'C C C C R E'],
  [carabinerCancel, '{"reason":""}', 'C C C C R E'],
  [carabinerCancel, '{"allow":true}', 'C C C C R E'],
  ['text/plain', 'denied', 'A A E E R E'],
  ['application/vnd.api+json', '{"allow":false}', 'A A E E R E'],
  ['json', '{}', 'E E E E E E'],
  ['', '{}', 'E E E E E E'],
  [['application/json', carabinerCancel], '{"reason":"no"}', 'E E E E E E'],
  [[carabinerCancel, carabinerCancel], '{"reason":"no"}', 'E E E E E E'],
  ['application/json; a=b, text/html', '{}', 'E E E E E E'],
]

function letterOf(decision: Decision): Letter {
  switch (decision.kind) {
    case 'allow':
      return 'A'
    case 'cancel':
      return 'C'
    case 'error':
      return decision.again ? 'R' : 'E'
  }
}

const cases = table.flatMap(([type, body, expected]) =>
  Object.values(statuses).flatMap((group, column) =>
    group.map((status) => ({ status, type, body, expected: expected.split(' ')[column] })),
  ),
)

describe('judge: complete replies', () => {
  it('has a table of at least 200 cases', () => {
    assert.ok(cases.length >= 200, `${cases.length} cases`)
    assert.ok(cases.every(({ expected }) => expected !== undefined))
  })

  for (const [name, group] of Object.entries(statuses)) {
    it(`decides ${name} (${group.join(' ')}) as the table says`, () => {
      for (const { status, type, body, expected } of cases) {
        if (!group.includes(status)) continue

        const decision = judge(aReply({ status, type, body }))

        assert.equal(letterOf(decision), expected, `${status} ${type} ${body.slice(0, 40)}`)
      }
    })
  }
})

describe('judge: incomplete replies', () => {
  const causes: Record<NoReplyCause, Letter> = {
    timeout: 'R',
    connect: 'R',
    'cut-off': 'R',
    protocol: 'R',
    'over-limit': 'E',
    egress: 'E',
    aborted: 'E',
  }
  const kinds: Record<NoReplyCause, string> = {
    timeout: 'timeout',
    aborted: 'timeout',
    connect: 'connect',
    'cut-off': 'connect',
    protocol: 'protocol',
    'over-limit': 'protocol',
    egress: 'egress',
  }
  const all = Object.keys(causes) as NoReplyCause[] // the keys of a record of causes

  it('never allows without a complete reply, whatever the head says', () => {
    for (const cause of all) {
      for (const status of [200, 201, 202, 204, 208]) {
        assert.equal(letterOf(judge(noReply(cause, { status, type: 'text/plain' }))), causes[cause])
      }
    }
  })

  it('names the kind of error', () => {
    for (const cause of all) {
      const decision = judge(noReply(cause))

      assert.equal(letterOf(decision), causes[cause], cause)
      assert.partialDeepStrictEqual(decision, { error: kinds[cause], why: `nothing: ${cause}` })
    }
  })

  it('cancels on the head alone', () => {
    for (const cause of ['cut-off', 'timeout', 'over-limit'] as const) {
      const cancelled = judge(noReply(cause, { status: 200, type: carabinerCancel }))
      const refused = judge(noReply(cause, { status: 403, type: 'application/problem+json' }))

      assert.deepEqual(cancelled, { kind: 'cancel', status: 200, reason: undefined, reply: null })
      assert.deepEqual(refused, { kind: 'cancel', status: 403, reason: 'Forbidden', reply: null })
    }
  })

  it('does not try again behind several content types', () => {
    const decision = judge(noReply('cut-off', { status: 503, type: ['text/plain', 'text/plain'] }))

    assert.partialDeepStrictEqual(decision, { kind: 'error', error: 'protocol', again: false })
  })

  it('does not ask an open circuit again', () => {
    assert.partialDeepStrictEqual(judge({ kind: 'circuit-open' }), {
      error: 'circuit',
      again: false,
    })
  })
})

describe('judge: what is told', () => {
  const cancelled = (body: string, status = 200, type = carabinerCancel) =>
    judge(aReply({ status, type, body, statusText: 'Conflict' }))

  it('gives the reason and the parsed reply of a cancellation', () => {
    assert.deepEqual(cancelled('{"reason":"too late","code":7}'), {
      kind: 'cancel',
      status: 200,
      reason: 'too late',
      reply: { reason: 'too late', code: 7 },
    })
  })

  it('shows a body that is not JSON as text', () => {
    assert.partialDeepStrictEqual(cancelled('too late'), { reason: undefined, reply: 'too late' })
  })

  it('shows a body that is nested too deep for anyone to print as text', () => {
    const body = `{"reason":${'['.repeat(100_000)}${']'.repeat(100_000)}}`

    assert.partialDeepStrictEqual(cancelled(body), { reason: undefined, reply: body })
  })

  it('takes a problem’s detail, else its title, else the status text', () => {
    const problem = (body: string): unknown => {
      const decision = cancelled(body, 409, 'application/problem+json')
      return decision.kind === 'cancel' && decision.reason
    }

    assert.equal(problem('{"title":"t","detail":"d"}'), 'd')
    assert.equal(problem('{"title":"t","detail":""}'), 't')
    assert.equal(problem('{"title":1}'), 'Conflict')
    assert.equal(problem('oops'), 'Conflict')
  })

  it('passes the strings among the warnings of a JSON object on', () => {
    const warned = (type: string) =>
      judge(aReply({ type, body: '{"allow":true,"warnings":["slow",7,"late"]}' }))

    assert.deepEqual(warned('application/json'), {
      kind: 'allow',
      status: 200,
      warnings: ['slow', 'late'],
    })
    assert.partialDeepStrictEqual(judge(aReply({ body: '{"warnings":"x"}' })), { warnings: [] })
  })

  it('says how a refusal has to be sent', () => {
    const decision = judge(aReply({ type: 'application/json', body: '{"allow":false}' }))

    assert.match(
      decision.kind === 'error' ? decision.why : '',
      /looks like a refusal: send it as application\/vnd\.carabiner\.errors\.CancelEventError\+json/,
    )
  })

  it('keeps the Retry-After of a busy receiver', () => {
    const decision = judge(aReply({ status: 503, headers: [['retry-after', '7']] }))

    assert.deepEqual(decision, {
      kind: 'error',
      error: 'status',
      why: 'answered 503 Service Unavailable',
      status: 503,
      again: true,
      retryAfter: '7',
    })
  })
})

describe('judge: laws', () => {
  const status = fc.oneof(
    fc.integer({ min: 200, max: 599 }),
    fc.constantFrom(200, 201, 202, 204, 208, 401, 403, 409, 422, 451, 503),
  )
  const type = fc.oneof(
    fc.constantFrom(
      carabinerCancel,
      servoCancel,
      'application/json',
      'application/problem+json',
      'text/html',
    ),
    fc.string({ unit: 'binary' }),
  )
  const json = fc.json({ maxDepth: 3 })
  const verdict = fc
    .record(
      { allow: fc.boolean(), approved: fc.boolean(), reason: fc.string(), error: fc.jsonValue() },
      { requiredKeys: [] },
    )
    .map((value) => JSON.stringify(value))
  const body = fc.oneof(json, verdict, fc.uint8Array(), fc.string())
  const reply = fc
    .record({ status, type: fc.oneof(type, fc.array(type, { maxLength: 2 })), body })
    .map(aReply)
  const incomplete = fc
    .record({
      cause: fc.constantFrom<NoReplyCause>(
        'timeout',
        'connect',
        'cut-off',
        'over-limit',
        'protocol',
      ),
      head: fc.option(fc.record({ status, type }), { nil: undefined }),
    })
    .map(({ cause, head }) => noReply(cause, head))

  it('allows only complete replies with one of five statuses', () => {
    fc.assert(
      fc.property(fc.oneof(reply, incomplete), (given) => {
        if (judge(given).kind !== 'allow') return true
        return given.kind === 'reply' && [200, 201, 202, 204, 208].includes(given.status)
      }),
      { numRuns: 2_000 },
    )
  })

  it('never allows JSON that refuses, and never a page', () => {
    fc.assert(
      fc.property(fc.constantFrom(200, 201, 202, 208), body, (status, body) => {
        const page = judge(aReply({ status, type: 'text/html', body }))
        const refusal = judge(aReply({ status, type: 'application/json', body: '{"allow":false}' }))
        return page.kind === 'error' && refusal.kind === 'error'
      }),
    )
  })

  it('makes of a CancelEventError with a status of line 2 nothing but a CANCEL', () => {
    const line2 = fc.oneof(
      fc.integer({ min: 200, max: 299 }),
      fc.constantFrom(401, 403, 409, 422, 451),
    )
    const cancelType = fc.constantFrom(carabinerCancel, servoCancel)

    fc.assert(
      fc.property(line2, cancelType, body, (status, type, body) => {
        const complete = judge(aReply({ status, type, body }))
        const cutOff = judge(noReply('cut-off', { status, type }))
        return complete.kind === 'cancel' && cutOff.kind === 'cancel'
      }),
    )
  })

  it('can always be printed', () => {
    fc.assert(
      fc.property(reply, (given) => {
        JSON.stringify(judge(given))
      }),
    )
  })
})
