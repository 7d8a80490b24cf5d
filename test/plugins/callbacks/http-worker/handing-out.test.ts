import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { WorkerConfig } from '../../../../plugins/callbacks/http-worker/config.ts'
import { handOut } from '../../../../plugins/callbacks/http-worker/handing-out.ts'
import { resolveWorkers } from '../../../../plugins/callbacks/http-worker/worker.ts'
import type { HandlerContext } from '../../../../src/bus/handler.ts'
import { CarabinerError } from '../../../../src/errors.ts'
import { type Answer, aContext, FakeScope, type Put } from '../../../helpers/fake-scope.ts'
import { aReply, noReply } from '../../webhooks/replies.ts'

interface Hired {
  readonly scope: FakeScope
  /** Runs the handler as the bus would. */
  run(context?: HandlerContext): Promise<unknown>
}

/** A worker of `adjust` called `w`. */
function hired(
  config: Partial<WorkerConfig>,
  ...answers: readonly (Answer | ((put: Put) => Answer | Promise<Answer>))[]
): Hired {
  const scope = new FakeScope((put) => {
    const answer = answers[Math.min(scope.asked.length, answers.length) - 1] ?? aReply()
    return typeof answer === 'function' ? answer(put) : answer
  })
  const stanza = { name: 'w', event: 'adjust', url: 'https://worker.example.com/x' }
  handOut(scope, resolveWorkers('http-worker', [{ ...stanza, ...config }]), () => 0)
  return {
    scope,
    run: async (context = aContext(scope.clock, { phase: 'on' })) => scope.ons[0]?.handler(context),
  }
}

function bodiesOf({ asked }: FakeScope): readonly Record<string, unknown>[] {
  return asked.map(({ message }) => JSON.parse(new TextDecoder().decode(message.body)))
}

const busy = aReply({ status: 503 })
const json = (body: string): Answer => aReply({ status: 200, type: 'application/json', body })

