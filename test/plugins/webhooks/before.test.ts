import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { askBefore } from '../../../plugins/webhooks/before.ts'
import type { WebhookConfig } from '../../../plugins/webhooks/config.ts'
import { decisionRecord } from '../../../plugins/webhooks/decision-record.ts'
import { resolveWebhooks } from '../../../plugins/webhooks/webhook.ts'
import { defineEvent } from '../../../src/bus/event.ts'
import type { HandlerContext } from '../../../src/bus/handler.ts'
import { CarabinerError, EventCancelledError } from '../../../src/errors.ts'
import { type Answer, aContext, FakeScope, type Put } from '../../helpers/fake-scope.ts'
import { aReply, noReply } from './replies.ts'

const adjust = defineEvent('adjust')
const cancelType = 'application/vnd.carabiner.errors.CancelEventError+json'
const veto = aReply({ status: 200, type: cancelType, body: '{"reason":"too late"}' })

interface Hooked {
  readonly scope: FakeScope
  readonly asker: AsyncDisposable
  /** Runs the handler as the bus would. */
  run(context?: HandlerContext): Promise<Ran>
}

interface Ran {
  readonly kind: 'went on' | 'cancelled' | 'failed'
  readonly reason?: string
  readonly details?: unknown
  readonly code?: string
}

/** A webhook called `w` of the connector `webhooks`, asked before `adjust`. */
function hooked(
  config: Partial<WebhookConfig>,
  ...answers: readonly (Answer | ((put: Put) => Answer | Promise<Answer>))[]
): Hooked {
  const scope = new FakeScope((put) => {
    const answer = answers[Math.min(scope.asked.length, answers.length) - 1] ?? aReply()
    return typeof answer === 'function' ? answer(put) : answer
  })
  const stanza = {
    name: 'w',
    url: 'https://policy.example.com:8443/x',
    secret: ['s'],
    events: 'before:adjust',
  }
  const [webhook] = resolveWebhooks('webhooks', [{ ...stanza, ...config }], [adjust])
  assert.ok(webhook)
  const asker = askBefore(scope, webhook, {
    record: decisionRecord(scope),
    endpoint: scope.endpoint,
    random: () => 0.5,
  })
  return {
    scope,
    asker,
    async run(context = aContext(scope.clock)) {
      try {
        await scope.befores[0]?.handler(context)
        return { kind: 'went on' }
      } catch (error) {
        if (error instanceof EventCancelledError) {
          return { kind: 'cancelled', reason: error.reason, details: error.details }
        }
        return {
          kind: 'failed',
          code: error instanceof CarabinerError ? error.code : String(error),
        }
      }
    },
  }
}

describe('a before webhook', () => {
  it('asks with a signed body under one id and lets the event go on', async () => {
    const { scope, run } = hooked({}, aReply({ status: 204 }))

    const ran = await run(aContext(scope.clock, { depth: 2 }))

    assert.equal(ran.kind, 'went on')
    const [put] = scope.asked
    const body = JSON.parse(new TextDecoder().decode(put?.message.body))
    assert.equal(put?.endpoint, 'webhooks/w')
    assert.equal(body.id, put?.message.id)
    assert.equal(body.event, 'before:adjust')
    assert.deepEqual(put?.message.headers, { 'x-servo-event': 'before:adjust' })
    assert.deepEqual([put?.message.depth, put?.message.traceId], [3, 'trace-1'])
    assert.deepEqual([put?.options.attempt, put?.options.timeoutMs], [1, 10_000])
    assert.equal(put?.options.replyLimit, 256 * 1024)
  })

  it('cancels with the reason, the host and the reply', async () => {
    const { run } = hooked({}, veto)

    assert.deepEqual(await run(), {
      kind: 'cancelled',
      reason: 'too late',
      details: {
        kind: 'veto',
        status: 200,
        host: 'policy.example.com:8443',
        reply: { reason: 'too late' },
      },
    })
  })

  it('cancels without a readable reason all the same, and says so', async () => {
    const { scope, run } = hooked({}, aReply({ status: 403, type: cancelType, body: 'no' }))
    const warnings: string[] = []

    const ran = await run(aContext(scope.clock, { warnings }))

    assert.equal(ran.reason, 'cancelled by webhooks/w without a readable reason')
    assert.deepEqual(ran.details, {
      kind: 'veto',
      status: 403,
      host: 'policy.example.com:8443',
      reply: 'no',
    })
    assert.match(warnings.join(), /no readable `reason`/)
  })

  it('shows the receiver’s warnings to the caller', async () => {
    const answer = aReply({ type: 'application/json', body: '{"warnings":["near the limit"]}' })
    const { scope, run } = hooked({}, answer)
    const warnings: string[] = []

    await run(aContext(scope.clock, { warnings }))

    assert.deepEqual(warnings, ['near the limit'])
  })

  it('registers what explain and dry runs need', () => {
    const { scope } = hooked({
      side_effects: true,
      when: { required: ['amount'] },
      timeout: 2_000,
      backoff: false,
    })

    assert.deepEqual(scope.befores[0]?.options, {
      name: 'w',
      sideEffects: true,
      when: { required: ['amount'] },
      describe: {
        kind: 'webhook',
        timeoutMs: 2_000,
        onFailure: 'cancel',
        mode: 'enforce',
        decision: 'reply',
        path: [0],
      },
    })
  })
})

