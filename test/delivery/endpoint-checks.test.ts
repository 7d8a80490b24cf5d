import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { EndpointDefinition } from '../../src/delivery/endpoint.ts'
import { endpointChecks } from '../../src/delivery/endpoint-checks.ts'
import { EndpointQueue } from '../../src/delivery/endpoint-queue.ts'
import { anEndpoint } from '../helpers/engine.ts'
import { FakeClock } from '../helpers/fake-clock.ts'

const now = Date.UTC(2026, 0, 1)
const lastSuccessAt = now - 60_000
const lastErrorAt = now - 1_000
const lastError = 'connect ECONNREFUSED'
const open = { state: 'open', consecutiveFailures: 5, probeAt: now } as const

type Known = Partial<Pick<EndpointQueue, 'circuit'> & EndpointQueue['state']>

function known({ circuit, ...state }: Known, fields: Partial<EndpointDefinition> = {}) {
  const queue = new EndpointQueue(anEndpoint({ health: 'it', ...fields }), '0.0.0', undefined)
  queue.circuit = circuit ?? queue.circuit
  queue.state = { ...queue.state, ...state }
  return queue
}

describe('a check of endpoints', () => {
  it('is made for each that gives its name, and for no other', () => {
    const { health: _, ...unwatched } = known({ circuit: open }).definition
    const queues = [known({}), new EndpointQueue(unwatched, '0.0.0', undefined)]

    assert.deepEqual(endpointChecks(queues, now), [{ name: 'it', ok: true }])
  })

  it('says why requests do not get through, and since when', () => {
    const seen = { lastSuccessAt, lastErrorAt, lastError }
    const cases: [Known, string][] = [
      [
        { circuit: open, ...seen },
        'circuit open, 5 failures in a row; nothing delivered since 2025-12-31T23:59:00.000Z; last error at 2025-12-31T23:59:59.000Z: connect ECONNREFUSED',
      ],
      [
        { circuit: { ...open, state: 'half-open' } },
        'circuit half-open, 5 failures in a row; nothing delivered so far',
      ],
      [
        { disabledReason: 'the receiver answered 410 Gone', lastSuccessAt },
        'disabled: the receiver answered 410 Gone; nothing delivered since 2025-12-31T23:59:00.000Z',
      ],
    ]

    for (const [state, detail] of cases) {
      assert.deepEqual(endpointChecks([known(state)], now), [{ name: 'it', ok: false, detail }])
    }
  })

  it('is good while deliveries are paused, and says so until that is over', () => {
    const paused = known({ pausedUntil: now + 1 })
    const detail = 'paused until 2026-01-01T00:00:00.001Z'

    assert.deepEqual(endpointChecks([paused], now), [{ name: 'it', ok: true, detail }])
    assert.deepEqual(endpointChecks([paused], now + 1), [{ name: 'it', ok: true }])
  })

  it('does not go by a circuit that the assembly no longer has', () => {
    const queue = known({ circuit: open }, { circuitBreaker: false })

    assert.deepEqual(endpointChecks([queue], now), [{ name: 'it', ok: true }])
  })

  it('is an error from a question that was not answered to one that is', () => {
    const clock = new FakeClock(now)
    const queue = known({})
    const questions = queue.keepQuestions(clock)
    const look = () => endpointChecks([queue], clock.now())

    const atFirst = look()
    questions.unanswered('503 Service Unavailable')
    const once = look()
    questions.unanswered('no reply')
    const twice = look()
    questions.answered()
    const well = look()
    questions.unanswered('timeout')
    const again = look()

    const at = '2026-01-01T00:00:00.000Z'
    const because = (detail: string) => [{ name: 'it', ok: false, detail }]
    assert.deepEqual([atFirst, well], [[{ name: 'it', ok: true }], [{ name: 'it', ok: true }]])
    assert.deepEqual(
      once,
      because(`asked in vain; no answer so far; last error at ${at}: 503 Service Unavailable`),
    )
    assert.deepEqual(
      twice,
      because(`asked in vain 2 times in a row; no answer so far; last error at ${at}: no reply`),
    )
    assert.deepEqual(
      again,
      because(`asked in vain; no answer since ${at}; last error at ${at}: timeout`),
    )
  })

  it('tells of an open circuit alone when there are questions in vain, too: it has the same cause', () => {
    const queue = known({ circuit: open, lastErrorAt, lastError })
    queue.keepQuestions(new FakeClock(now)).unanswered('timeout')

    const [check] = endpointChecks([queue], now)

    assert.equal(
      check?.detail,
      'circuit open, 5 failures in a row; no answer so far; last error at 2025-12-31T23:59:59.000Z: connect ECONNREFUSED',
    )
  })

  it('tells of both when deliveries are not wanted and questions not answered', () => {
    const queue = known({ disabledReason: 'the receiver answered 410 Gone' })
    queue.keepQuestions(new FakeClock(now)).unanswered('410 Gone')

    const [check] = endpointChecks([queue], now)

    assert.match(check?.detail ?? '', /^disabled: .*; asked in vain; .*: 410 Gone$/)
  })

  it('goes on with the questions of the definition before only where the same is asked', () => {
    const clock = new FakeClock(now)
    const before = known({})
    before.keepQuestions(clock).unanswered('timeout')
    const after = (fields: Partial<EndpointDefinition>, isAsked = true) => {
      const definition = anEndpoint({ health: 'it', ...fields })
      const queue = new EndpointQueue(definition, '0.0.0', undefined, undefined, before)
      if (isAsked) queue.keepQuestions(clock)
      return endpointChecks([queue], now).map(({ ok }) => ok)
    }

    assert.deepEqual(after({ concurrency: 1, onReply: () => {} }), [false])
    assert.deepEqual(after({ url: 'http://audit.test/moved' }), [true])
    assert.deepEqual(after({ secrets: ['another'] }), [true])
    assert.deepEqual(after({ headers: { 'x-token': 'new' } }), [true])
    assert.deepEqual(after({}, false), [true])
  })

  it('tells of ten at most that share it', () => {
    const queues = Array.from({ length: 13 }, (_, n) =>
      known(n === 0 ? {} : { circuit: open }, { id: `webhooks/w${n}` }),
    )

    const [check, ...others] = endpointChecks(queues, now)

    const told = check?.detail?.split(' | ') ?? []
    assert.deepEqual([check?.name, check?.ok, others], ['it', false, []])
    assert.equal(
      told[0],
      'webhooks/w1: circuit open, 5 failures in a row; nothing delivered so far',
    )
    assert.deepEqual([told.length, told.at(-1)], [11, 'and 2 more'])
  })
})