describe('a job for an async worker', () => {
  it('is posted with the callback that its result is awaited at, and parks when it is taken', async () => {
    const { scope, run } = hired({ callback_timeout: 600_000 }, aReply({ status: 202 }))

    const came = await run(aContext(scope.clock, { phase: 'on', depth: 1 }))

    const [opened] = scope.opened
    const [put] = scope.asked
    assert.equal(came, opened)
    assert.equal(opened?.expiresAt, scope.clock.now() + 600_000)
    assert.deepEqual(bodiesOf(scope), [
      {
        job_id: put?.message.id,
        kind: 'adjust',
        args: { component: 'web', amount: 7 },
        attempt: 1,
        max_attempts: 25,
        callback_id: opened?.id,
        callback_url: opened?.url,
      },
    ])
    assert.deepEqual(put?.message.headers, { 'x-awa-signature': opened?.signature })
    assert.deepEqual(
      [put?.endpoint, put?.message.contentType],
      ['http-worker/w', 'application/json'],
    )
    assert.deepEqual([put?.message.depth, put?.message.traceId], [2, 'trace-1'])
    assert.equal(put?.options.timeoutMs, 30_000)
    assert.equal(scope.counted.get('worker_jobs_total http-worker/w parked'), 1)
  })

  it('is posted again after a 5xx and without an answer, as one job with one callback', async () => {
    const { scope, run } = hired({}, busy, noReply('connect'), aReply())
    const came = run()

    await scope.clock.advance(0)
    await scope.clock.advance(2_000)
    await scope.clock.advance(4_000)

    assert.equal(await came, scope.opened[0])
    assert.equal(scope.opened.length, 1)
    const bodies = bodiesOf(scope)
    assert.deepEqual(
      bodies.map(({ attempt }) => attempt),
      [1, 2, 3],
    )
    assert.equal(new Set(bodies.map(({ job_id: id }) => id)).size, 1)
    assert.deepEqual(
      scope.asked.map(({ options }) => options.attempt),
      [1, 2, 3],
    )
  })

  for (const status of [400, 404, 408, 422, 429, 301]) {
    it(`fails with ${status}: nobody waits for its callback then`, async () => {
      const { scope, run } = hired({}, aReply({ status }))

      await assert.rejects(run(), (error) => {
        assert.ok(error instanceof CarabinerError)
        assert.equal(error.code, 'HANDLER_FAILED')
        assert.match(error.message, new RegExp(`^worker \`http-worker/w\`: answered ${status}`))
        return true
      })
      assert.equal(scope.asked.length, 1)
      assert.deepEqual(scope.withdrawn, [scope.opened[0]?.id])
      assert.equal(scope.counted.get('worker_jobs_total http-worker/w failed'), 1)
    })
  }

  it('is taken with the head of a 2xx: it is not handed out twice for a body that was cut off', async () => {
    const { scope, run } = hired({}, noReply('cut-off', { status: 200 }))

    assert.equal(await run(), scope.opened[0])
  })

  it('fails after max_tries, and when the next try does not fit before the deadline', async () => {
    const twice = hired({ retry: { max_tries: 2 } }, busy)
    const ran = twice.run().catch((error: unknown) => error)
    await twice.scope.clock.advance(0)
    await twice.scope.clock.advance(2_000)
    const late = hired({}, busy)
    const { clock } = late.scope

    assert.match(String(await ran), /answered 503.*; gave up after 2 tries/)
    await assert.rejects(
      late.run(aContext(clock, { phase: 'on', deadline: clock.now() + 1_500 })),
      /answered 503.*; the next try in 2s is beyond/,
    )
    assert.equal(bodiesOf(twice.scope)[0]?.['max_attempts'], 2)
  })

  it('waits as long as Retry-After says', async () => {
    const { scope, run } = hired(
      {},
      aReply({ status: 503, headers: [['retry-after', '7']] }),
      aReply(),
    )
    const came = run()
    await scope.clock.advance(0)

    await scope.clock.advance(6_999)
    assert.equal(scope.asked.length, 1)
    await scope.clock.advance(1)

    assert.equal(await came, scope.opened[0])
  })

  it('uses up no attempt while the circuit is open', async () => {
    const { scope, run } = hired({}, { kind: 'circuit-open' }, aReply())
    const came = run()
    await scope.clock.advance(0)
    await scope.clock.advance(2_000)

    await came
    assert.deepEqual(
      bodiesOf(scope).map(({ attempt }) => attempt),
      [1, 1],
    )
  })

  it('is not posted again once its callback is answered', async () => {
    const { scope, run } = hired({}, () => {
      scope.answered.add(scope.opened[0]?.id ?? '')
      return noReply('cut-off')
    })
    const came = run()
    await scope.clock.advance(0)
    await scope.clock.advance(2_000)

    assert.equal(await came, scope.opened[0])
    assert.equal(scope.asked.length, 1)
  })

  it('has its result though its request was refused after the answer', async () => {
    const { scope, run } = hired({}, () => {
      scope.answered.add(scope.opened[0]?.id ?? '')
      return aReply({ status: 400 })
    })

    assert.equal(await run(), scope.opened[0])
  })

  it('is not posted without a callback', async () => {
    const { scope, run } = hired({})
    scope.callbacks.open = () => Promise.reject(new CarabinerError('STORE_UNAVAILABLE', 'away'))

    await assert.rejects(run(), { code: 'STORE_UNAVAILABLE' })
    assert.equal(scope.asked.length, 0)
  })

  it('carries no signature where answers need none', async () => {
    const { scope, run } = hired({})
    const open = scope.callbacks.open
    scope.callbacks.open = async (options) =>
      Object.assign(await open(options), { signature: null })

    await run()

    assert.deepEqual(scope.asked[0]?.message.headers, {})
  })
})

describe('a job for a sync worker', () => {
  it('is done when a 2xx comes: the reply is its result', async () => {
    const { scope, run } = hired({ mode: 'sync' }, json('{"applied":7}'))

    assert.deepEqual(await run(), { applied: 7 })
    const [body] = bodiesOf(scope)
    assert.deepEqual(Object.keys(body ?? {}), ['job_id', 'kind', 'args', 'attempt', 'max_attempts'])
    assert.deepEqual(scope.asked[0]?.message.headers, {})
    assert.equal(scope.opened.length, 0)
    assert.equal(scope.counted.get('worker_jobs_total http-worker/w completed'), 1)
  })

  it('has no result with an empty reply', async () => {
    assert.equal(await hired({ mode: 'sync' }, aReply({ status: 204 })).run(), null)
  })

  it('fails when the reply is no JSON', async () => {
    for (const body of ['done', '{"a":', new Uint8Array([0x22, 0xff, 0x22])]) {
      const { run } = hired({ mode: 'sync' }, aReply({ body }))

      await assert.rejects(run(), { code: 'HANDLER_FAILED', message: /its reply is no JSON/ })
    }
  })

  it('is posted again when its reply was cut off', async () => {
    const { scope, run } = hired({ mode: 'sync' }, noReply('cut-off', { status: 200 }), json('1'))
    const came = run()
    await scope.clock.advance(0)
    await scope.clock.advance(2_000)

    assert.equal(await came, 1)
  })

  for (const cause of ['over-limit', 'egress'] as const) {
    it(`fails at once when it is ${cause}`, async () => {
      const { scope, run } = hired({ mode: 'sync' }, noReply(cause))

      await assert.rejects(run(), { code: 'HANDLER_FAILED', message: new RegExp(cause) })
      assert.equal(scope.asked.length, 1)
    })
  }

  it('ends with the event, whatever its worker does', async () => {
    const over = new AbortController()
    const reason = new CarabinerError('DEADLINE_EXCEEDED', 'over')
    const { scope, run } = hired({ mode: 'sync' }, busy)
    const ran = run(aContext(scope.clock, { phase: 'on', signal: over.signal }))
    await scope.clock.advance(1)

    over.abort(reason)

    await assert.rejects(ran, reason)
    assert.equal(scope.clock.waiting, 0)
  })

  it('says that the event’s deadline ended its request, not the worker’s limit', async () => {
    const { scope, run } = hired({ mode: 'sync' }, noReply('timeout'))
    const { clock } = scope

    await assert.rejects(run(aContext(clock, { phase: 'on', deadline: clock.now() + 1_000 })), {
      code: 'DEADLINE_EXCEEDED',
    })
    assert.equal(scope.asked[0]?.options.timeoutMs, 1_000)
  })

  it('takes params that no JSON can say', async () => {
    const { scope, run } = hired({ mode: 'sync' }, json('1'))

    await run(aContext(scope.clock, { params: { amount: 10n } }))

    assert.deepEqual(bodiesOf(scope)[0]?.['args'], { amount: '10' })
  })
})