describe('an error instead of a decision', () => {
  it('cancels by default, with its kind, status and tries', async () => {
    const { run } = hooked({}, aReply({ status: 404 }))

    assert.deepEqual(await run(), {
      kind: 'cancelled',
      reason: 'no decision from webhooks/w: answered 404 Not Found',
      details: { kind: 'error', error: 'status', status: 404, tries: 1 },
    })
  })

  it('lets the event go on under on_failure: allow, warned and counted apart', async () => {
    const { scope, run } = hooked({ on_failure: 'allow' }, aReply({ status: 404 }))
    const warnings: string[] = []

    const ran = await run(aContext(scope.clock, { warnings }))

    assert.equal(ran.kind, 'went on')
    assert.match(warnings.join(), /no decision from webhooks\/w: answered 404 Not Found; allowed/)
    assert.deepEqual(
      [...scope.counted],
      [['webhook_decisions_total webhooks/w allowed-by-failure enforce', 1]],
    )
    assert.equal(scope.audited[0]?.details['outcome'], 'allowed-by-failure')
  })

  it('never turns a veto into an approval under on_failure: allow', async () => {
    const { run } = hooked({ on_failure: 'allow' }, veto)

    assert.equal((await run()).kind, 'cancelled')
  })

  for (const [answer, error] of [
    [{ kind: 'circuit-open' }, 'circuit'],
    [noReply('egress'), 'egress'],
  ] as const) {
    it(`counts no try when ${error} let nothing out, and does not ask again`, async () => {
      const { scope, run } = hooked({}, answer)

      assert.partialDeepStrictEqual(await run(), { details: { kind: 'error', error, tries: 0 } })
      assert.equal(scope.asked.length, 1)
    })
  }
})

