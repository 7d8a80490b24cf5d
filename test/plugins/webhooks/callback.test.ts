import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { askBefore } from '../../../plugins/webhooks/before.ts'
import type { WebhookConfig } from '../../../plugins/webhooks/config.ts'
import { decisionRecord } from '../../../plugins/webhooks/decision-record.ts'
import { resolveWebhooks } from '../../../plugins/webhooks/webhook.ts'
import type { CallbackResolution } from '../../../src/bus/callback-resolution.ts'
import { defineEvent } from '../../../src/bus/event.ts'
import type { HandlerContext } from '../../../src/bus/handler.ts'
import type { OpenCallback } from '../../../src/bus/open-callback.ts'
import { CarabinerError, EventCancelledError } from '../../../src/errors.ts'
import { type Answer, aContext, FakeScope, type Put } from '../../helpers/fake-scope.ts'
import { aReply, noReply } from './replies.ts'

const adjust = defineEvent('adjust')
const cancelType = 'application/vnd.carabiner.errors.CancelEventError+json'
const veto = aReply({ status: 200, type: cancelType, body: '{"reason":"too late"}' })
const yes = aReply({ status: 202 })
const refused = aReply({ status: 404 })

interface Asked {
  readonly scope: FakeScope
  /** Runs the handler as the bus would. */
  ask(context?: HandlerContext): Promise<Came>
  /** Tells the handler what came of the callback that it returned. */
  resolve(what: Ended, context?: HandlerContext): Promise<Came>
}

type Came =
  | { readonly kind: 'parked'; readonly on: OpenCallback }
  | { readonly kind: 'went on' }
  | { readonly kind: 'cancelled'; readonly reason: string; readonly details: unknown }

type Ended =
  | Pick<CallbackResolution & { kind: 'completed' }, 'kind' | 'payload'>
  | Pick<CallbackResolution & { kind: 'failed' }, 'kind' | 'error'>
  | { readonly kind: 'expired' }

/** A webhook called `w` of the connector `webhooks` that leaves decisions on `adjust` to callbacks. */
function approving(
  config: Partial<WebhookConfig>,
  ...answers: readonly (Answer | ((put: Put) => Answer))[]
): Asked {
  const scope = new FakeScope((put) => {
    const answer = answers[Math.min(scope.asked.length, answers.length) - 1] ?? yes
    return typeof answer === 'function' ? answer(put) : answer
  })
  const stanza = {
    ...{ name: 'w', url: 'https://policy.example.com/x', secret: ['s'] },
    ...{ events: 'before:adjust', decision: 'callback' as const },
  }
  const [webhook] = resolveWebhooks('webhooks', [{ ...stanza, ...config }], [adjust])
  assert.ok(webhook)
  askBefore(scope, webhook, {
    record: decisionRecord(scope),
    endpoint: scope.endpoint,
    random: () => 0.5,
  })
  const { handler, options } = scope.befores[0] ?? {}
  return {
    scope,
    async ask(context = aContext(scope.clock)) {
      return comeOf(() => handler?.(context))
    },
    async resolve(what, context = aContext(scope.clock)) {
      const resolution = { payloadText: null, callbackId: idOf(scope), ...what }
      return comeOf(() => options?.resolved?.(context, resolution))
    },
  }
}

function idOf(scope: FakeScope): string {
  return scope.opened[0]?.id ?? 'of another process'
}

async function comeOf(run: () => unknown): Promise<Came> {
  try {
    const on = await run()
    // What a handler returns is nothing, or the callback it opened.
    return on === undefined ? { kind: 'went on' } : { kind: 'parked', on: on as OpenCallback }
  } catch (error) {
    if (!(error instanceof EventCancelledError)) throw error
    return { kind: 'cancelled', reason: error.reason, details: error.details }
  }
}

function outcomesOf(scope: FakeScope): readonly unknown[] {
  return scope.audited.map(({ details }) => details['outcome'])
}

function bodyOf(put: Put | undefined): Record<string, unknown> {
  return JSON.parse(new TextDecoder().decode(put?.message.body))
}