describe('what `/health` is told of a worker', () => {
  for (const [mode, answer, told] of [
    ['async', aReply({ status: 202 }), ['answered']],
    ['sync', json('1'), ['answered']],
    ['async', aReply({ status: 401 }), ['answered 401']],
    ['async', busy, ['answered 503; gave up after 1 try']],
    ['sync', noReply('connect'), ['nothing: connect; gave up after 1 try']],
    ['sync', aReply({ body: 'done' }), ['its reply is no JSON']],
    ['async', noReply('egress'), ['nothing: egress']],
    ['async', aReply({ status: 422 }), ['answered']],
    ['async', { kind: 'circuit-open' }, []],
    ['async', noReply('over-limit'), []],
    ['sync', noReply('over-limit', { status: 200 }), ['nothing: over-limit']],
  ] satisfies readonly ['async' | 'sync', Answer, readonly string[]][]) {
    const came = answer.kind === 'reply' ? answer.status : JSON.stringify(answer)
    it(`is ${JSON.stringify(told)} when an ${mode} job comes to ${came}`, async () => {
      const { scope, run } = hired({ mode, retry: { max_tries: 1 } }, answer)

      await run().catch((error: unknown) => assert.ok(error instanceof CarabinerError))

      assert.deepEqual(scope.told, told)
    })
  }

  it('is that it is there when its callback was answered all the same', async () => {
    const { scope, run } = hired({}, () => {
      scope.answered.add(scope.opened[0]?.id ?? '')
      return noReply('cut-off')
    })
    const came = run()
    await scope.clock.advance(0)
    await scope.clock.advance(2_000)
    await came

    assert.deepEqual(scope.told, ['answered'])
  })

  it('is nothing when whoever dispatched gave up, and that nobody answered once the event is over', async () => {
    const { scope, run } = hired({ mode: 'sync' }, noReply('aborted'))
    const { clock } = scope
    const reason = new CarabinerError('DEADLINE_EXCEEDED', 'the caller gave up')
    const signal = AbortSignal.abort(reason)

    await assert.rejects(run(aContext(clock, { signal, deadline: clock.now() + 5_000 })), reason)
    const early = [...scope.told]
    await assert.rejects(run(aContext(clock, { signal, deadline: clock.now() })), reason)

    assert.deepEqual(early, [])
    assert.deepEqual(scope.told, ["the event's deadline came before its answer"])
  })
})

describe('a worker', () => {
  it('is registered under its connector, with its line in the assembly', () => {
    const { scope } = hired({})

    assert.deepEqual(scope.ons[0]?.options, { describe: { kind: 'webhook', path: [0] } })
  })

  it('has an endpoint whose requests are signed when it has a secret', () => {
    const [plain, signed] = resolveWorkers('http-worker', [
      { event: 'adjust', url: 'http://a.test:81/x', headers: { 'X-Team': 'platform' } },
      { event: 'adjust', url: 'http://b.test/', secret: ['s'], request_timeout: 5_000 },
    ])

    assert.partialDeepStrictEqual(plain?.endpoint, {
      id: 'http-worker/adjust@a.test:81',
      headers: { 'x-team': 'platform' },
      signatures: [],
      secrets: [],
    })
    assert.partialDeepStrictEqual(signed?.endpoint, {
      signatures: ['standard'],
      secrets: ['s'],
      timeoutMs: 5_000,
    })
  })
})