describe('asking again', () => {
  it('waits with full jitter between tries, under the same id', async () => {
    const { scope, run } = hooked(
      {},
      aReply({ status: 503 }),
      noReply('connect'),
      aReply({ status: 200 }),
    )
    const ran = run()
    await scope.clock.advance(0)

    await scope.clock.advance(499)
    assert.equal(scope.asked.length, 1)
    await scope.clock.advance(1)
    assert.equal(scope.asked.length, 2)
    await scope.clock.advance(1_000)

    assert.equal((await ran).kind, 'went on')
    assert.deepEqual(
      scope.asked.map(({ options }) => options.attempt),
      [1, 2, 3],
    )
    assert.equal(new Set(scope.asked.map(({ message }) => message.id)).size, 1)
    assert.equal(scope.audited[0]?.details['tries'], 3)
  })

  it('takes the veto of a later try', async () => {
    const { scope, run } = hooked({ on_failure: 'allow' }, aReply({ status: 503 }), veto)
    const ran = run()
    await scope.clock.advance(0)

    await scope.clock.advance(1_000)

    assert.equal((await ran).reason, 'too late')
  })

  it('ends after max_tries', async () => {
    const { scope, run } = hooked({ backoff: { max_tries: 2 } }, aReply({ status: 500 }))
    const ran = run()
    await scope.clock.advance(0)

    await scope.clock.advance(10_000)

    assert.partialDeepStrictEqual(await ran, {
      reason:
        'no decision from webhooks/w: answered 500 Internal Server Error; gave up after 2 tries',
      details: { error: 'status', status: 500, tries: 2 },
    })
  })

  it('asks once with backoff: false', async () => {
    const { scope, run } = hooked({ backoff: false }, aReply({ status: 503 }))

    assert.equal((await run()).kind, 'cancelled')
    assert.equal(scope.asked.length, 1)
  })

  it('waits as long as Retry-After asks for, if that fits', async () => {
    const busy = aReply({ status: 429, headers: [['retry-after', '7']] })
    const { scope, run } = hooked({}, busy, aReply())
    const ran = run()
    await scope.clock.advance(0)

    await scope.clock.advance(6_999)
    assert.equal(scope.asked.length, 1)
    await scope.clock.advance(1)

    assert.equal((await ran).kind, 'went on')
  })

  it('does not wait at all for a Retry-After beyond the event’s deadline, or its own', async () => {
    const busy = aReply({ status: 503, headers: [['retry-after', '20']] })
    const event = hooked({}, busy)
    const own = hooked({ backoff: { max_time: 5_000 } }, busy)

    const late = await event.run(
      aContext(event.scope.clock, { deadline: event.scope.clock.now() + 10_000 }),
    )
    const ownLimit = await own.run()

    assert.match(late.reason ?? '', /503 Service Unavailable; Retry-After 20s is beyond/)
    assert.match(ownLimit.reason ?? '', /beyond max_time 5s/)
    assert.equal(event.scope.asked.length + own.scope.asked.length, 2)
  })

  it('gives each request what is left of its own limit', async () => {
    const { scope, run } = hooked(
      { timeout: 2_000, backoff: { max_time: 3_000, base: 1_000 } },
      async () => {
        await scope.clock.advance(1_500)
        return noReply('timeout')
      },
      aReply(),
    )
    const ran = run()

    await scope.clock.advance(0)
    await scope.clock.advance(500)
    await ran

    assert.deepEqual(
      scope.asked.map(({ options }) => options.timeoutMs),
      [2_000, 1_000],
    )
  })

  it('does not ask again for what another request would not mend', async () => {
    for (const answer of [
      aReply({ status: 400 }),
      aReply({ status: 410 }),
      aReply({ type: 'text/html' }),
      aReply({ type: 'application/json', body: '{"allow":false}' }),
      aReply({ status: 503, type: ['a/b', 'a/b'] }),
      noReply('over-limit'),
    ]) {
      const { scope, run } = hooked({}, answer)

      assert.equal((await run()).kind, 'cancelled')
      assert.equal(scope.asked.length, 1)
    }
  })
})

describe('what `/health` is told of a webhook', () => {
  for (const [config, answers, told] of [
    [{}, [aReply()], ['answered']],
    [{}, [veto], ['answered']],
    [{ mode: 'warn' }, [veto], ['answered']],
    [{}, [aReply({ status: 404 })], ['answered 404 Not Found']],
    [{ on_failure: 'allow' }, [noReply('connect')], ['nothing: connect; gave up after 1 try']],
    [{}, [noReply('egress')], ['nothing: egress']],
    [{}, [aReply({ type: 'text/html' })], ['answered text/html: answer 204, or JSON']],
    [{}, [{ kind: 'circuit-open' }], []],
    [{}, [noReply('over-limit')], []],
    [{}, [noReply('over-limit', { status: 200 })], ['nothing: over-limit']],
    [{ mode: 'off' }, [noReply('connect')], []],
  ] satisfies readonly [Partial<WebhookConfig>, readonly Answer[], readonly string[]][]) {
    const [answer] = answers
    const came = answer?.kind === 'reply' ? String(answer.status) : JSON.stringify(answer)
    it(`is ${JSON.stringify(told)} after ${came} with ${JSON.stringify(config)}`, async () => {
      const { scope, run } = hooked({ backoff: false, ...config }, ...answers)

      await run()

      assert.deepEqual(scope.told, told)
    })
  }

  it('is how a question ended, not each of its tries', async () => {
    const { scope, run } = hooked({}, aReply({ status: 503 }), aReply())
    const ran = run()
    await scope.clock.advance(0)
    await scope.clock.advance(1_000)
    await ran

    assert.deepEqual(scope.told, ['answered'])
  })

  it('is nothing when whoever asked gave up, and that nobody answered once the event is over', async () => {
    const { scope, run } = hooked({ backoff: false }, noReply('aborted'))
    const { clock } = scope
    const signal = AbortSignal.abort(new Error('the caller has gone'))

    await run(aContext(clock, { signal, deadline: clock.now() + 20_000 }))
    const early = [...scope.told]
    await run(aContext(clock, { signal, deadline: clock.now() }))

    assert.deepEqual(early, [])
    assert.deepEqual(scope.told, ['nothing: aborted'])
  })

  it('is what came of a shadow question', async () => {
    const { scope, asker, run } = hooked({ mode: 'shadow', backoff: false }, noReply('connect'))

    await run()
    await asker[Symbol.asyncDispose]()

    assert.deepEqual(scope.told, ['nothing: connect; gave up after 1 try'])
  })
})