describe('a question with `decision: callback`', () => {
  it('hands out a callback that is open before it is put, and parks when it is allowed', async () => {
    let openWhenAsked = 0
    const { scope, ask } = approving({ expires: 28_800_000 }, () => {
      openWhenAsked = scope.opened.length
      return yes
    })

    const came = await ask()

    const [opened] = scope.opened
    assert.ok(opened)
    assert.equal(openWhenAsked, 1)
    assert.deepEqual(came, { kind: 'parked', on: opened })
    assert.deepEqual(bodyOf(scope.asked[0])['callback'], {
      id: opened.id,
      url: opened.url,
      signature: opened.signature,
      expires_at: new Date(scope.clock.now() + 28_800_000).toISOString(),
    })
    assert.deepEqual(scope.withdrawn, [])
  })

  it('has one callback over all its tries', async () => {
    const { scope, ask } = approving({}, aReply({ status: 503 }), yes)
    const came = ask()
    await scope.clock.advance(0)
    await scope.clock.advance(500)

    assert.equal((await came).kind, 'parked')
    assert.equal(scope.opened.length, 1)
    const [first, second] = scope.asked.map((put) => bodyOf(put)['callback'])
    assert.deepEqual(first, second)
  })

  it('is told to the caller with the warnings of its reply', async () => {
    const warnings: string[] = []
    const answer = aReply({ type: 'application/json', body: '{"warnings":["asked Ada"]}' })
    const { scope, ask } = approving({}, answer)

    await ask(aContext(scope.clock, { warnings }))

    assert.deepEqual(warnings, ['asked Ada'])
  })

  it('is counted and recorded as parked', async () => {
    const { scope, ask } = approving({})

    await ask()

    assert.equal(scope.counted.get('webhook_decisions_total webhooks/w parked enforce'), 1)
    assert.partialDeepStrictEqual(scope.audited, [
      { details: { outcome: 'parked', by: 'reply', callback: idOf(scope), tries: 1, status: 202 } },
    ])
  })

  it('is not put in a dry run', () => {
    assert.equal(approving({}).scope.befores[0]?.options.sideEffects, true)
    assert.equal(approving({ mode: 'off' }).scope.befores[0]?.options.sideEffects, false)
  })

  it('cancels at once when the reply does; the dispatch withdraws its callbacks itself', async () => {
    const { scope, ask } = approving({}, veto)

    assert.partialDeepStrictEqual(await ask(), { kind: 'cancelled', reason: 'too late' })
    assert.deepEqual(outcomesOf(scope), ['cancelled'])
  })

  it('is an ERROR when the reply is', async () => {
    const { ask } = approving({}, refused)

    assert.partialDeepStrictEqual(await ask(), {
      kind: 'cancelled',
      details: { kind: 'error', error: 'status', status: 404, tries: 1 },
    })
  })

  it('withdraws its callback when an ERROR lets the event pass', async () => {
    const { scope, ask } = approving({ on_failure: 'allow' }, refused)

    assert.equal((await ask()).kind, 'went on')
    assert.deepEqual(scope.withdrawn, [idOf(scope)])
    assert.deepEqual(outcomesOf(scope), ['allowed-by-failure'])
  })

  it('does not pass over an answer that came before its request failed', async () => {
    const { scope, ask } = approving({ on_failure: 'allow', backoff: false }, () => {
      scope.answered.add(idOf(scope))
      return noReply('cut-off')
    })
    const warnings: string[] = []

    assert.equal((await ask(aContext(scope.clock, { warnings }))).kind, 'parked')
    assert.deepEqual([warnings, outcomesOf(scope)], [[], ['parked']])
  })

  it('only warns under mode: warn, and then nobody waits', async () => {
    const { scope, ask } = approving({ mode: 'warn' }, veto)
    const warnings: string[] = []

    assert.equal((await ask(aContext(scope.clock, { warnings }))).kind, 'went on')
    assert.deepEqual(warnings, ['webhooks/w would have cancelled: too late'])
    assert.deepEqual(scope.withdrawn, [idOf(scope)])
  })

  it('is not put without a callback', async () => {
    const { scope, ask } = approving({})
    scope.callbacks.open = () => Promise.reject(new CarabinerError('STORE_UNAVAILABLE', 'away'))

    await assert.rejects(ask(), { code: 'STORE_UNAVAILABLE' })
    assert.equal(scope.asked.length, 0)
  })
})

