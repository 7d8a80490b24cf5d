import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Outcome } from '../../../src/bus/outcome.ts'
import { verifyCallback } from '../../../src/callbacks/callback-signature.ts'
import { carabiner, carabinerJson } from '../../helpers/cli.ts'
import { eventually } from '../../helpers/engine.ts'
import { runHost } from '../../helpers/host-process.ts'
import {
  type Answer,
  type ReceivedRequest,
  type Receiver,
  receiver,
} from '../../helpers/receiver.ts'
import { adjusterSource, type ProjectFolder, projectFolder } from '../../helpers/start-host.ts'
import {
  type ApprovalsHost,
  answerAt,
  approvalsYaml,
  callAt,
  callbackSecret,
  dispatchAt,
  type HandedOut,
  handedOutAt,
  handedOutIn,
  startApprovals,
} from './approvals-host.ts'

const secret = 'a-secret-of-this-test'
const veto: Answer = {
  status: 422,
  headers: { 'content-type': 'application/vnd.carabiner.errors.CancelEventError+json' },
  body: '{"reason":"too late"}',
}

/** A webhook called like the component whose adjustments it is asked about. */
function approval(url: string, name: string, ...lines: readonly string[]): string {
  return [
    `  - name: ${name}`,
    `    url: ${url}/${name}`,
    `    secret: ${secret}`,
    '    events: before:adjust',
    '    decision: callback',
    '    backoff: false',
    `    when: { properties: { component: { const: ${name.replace(/-\d$/, '')} } } }`,
    ...lines.map((line) => `    ${line}`),
    '',
  ].join('\n')
}