describe('the event’s deadline', () => {
  /** An endpoint that says nothing until the signal is aborted. */
  const silent = (put: Put): Promise<Answer> =>
    new Promise((resolve) => {
      put.options.signal?.addEventListener('abort', () => resolve(noReply('aborted')))
    })

  it('fails the dispatch, also under on_failure: allow', async () => {
    const over = new AbortController()
    const { scope, run } = hooked({ on_failure: 'allow' }, silent)
    const ran = run(
      aContext(scope.clock, { signal: over.signal, deadline: scope.clock.now() + 1_000 }),
    )

    await scope.clock.advance(1_000)
    over.abort(new CarabinerError('DEADLINE_EXCEEDED', 'over'))

    assert.deepEqual(await ran, { kind: 'failed', code: 'DEADLINE_EXCEEDED' })
  })

  it('fails the dispatch when a request times out in the same moment', async () => {
    const { scope, run } = hooked(
      { on_failure: 'allow', timeout: 1_000, backoff: false },
      async () => {
        await scope.clock.advance(1_000)
        return noReply('timeout')
      },
    )

    const ran = await run(aContext(scope.clock, { deadline: scope.clock.now() + 1_000 }))

    assert.deepEqual(ran, { kind: 'failed', code: 'DEADLINE_EXCEEDED' })
  })

  it('is preceded by a last look, for the head of a veto', async () => {
    const { scope, run } = hooked({ on_failure: 'allow' }, async () => {
      await scope.clock.advance(975)
      return noReply('timeout', { status: 200, type: cancelType })
    })

    const ran = await run(aContext(scope.clock, { deadline: scope.clock.now() + 1_000 }))

    assert.equal(ran.kind, 'cancelled')
    assert.equal(scope.asked[0]?.options.timeoutMs, 975)
  })

  it('is not turned into an error by that look', async () => {
    const { scope, run } = hooked({ on_failure: 'allow' }, async () => {
      await scope.clock.advance(975)
      return noReply('timeout')
    })
    const ran = run(aContext(scope.clock, { deadline: scope.clock.now() + 1_000 }))

    await scope.clock.advance(0)
    await scope.clock.advance(25)

    assert.deepEqual(await ran, { kind: 'failed', code: 'DEADLINE_EXCEEDED' })
    assert.equal(scope.asked.length, 1)
  })

  it('holds although the clock on the wall is a moment behind the timers', async () => {
    const { scope, run } = hooked({ on_failure: 'allow' }, async () => {
      await scope.clock.advance(975)
      const { clock } = scope
      const now = clock.now.bind(clock)
      clock.now = () => now() - 1
      return noReply('timeout')
    })
    const ran = run(aContext(scope.clock, { deadline: scope.clock.now() + 1_000 }))

    await scope.clock.advance(0)
    await scope.clock.advance(25)

    assert.deepEqual(await ran, { kind: 'failed', code: 'DEADLINE_EXCEEDED' })
  })

  it('leaves a webhook’s own limit an error', async () => {
    const { scope, run } = hooked({ timeout: 1_000, backoff: false }, async () => {
      await scope.clock.advance(1_000)
      return noReply('timeout')
    })

    assert.partialDeepStrictEqual(await run(), {
      details: { kind: 'error', error: 'timeout', tries: 1 },
    })
  })

  it('ends a wait between tries', async () => {
    const over = new AbortController()
    const { scope, run } = hooked({}, aReply({ status: 503 }))
    const ran = run(aContext(scope.clock, { signal: over.signal }))
    await scope.clock.advance(1)

    over.abort(new Error('another cancelled'))

    assert.equal((await ran).kind, 'failed')
    assert.equal(scope.asked.length, 1)
    assert.equal(scope.clock.waiting, 0)
  })

  it('does not take a veto away that came with it', async () => {
    const over = new AbortController()
    const { scope, run } = hooked({}, () => {
      over.abort()
      return veto
    })

    assert.equal((await run(aContext(scope.clock, { signal: over.signal }))).kind, 'cancelled')
  })

  it('is recorded as undecided', async () => {
    const over = new AbortController()
    const { scope, run, asker } = hooked({}, silent)
    const ran = run(aContext(scope.clock, { signal: over.signal }))
    over.abort(new Error('over'))
    await ran
    await asker[Symbol.asyncDispose]()

    assert.equal(scope.audited[0]?.details['outcome'], 'undecided')
  })
})