describe('the answer to its callback', () => {
  it('lets the event go on, and is recorded beside the question', async () => {
    const { scope, ask, resolve } = approving({})
    await ask()
    await scope.clock.advance(90_000)

    assert.equal((await resolve({ kind: 'completed', payload: { by: 'ada' } })).kind, 'went on')
    assert.equal(scope.counted.get('webhook_decisions_total webhooks/w allowed enforce'), 1)
    assert.partialDeepStrictEqual(scope.audited[1]?.details, {
      outcome: 'allowed',
      by: 'callback',
      callback: idOf(scope),
      tries: 1,
      durationMs: 90_000,
      status: null,
      error: null,
    })
  })

  it('cancels with a payload that says so', async () => {
    const { ask, resolve } = approving({})
    await ask()

    assert.deepEqual(await resolve({ kind: 'completed', payload: { cancel: 'not today' } }), {
      kind: 'cancelled',
      reason: 'not today',
      details: {
        kind: 'veto',
        status: null,
        host: 'policy.example.com',
        reply: { cancel: 'not today' },
      },
    })
  })

  it('cancels when it failed, with its error as the reason', async () => {
    const { scope, ask, resolve } = approving({ on_failure: 'allow' })
    await ask()

    assert.partialDeepStrictEqual(await resolve({ kind: 'failed', error: 'budget is spent' }), {
      kind: 'cancelled',
      reason: 'budget is spent',
      details: { kind: 'veto', reply: 'budget is spent' },
    })
    assert.deepEqual(outcomesOf(scope), ['parked', 'cancelled'])
  })

  it('says that a refusal has no readable reason', async () => {
    const { scope, ask, resolve } = approving({})
    const warnings: string[] = []
    await ask()

    const came = await resolve({ kind: 'failed', error: '' }, aContext(scope.clock, { warnings }))

    assert.partialDeepStrictEqual(came, {
      reason: 'cancelled by webhooks/w without a readable reason',
    })
    assert.match(warnings.join(), /through its callback/)
  })

  it('is an ERROR when it never came, with the tries of the question', async () => {
    const { scope, ask, resolve } = approving({}, aReply({ status: 503 }), yes)
    const came = ask()
    await scope.clock.advance(0)
    await scope.clock.advance(500)
    await came

    assert.deepEqual(await resolve({ kind: 'expired' }), {
      kind: 'cancelled',
      reason: 'no decision from webhooks/w: callback timed out',
      details: { kind: 'error', error: 'expired', tries: 2 },
    })
  })

  it('is not needed under on_failure: allow', async () => {
    const { scope, ask, resolve } = approving({ on_failure: 'allow' })
    const warnings: string[] = []
    await ask()

    const came = await resolve({ kind: 'expired' }, aContext(scope.clock, { warnings }))

    assert.equal(came.kind, 'went on')
    assert.match(warnings.join(), /no decision from webhooks\/w: callback timed out; allowed/)
    assert.deepEqual(outcomesOf(scope), ['parked', 'allowed-by-failure'])
  })

  for (const what of [{ kind: 'failed', error: 'no' }, { kind: 'expired' }] as const) {
    it(`only warns under mode: warn when it is ${what.kind}`, async () => {
      const { scope, ask, resolve } = approving({ mode: 'warn' })
      const warnings: string[] = []
      await ask()

      assert.equal((await resolve(what, aContext(scope.clock, { warnings }))).kind, 'went on')
      assert.match(warnings.join(), /webhooks\/w would have cancelled: /)
    })
  }

  it('counts for nothing once the webhook is off', async () => {
    const { scope, resolve } = approving({ mode: 'off' })

    assert.equal((await resolve({ kind: 'failed', error: 'no' })).kind, 'went on')
    assert.deepEqual(scope.audited, [])
  })

  it('is judged although the audit trail no longer has the question', async () => {
    const { resolve } = approving({})

    assert.partialDeepStrictEqual(await resolve({ kind: 'expired' }), {
      kind: 'cancelled',
      details: { kind: 'error', error: 'expired', tries: 1 },
    })
  })

  it('needs its row to let the event go on; a refusal does not', async () => {
    const { scope, ask, resolve } = approving({})
    await ask()
    scope.auditing = () => Promise.reject(new CarabinerError('STORE_UNAVAILABLE', 'away'))

    await assert.rejects(resolve({ kind: 'completed', payload: null }), {
      code: 'STORE_UNAVAILABLE',
    })
    assert.equal((await resolve({ kind: 'failed', error: 'no' })).kind, 'cancelled')
  })
})
