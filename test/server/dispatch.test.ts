import assert from 'node:assert/strict'
import { once } from 'node:events'
import { describe, it } from 'node:test'
import type { DispatchOptions } from '../../src/bus/dispatch-options.ts'
import type { Failure, Outcome } from '../../src/bus/outcome.ts'
import { CarabinerError, EventParamsError } from '../../src/errors.ts'
import type { HostFace } from '../../src/server/host-face.ts'
import { anOutcome, secret, servedHost } from '../helpers/served-host.ts'

const path = '/api/v1/dispatch/adjust'

describe('POST /api/v1/dispatch/:event', () => {
  it('answers a completed dispatch with its outcome, field for field', async () => {
    await using host = await servedHost()

    const answer = await host.request(path, post({ component: 'cache' }, { 'x-trace-id': 'abc' }))

    assert.equal(answer.status, 200)
    assert.equal(answer.headers.get('x-trace-id'), 'abc')
    assert.deepEqual(answer.json, {
      success: true,
      data: {
        dispatchId: '019a0000-0000-7000-8000-000000000001',
        traceId: 'abc',
        event: 'adjust',
        dryRun: false,
        durationMs: 1,
        warnings: [],
        kind: 'completed',
        results: [{ connector: 'adjuster', value: { component: 'cache' } }],
        unknown: null,
      },
      meta: {},
    })
  })

  it('hands on the text of the body, where numbers are as they were written', async () => {
    const sources: unknown[] = []
    const dispatch: HostFace['dispatch'] = async (_event, _params, { source }) => {
      sources.push(typeof source === 'function' ? source() : source)
      return anOutcome({ kind: 'completed', results: [] })
    }
    await using host = await servedHost({ face: { dispatch } })

    await host.request(path, { ...post({}), body: '{"price": 1.0}' })
    await host.request(path, { method: 'POST' })

    assert.deepEqual(sources, ['{"price": 1.0}', undefined])
  })

  for (const event of ['startup', 'check', 'shutdown']) {
    it(`refuses ${event}, which is the host’s own`, async () => {
      await using host = await servedHost({ face: { dispatch: () => assert.fail('dispatched') } })

      const answer = await host.request(`/api/v1/dispatch/${event}`, post({}))

      assert.equal(answer.status, 400)
      assert.equal(answer.json['error']?.['code'], 'VALIDATION_ERROR')
      const message = new RegExp(`^\`${event}\` is dispatched by the host itself, when `)
      assert.match(String(answer.json['error']?.['message']), message)
    })
  }

  const failure = (code: string): Failure => ({
    connector: 'adjuster',
    phase: 'on',
    code,
    message: `broke on ${secret}`,
  })
  const failed = (...codes: string[]): Outcome =>
    anOutcome({ kind: 'failed', phase: 'on', failures: codes.map(failure), results: [] })
  const cancelled = anOutcome({
    kind: 'cancelled',
    by: 'policy/limit',
    reason: 'too much',
    also: [],
  })

  const outcomes: readonly [string, Outcome, number, string, string?][] = [
    ['cancelled', cancelled, 409, 'EVENT_CANCELLED'],
    ['failed by a handler', failed('HANDLER_FAILED'), 500, 'EVENT_FAILED'],
    ['failed by a handler’s own timeout', failed('HANDLER_TIMEOUT'), 500, 'EVENT_FAILED'],
    [
      'failed by the deadline',
      failed('HANDLER_FAILED', 'DEADLINE_EXCEEDED'),
      504,
      'DEADLINE_EXCEEDED',
    ],
    [
      'failed for want of the store',
      failed('STORE_UNAVAILABLE'),
      503,
      'DEPENDENCY_UNAVAILABLE',
      '5',
    ],
    ['failed after the fact', failed('DELIVERY_NOT_STORED'), 500, 'EVENT_FAILED'],
  ]
  for (const [name, outcome, status, code, retryAfter = null] of outcomes) {
    it(`answers ${status} ${code} when the dispatch ${name}`, async () => {
      await using host = await servedHost({ face: { dispatch: async () => outcome } })

      const answer = await host.request(path, post({}))

      assert.equal(answer.status, status)
      assert.equal(answer.json['success'], false)
      assert.equal(answer.json['error']?.['code'], code)
      assert.equal(answer.json['error']?.['details']?.['kind'], outcome.kind)
      assert.equal(answer.json['error']?.['details']?.['dispatchId'], outcome.dispatchId)
      assert.equal(answer.headers.get('retry-after'), retryAfter)
      assert.ok(!answer.text.includes(secret))
    })
  }

  it('tells a cancellation without details as details null', async () => {
    await using host = await servedHost({ face: { dispatch: async () => cancelled } })

    const answer = await host.request(path, post({}))

    const { kind, by, reason, details, also } = answer.json['error']?.['details'] ?? {}
    assert.deepEqual(
      { kind, by, reason, details, also },
      { kind: 'cancelled', by: 'policy/limit', reason: 'too much', details: null, also: [] },
    )
  })

  const mismatch = new EventParamsError('adjust', [
    { pointer: '/amount', message: 'must be a number' },
  ])
  const rejections: readonly [unknown, number, string][] = [
    [mismatch, 422, 'EVENT_PARAMS_INVALID'],
    [new CarabinerError('EVENT_UNKNOWN', 'there is no event `adjust`'), 404, 'EVENT_UNKNOWN'],
    [
      new CarabinerError('SHUTTING_DOWN', 'the host is shutting down'),
      503,
      'DEPENDENCY_UNAVAILABLE',
    ],
    [new CarabinerError('STORE_UNAVAILABLE', 'the store is away'), 503, 'DEPENDENCY_UNAVAILABLE'],
    [new CarabinerError('EVENT_RECURSION', 'a loop'), 508, 'EVENT_RECURSION'],
    [new CarabinerError('RESULT_INVALID', `ours, with ${secret}`), 500, 'INTERNAL_SERVER_ERROR'],
    [new Error(`a bug that shows ${secret}`), 500, 'INTERNAL_SERVER_ERROR'],
    [`not even an error, but ${secret}`, 500, 'INTERNAL_SERVER_ERROR'],
  ]
  for (const [error, status, code] of rejections) {
    it(`answers ${status} ${code} when the host throws ${String(error).replace(secret, '…')}`, async () => {
      await using host = await servedHost({ face: { dispatch: () => Promise.reject(error) } })

      const answer = await host.request(path, post({}))

      assert.equal(answer.status, status)
      assert.equal(answer.json['error']?.['code'], code)
      assert.ok(!answer.text.includes(secret))
      assert.ok(!answer.text.includes('    at '))
      assert.equal(
        host.log.some(({ level }) => level === 'error'),
        status === 500,
      )
    })
  }

  it('names the places where params do not match', async () => {
    await using host = await servedHost({ face: { dispatch: () => Promise.reject(mismatch) } })

    const answer = await host.request(path, post({ amount: 'x' }))

    assert.deepEqual(answer.json['error']?.['details'], {
      errors: [{ pointer: '/amount', message: 'must be a number' }],
    })
  })

  for (const body of ['[]', '7', '"text"', 'null', 'true']) {
    it(`answers 422 for the params ${body}`, async () => {
      await using host = await servedHost()

      const answer = await host.request(path, post(body))

      assert.equal(answer.status, 422)
      assert.deepEqual(answer.json['error']?.['details'], {
        errors: [{ pointer: '', message: 'must be an object' }],
      })
    })
  }

  for (const state of ['starting', 'draining'] as const) {
    it(`answers 503 with Retry-After while the host is ${state}`, async () => {
      const dispatch = (): never => assert.fail('must not be dispatched')
      await using host = await servedHost({ face: { state: () => state, dispatch } })

      const answer = await host.request(path, post({}))

      assert.equal(answer.status, 503)
      assert.equal(answer.json['error']?.['code'], 'DEPENDENCY_UNAVAILABLE')
      assert.equal(answer.headers.get('retry-after'), '5')
    })
  }

  const understood: readonly [Record<string, string>, Partial<DispatchOptions>][] = [
    [{}, { dryRun: false, depth: 0 }],
    [{ 'x-dry-run': 'true' }, { dryRun: true }],
    [{ 'x-dry-run': 'false' }, { dryRun: false }],
    [{ 'x-timeout': '1500ms' }, { timeout: '1500ms' }],
    [{ 'x-timeout': '2' }, { timeout: 2 }],
    [{ 'x-timeout': '0.25' }, { timeout: 0.25 }],
    [{ 'x-actor': 'ops@example.com' }, { actor: 'ops@example.com' }],
    [{ 'x-carabiner-depth': '16' }, { depth: 16 }],
    [{ 'x-trace-id': '!'.repeat(128) }, { traceId: '!'.repeat(128) }],
  ]
  for (const [headers, expected] of understood) {
    it(`takes the headers ${JSON.stringify(headers)}`, async () => {
      const seen = recordingFace()
      await using host = await servedHost({ face: seen.face })

      const answer = await host.request(path, post({}, headers))

      assert.equal(answer.status, 200)
      const [options] = seen.options
      for (const [name, value] of Object.entries(expected)) {
        assert.equal(options?.[name as keyof DispatchOptions], value)
      }
      assert.equal('timeout' in (options ?? {}), 'timeout' in expected)
      assert.equal('actor' in (options ?? {}), 'actor' in expected)
    })
  }

  const refused: readonly [Record<string, string>, number][] = [
    [{ 'x-dry-run': 'yes' }, 400],
    [{ 'x-dry-run': 'TRUE' }, 400],
    [{ 'x-dry-run': '' }, 400],
    [{ 'x-timeout': 'abc5s' }, 400],
    [{ 'x-timeout': '-1s' }, 400],
    [{ 'x-timeout': '5 s' }, 400],
    [{ 'x-timeout': '0' }, 400],
    [{ 'x-timeout': '0s' }, 400],
    [{ 'x-timeout': '1e3' }, 400],
    [{ 'x-actor': '' }, 400],
    [{ 'x-actor': 'a'.repeat(257) }, 400],
    [{ 'x-carabiner-depth': '-1' }, 400],
    [{ 'x-carabiner-depth': '1.5' }, 400],
    [{ 'x-carabiner-depth': '17' }, 508],
    [{ 'x-carabiner-depth': '999999999' }, 508],
  ]
  for (const [headers, status] of refused) {
    it(`answers ${status} to the headers ${JSON.stringify(headers)}`, async () => {
      const seen = recordingFace()
      await using host = await servedHost({ face: seen.face })

      const answer = await host.request(path, post({}, headers))

      assert.equal(answer.status, status)
      assert.equal(
        answer.json['error']?.['code'],
        status === 400 ? 'VALIDATION_ERROR' : 'EVENT_RECURSION',
      )
      assert.equal(seen.options.length, 0)
    })
  }

  for (const traceId of ['', 'with space', '!'.repeat(129), 'ümlaut']) {
    it(`gives a new trace id instead of ${JSON.stringify(traceId)}`, async () => {
      const seen = recordingFace()
      await using host = await servedHost({ face: seen.face })

      const answer = await host.request(path, post({}, { 'x-trace-id': traceId }))

      assert.match(answer.headers.get('x-trace-id') ?? '', /^[0-9a-f-]{36}$/)
      assert.equal(seen.options[0]?.traceId, answer.headers.get('x-trace-id'))
    })
  }

  for (const type of ['application/json', 'application/json; charset=utf-8', undefined]) {
    it(`takes an empty body of type ${type} for no params`, async () => {
      await using host = await servedHost()

      const headers: Record<string, string> = type === undefined ? {} : { 'content-type': type }
      const answer = await host.request(path, { method: 'POST', headers })

      assert.equal(answer.status, 200)
      assert.deepEqual(answer.json['data']?.['results'], [{ connector: 'adjuster', value: {} }])
    })
  }

  it('aborts the dispatch when the client goes away', async () => {
    const started = Promise.withResolvers<AbortSignal>()
    const dispatch: HostFace['dispatch'] = async (_event, _params, { signal }) => {
      assert.ok(signal)
      started.resolve(signal)
      await once(signal, 'abort')
      return anOutcome()
    }
    await using host = await servedHost({ face: { dispatch } })
    const leaving = new AbortController()

    const request = host.request(path, { ...post({}), signal: leaving.signal })
    const signal = await started.promise
    assert.equal(signal.aborted, false)
    leaving.abort()

    await assert.rejects(request)
    if (!signal.aborted) await once(signal, 'abort')
    assert.equal(signal.reason.name, 'AbortError')
  })

  it('leaves the signal of a dispatch alone that was answered', async () => {
    const seen = recordingFace()
    await using host = await servedHost({ face: seen.face })

    await host.request(path, post({}))
    await host.stop()

    assert.equal(seen.options[0]?.signal?.aborted, false)
  })
})

function post(body: unknown, headers: Record<string, string> = {}): RequestInit {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  return { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body: text }
}

function recordingFace(): {
  readonly face: Partial<HostFace>
  readonly options: DispatchOptions[]
} {
  const options: DispatchOptions[] = []
  return {
    options,
    face: {
      dispatch: async (_event, _params, given) => {
        options.push(given)
        return anOutcome()
      },
    },
  }
}