describe('modes', () => {
  it('warn: tells what would have been cancelled', async () => {
    const { scope, run } = hooked({ mode: 'warn' }, veto, aReply({ status: 404 }))
    const warnings: string[] = []

    const first = await run(aContext(scope.clock, { warnings }))
    const second = await run(aContext(scope.clock, { warnings }))

    assert.deepEqual([first.kind, second.kind], ['went on', 'went on'])
    assert.deepEqual(warnings, [
      'webhooks/w would have cancelled: too late',
      'webhooks/w would have cancelled: no decision from webhooks/w: answered 404 Not Found',
    ])
  })

  it('shadow: counts, and the event does not wait', async () => {
    const { promise, resolve } = Promise.withResolvers<Answer>()
    const { scope, run, asker } = hooked({ mode: 'shadow' }, () => promise)
    const over = new AbortController()

    const ran = await run(aContext(scope.clock, { signal: over.signal }))
    over.abort()
    resolve(veto)
    await asker[Symbol.asyncDispose]()

    assert.equal(ran.kind, 'went on')
    assert.deepEqual(
      [...scope.counted],
      [['webhook_decisions_total webhooks/w cancelled shadow', 1]],
    )
  })

  it('shadow: does not let questions pile up without end', async () => {
    const { promise, resolve } = Promise.withResolvers<Answer>()
    const { scope, run, asker } = hooked({ mode: 'shadow' }, () => promise)

    for (let count = 0; count < 1_005; count += 1) await run()

    assert.equal(scope.asked.length, 1_000)
    assert.equal(scope.counted.get('webhook_decisions_total webhooks/w not-asked shadow'), 5)
    resolve(veto)
    await asker[Symbol.asyncDispose]()
  })

  it('off: is never called', async () => {
    const { scope, run } = hooked({ mode: 'off', side_effects: true }, veto)

    assert.equal((await run()).kind, 'went on')
    assert.deepEqual([scope.asked.length, scope.audited.length], [0, 0])
    assert.equal(scope.befores[0]?.options.sideEffects, false)
  })
})

describe('the audit trail', () => {
  it('has a row for every decision', async () => {
    const { scope, run } = hooked({}, aReply({ status: 500 }), aReply({ status: 404 }))
    const ran = run(aContext(scope.clock, { actor: 'ada', dryRun: true }))
    await scope.clock.advance(0)
    await scope.clock.advance(500)
    await ran

    const rows = scope.audited.map(({ id: _, createdAt: __, ...row }) => row)
    assert.deepEqual(rows, [
      {
        entityType: 'dispatch',
        entityId: '01945e3a-7c00-7000-8000-000000000001',
        action: 'decision.made',
        actor: 'ada',
        details: {
          webhook: 'webhooks/w',
          event: 'adjust',
          dispatch: '01945e3a-7c00-7000-8000-000000000001',
          outcome: 'cancelled-by-failure',
          by: 'reply',
          callback: null,
          mode: 'enforce',
          dryRun: true,
          error: 'status',
          reason: 'answered 404 Not Found',
          tries: 2,
          durationMs: 500,
          status: 404,
          host: 'policy.example.com:8443',
          generation: 1,
        },
      },
    ])
  })

  it('must be written for an event to go on', async () => {
    const { scope, run } = hooked({}, aReply())
    scope.auditing = () => Promise.reject(new CarabinerError('STORE_UNAVAILABLE', 'away'))

    assert.deepEqual(await run(), { kind: 'failed', code: 'STORE_UNAVAILABLE' })
  })

  it('does not hold a veto up', async () => {
    const { promise, resolve } = Promise.withResolvers<void>()
    const { scope, run, asker } = hooked({}, veto)
    scope.auditing = () => promise

    assert.equal((await run()).kind, 'cancelled')
    resolve()
    await asker[Symbol.asyncDispose]()
    assert.equal(scope.audited.length, 1)
  })

  it('is missed loudly', async () => {
    const { scope, run, asker } = hooked({}, veto)
    scope.auditing = () => Promise.reject(new CarabinerError('STORE_UNAVAILABLE', 'away'))

    await run()
    await asker[Symbol.asyncDispose]()

    assert.deepEqual(scope.logged, ['a decision is missing in the audit trail'])
  })
})