describe('a decision that is left to a callback', () => {
  let endpoint: Receiver
  let host: ApprovalsHost
  /** What the endpoint does before it replies, by path. */
  const replies = new Map<string, (request: ReceivedRequest) => Promise<number | Answer>>()

  /** Begun first: the other hosts take one for dead when they have not heard of it for 10 s. */
  let left: Promise<Left>

  before(async () => {
    left = parkAndKill()
    endpoint = await receiver({
      answers: [async (request) => (await replies.get(request.path)?.(request)) ?? 202],
    })
    const { url } = endpoint
    host = await startApprovals(
      `webhooks:\n${[
        approval(url, 'plain', 'expires: 8h'),
        approval(url, 'lenient', 'on_failure: allow'),
        approval(url, 'warning', 'mode: warn'),
        approval(url, 'short', 'expires: 200ms'),
        approval(url, 'shortest', 'expires: 200ms', 'on_failure: allow'),
        approval(url, 'pair-1'),
        approval(url, 'pair-2'),
      ].join('')}`,
    )
  })
  after(async () => {
    await host[Symbol.asyncDispose]()
    await endpoint[Symbol.asyncDispose]()
    await (await left)[Symbol.asyncDispose]()
  })

  interface Asked {
    readonly outcome: Promise<Outcome>
    readonly callback: HandedOut
  }

  /** Dispatches, and waits until the dispatch is parked. */
  async function parked(component: string, path = `/${component}`): Promise<Asked> {
    const before = endpoint.received.length
    const params = { component, amount: 7 }
    const outcome = host.project.host.dispatch('adjust', params)
    await eventually(() => endpoint.received.slice(before).some((each) => each.path === path))
    const callback = handedOutAt(endpoint, path)
    await eventually(async () => {
      const { rows } = await host.project.host.store.auditTrail({ action: 'decision.made' })
      return rows.some(({ details }) => details['callback'] === callback.id)
    })
    return { outcome, callback }
  }

  it('is shown by `explain`', async () => {
    const { out } = await carabiner(['explain', 'adjust'], { cwd: host.project.folder.path })

    assert.match(out, /MODE +DECISION +PLACE/)
    assert.match(out, /plain +webhook .*enforce +callback +carabiner\.yaml:\d+/)
    assert.match(out, /^worst case: 30s, beside the time it is parked$/m)
  })

  it('lets the event go on when it is completed', async () => {
    const { outcome, callback } = await parked('plain')

    const answered = await host.answer(callback.id, 'complete', { payload: { by: 'ada' } })

    const done = await outcome
    assert.equal(answered.status, 200)
    assert.partialDeepStrictEqual(done, {
      kind: 'completed',
      results: [{ connector: 'adjuster', value: { applied: 7 } }],
    })
    assert.equal(callback.url, `https://hooks.example.com/api/callbacks/${callback.id}/complete`)
    assert.ok(verifyCallback(callback.id, callback.signature, callbackSecret))
    const leftMs = Date.parse(callback.expires_at) - Date.now()
    assert.ok(leftMs > 7.9 * 3_600_000 && leftMs <= 8 * 3_600_000)
    assert.partialDeepStrictEqual(await host.decisions(done.dispatchId), [
      { webhook: 'webhooks/plain', outcome: 'parked', by: 'reply', status: 202, tries: 1 },
      { webhook: 'webhooks/plain', outcome: 'allowed', by: 'callback', callback: callback.id },
    ])
  })

  it('cancels it when it fails, with its error as the reason', async () => {
    const { outcome, callback } = await parked('lenient')

    await host.answer(callback.id, 'fail', { error: 'budget is spent' })

    assert.partialDeepStrictEqual(await outcome, {
      kind: 'cancelled',
      by: 'webhooks/lenient',
      reason: 'budget is spent',
      details: { kind: 'veto', status: null, reply: 'budget is spent' },
    })
  })

  it('cancels it with a payload that says so', async () => {
    const { outcome, callback } = await parked('plain')

    await host.answer(callback.id, 'complete', { payload: { cancel: 'not today' } })

    assert.partialDeepStrictEqual(await outcome, { kind: 'cancelled', reason: 'not today' })
  })

  it('may be extended', async () => {
    const { outcome, callback } = await parked('short')

    const extended = await host.answer(callback.id, 'heartbeat', { timeout_seconds: 3_600 })
    const after = await host.project.host.store.records('callbacks', [callback.id])
    await host.answer(callback.id, 'complete', {})

    assert.equal(extended.status, 200)
    assert.ok(Number(Object(after[0]?.value)['deadline']) > Date.now() + 3_000_000)
    assert.equal((await outcome).kind, 'completed')
  })

  it('is withdrawn when the reply cancels at once, or is an ERROR', async () => {
    const outcomes: unknown[] = []
    const answers: number[] = []
    for (const [component, reply] of [
      ['plain', veto],
      ['plain', 404],
      ['lenient', 404],
      ['warning', veto],
    ] as const) {
      replies.set(`/${component}`, async () => reply)
      const outcome = await host.project.host.dispatch('adjust', { component, amount: 7 })
      replies.delete(`/${component}`)
      outcomes.push(outcome.kind === 'cancelled' ? outcome.reason : outcome.kind)
      const { id } = handedOutAt(endpoint, `/${component}`)
      answers.push((await host.answer(id, 'complete', {})).status)
    }

    assert.deepEqual(outcomes, [
      'too late',
      'no decision from webhooks/plain: answered 404 Not Found',
      'completed',
      'completed',
    ])
    assert.deepEqual(answers, [404, 404, 404, 404])
  })

  it('is an ERROR when nobody answers: on_failure decides', async () => {
    const [cancelled, allowed] = await Promise.all([
      host.project.host.dispatch('adjust', { component: 'short', amount: 7 }),
      host.project.host.dispatch('adjust', { component: 'shortest', amount: 7 }),
    ])

    assert.partialDeepStrictEqual(cancelled, {
      kind: 'cancelled',
      by: 'webhooks/short',
      reason: 'no decision from webhooks/short: callback timed out',
      details: { kind: 'error', error: 'expired', tries: 1 },
    })
    assert.equal(allowed.kind, 'completed')
    assert.match(allowed.warnings[0]?.message ?? '', /callback timed out; allowed all the same/)
    assert.partialDeepStrictEqual(await host.decisions(allowed.dispatchId), [
      { outcome: 'parked' },
      { outcome: 'allowed-by-failure', by: 'callback', error: 'expired' },
    ])
  })

  it('only warns under mode: warn', async () => {
    const { outcome, callback } = await parked('warning')

    await host.answer(callback.id, 'fail', { error: 'no' })

    const { kind, warnings } = await outcome
    assert.equal(kind, 'completed')
    assert.match(warnings[0]?.message ?? '', /webhooks\/warning would have cancelled: no/)
  })

  it('is not awaited any more when another one refuses', async () => {
    const { outcome } = await parked('pair', '/pair-1')
    await eventually(() => endpoint.received.some(({ path }) => path === '/pair-2'))
    const [first, second] = ['/pair-1', '/pair-2'].map((path) => handedOutAt(endpoint, path))
    assert.ok(first && second)

    const refused = await host.answer(second.id, 'fail', { error: 'no' })
    const { kind } = await outcome
    const late = await host.answer(first.id, 'complete', {})

    assert.deepEqual([refused.status, kind, late.status], [200, 'cancelled', 404])
  })

  it('waits for every one of them', async () => {
    const { outcome } = await parked('pair', '/pair-2')
    const [first, second] = ['/pair-1', '/pair-2'].map((path) => handedOutAt(endpoint, path))
    assert.ok(first && second)

    await host.answer(first.id, 'complete', {})
    const between = await host.call('/api/v1/callbacks?state=WaitingExternal')
    await host.answer(second.id, 'complete', {})

    assert.ok(between.text.includes(second.id))
    assert.equal((await outcome).kind, 'completed')
  })

  it('hears an answer that comes before its own request has returned', async () => {
    const kinds: string[] = []
    for (const [action, body] of [
      ['complete', {}],
      ['fail', { error: 'no' }],
    ] as const) {
      replies.set('/plain', async (request) => {
        const answered = await host.answer(handedOutIn(request).id, action, body)
        assert.equal(answered.status, 200)
        return 202
      })
      const outcome = await host.project.host.dispatch('adjust', { component: 'plain', amount: 7 })
      kinds.push(outcome.kind)
    }
    replies.delete('/plain')

    assert.deepEqual(kinds, ['completed', 'cancelled'])
  })

  it('is not asked for in a dry run', async () => {
    const before = endpoint.received.length
    const params = { component: 'plain', amount: 7 }

    const outcome = await host.project.host.dispatch('adjust', params, { dryRun: true })

    assert.partialDeepStrictEqual(outcome, { kind: 'completed', unknown: ['webhooks/plain'] })
    assert.equal(endpoint.received.length, before)
  })

  it('is 202 over HTTP, with the place where its outcome will be', async () => {
    const params = { component: 'plain', amount: 7 }

    const asked = await dispatchAt(host.project.url, 'adjust', params)
    const place = asked.headers.get('location') ?? ''
    const waiting = await host.call(place)
    const { id, expires_at: expiresAt } = handedOutAt(endpoint, '/plain')
    await host.answer(id, 'complete', {})
    await eventually(async () => (await host.call(place)).text.includes('"done"'))
    const done = await host.call(place)

    assert.equal(asked.status, 202)
    assert.partialDeepStrictEqual(asked.json['data'], {
      kind: 'parked',
      waitingFor: [{ by: 'webhooks/plain', callbackId: id, expiresAt }],
    })
    assert.partialDeepStrictEqual(waiting.json['data'], { state: 'parked', params })
    assert.partialDeepStrictEqual(done.json['data'], {
      state: 'done',
      kind: 'completed',
      results: [{ connector: 'adjuster', value: { applied: 7 } }],
    })
  })

  it('is exit 4 on the command line, and goes on in the host that runs', async () => {
    const at = { cwd: host.project.folder.path }
    const params = ['--params', '{"component":"plain","amount":7}']

    const { code, json } = await carabinerJson(['dispatch', 'adjust', ...params], at)
    const { id } = handedOutAt(endpoint, '/plain')
    await host.answer(id, 'complete', {})

    assert.equal(code, 4)
    assert.partialDeepStrictEqual(json, { kind: 'parked', waitingFor: [{ callbackId: id }] })
    const place = `/api/v1/dispatches/${Object(json)['dispatchId']}`
    await eventually(async () => (await host.call(place)).text.includes('"completed"'))
  })

  it('can be rehearsed: `webhooks trigger` hands out a callback and withdraws it', async () => {
    let answered = 0
    replies.set('/plain', async (request) => {
      const { id } = handedOutIn(request)
      answered = (await host.answer(id, 'heartbeat', {})).status
      return 202
    })
    const at = { cwd: host.project.folder.path }

    const { code, json } = await carabinerJson(
      ['webhooks', 'trigger', 'before:adjust', 'plain'],
      at,
    )
    replies.delete('/plain')
    const { id } = handedOutAt(endpoint, '/plain')

    assert.equal(code, 0)
    assert.equal(answered, 200)
    assert.match(JSON.stringify(json), /this ALLOW parks the event/)
    assert.equal((await host.answer(id, 'complete', {})).status, 404)
  })

  it('stands in the body that `webhooks schema` shows', async () => {
    const at = { cwd: host.project.folder.path }

    const { json } = await carabinerJson(['webhooks', 'schema', 'before:adjust'], at)
    const { json: body } = await carabinerJson(
      ['webhooks', 'schema', 'before:adjust', '--example'],
      at,
    )

    assert.ok(Object(json).schema.required.includes('callback'))
    assert.deepEqual(Object.keys(Object(body).callback), ['id', 'url', 'signature', 'expires_at'])
  })

  it('outlives a host that is killed meanwhile: the event goes on in the next one once it is approved', async () => {
    const { folder, place, endpoint: asked } = await left
    await using next = await runHost(folder)

    const { id } = handedOutAt(asked, '/plain')
    const answered = await answerAt(next.url, id, 'complete', {})
    await eventually(async () => (await callAt(next.url, place)).text.includes('"done"'))
    const { json } = await callAt(next.url, place)

    assert.equal(answered.status, 200)
    assert.partialDeepStrictEqual(json['data'], {
      kind: 'completed',
      results: [{ connector: 'adjuster', value: { applied: 7 } }],
    })
    assert.equal(asked.received.length, 1)
  })
})

/** What a host has left that was killed with a dispatch parked. */
interface Left extends AsyncDisposable {
  readonly folder: ProjectFolder
  readonly endpoint: Receiver
  /** Where the outcome will be. */
  readonly place: string
}

async function parkAndKill(): Promise<Left> {
  const endpoint = await receiver({ answers: [202] })
  const folder = projectFolder({
    'adjuster.ts': adjusterSource,
    'carabiner.yaml': approvalsYaml(`webhooks:\n${approval(endpoint.url, 'plain')}`),
  })
  await using killed = await runHost(folder)
  const asked = await dispatchAt(killed.url, 'adjust', { component: 'plain', amount: 7 })
  assert.equal(asked.status, 202)
  killed.child.kill('SIGKILL')
  await killed.exit()
  return {
    folder,
    endpoint,
    place: asked.headers.get('location') ?? '',
    async [Symbol.asyncDispose]() {
      folder[Symbol.dispose]()
      await endpoint[Symbol.asyncDispose]()
    },
  }
}
