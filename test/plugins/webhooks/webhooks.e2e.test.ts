import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { schemeNamed } from '../../../src/delivery/signing/schemes.ts'
import { Validator } from '../../../src/schema/validator.ts'
import { eventually } from '../../helpers/engine.ts'
import { type HostilePath, startHostile } from '../../helpers/hostile-receiver.ts'
import {
  type Answer,
  type AnswerSource,
  type ReceivedRequest,
  receiver,
} from '../../helpers/receiver.ts'
import { type StartedProject, startProject } from '../../helpers/start-host.ts'

const secret = 'a-secret-of-this-test'
const cancelled: Answer = {
  status: 422,
  headers: { 'content-type': 'application/vnd.carabiner.errors.CancelEventError+json' },
  body: '{"reason":"too late","until":"3am"}',
}
const params = { component: 'web', amount: 7 }

/** A host with the adjuster and these webhooks. */
function startWith(
  webhooks: string,
  host = '',
  logLevel: 'silent' | 'info' = 'silent',
): Promise<StartedProject> {
  const yaml = `host: { store: "memory:"${host} }
connectors: { adjuster: ./adjuster.ts, webhooks: webhooks }
webhooks:
${webhooks.replaceAll(/^/gm, '  ')}
`
  return startProject(yaml, { logLevel })
}

function aWebhook(url: string, ...lines: readonly string[]): string {
  return [`- url: ${url}`, `  secret: ${secret}`, ...lines.map((line) => `  ${line}`)].join('\n')
}

function verifies(request: ReceivedRequest, scheme: string): boolean {
  const input = {
    header: (name: string) => request.headers[name],
    body: request.body,
    now: Math.floor(Date.now() / 1_000),
  }
  const { prepare, verify } = schemeNamed(scheme)
  return verify(input, [prepare(secret)]).kind === 'verified'
}

describe('before webhooks, over real HTTP', () => {
  it('ask with a signed request and let the event happen', async () => {
    await using endpoint = await receiver({ answers: [204] })
    await using project = await startWith(
      aWebhook(endpoint.url, 'events: before:adjust', 'headers: { X-Team: platform }'),
    )

    const outcome = await project.host.dispatch('adjust', params, {
      traceId: 'trace-7',
      actor: 'ada',
      depth: 2,
    })

    assert.equal(outcome.kind, 'completed')
    const [request] = endpoint.received
    assert.ok(request)
    const { headers } = request
    const body = JSON.parse(request.text)
    assert.ok(verifies(request, 'servo') && verifies(request, 'standard'))
    assert.equal(headers['content-type'], 'application/vnd.carabiner.before.adjust+json; version=1')
    assert.equal(headers['x-servo-event'], 'before:adjust')
    assert.equal(headers['x-team'], 'platform')
    assert.deepEqual([headers['x-trace-id'], headers['x-carabiner-depth']], ['trace-7', '3'])
    assert.deepEqual([headers['webhook-id'], headers['idempotency-key']], [body.id, body.id])
    assert.deepEqual([body.event, body.params, body.actor], ['before:adjust', params, 'ada'])
    assert.equal(body.dispatch_id, outcome.dispatchId)
  })

  it('cancel the event with their reason and reply', async () => {
    await using endpoint = await receiver({ answers: [cancelled] })
    await using project = await startWith(
      aWebhook(endpoint.url, 'name: gate', 'events: before:ad*'),
    )

    const outcome = await project.host.dispatch('adjust', params)

    assert.partialDeepStrictEqual(outcome, {
      kind: 'cancelled',
      by: 'webhooks/gate',
      reason: 'too late',
      details: {
        kind: 'veto',
        status: 422,
        host: new URL(endpoint.url).host,
        reply: { reason: 'too late', until: '3am' },
      },
    })
  })

  it('leave an audit row for every decision', async () => {
    await using endpoint = await receiver({ answers: [204] })
    await using project = await startWith(
      aWebhook(endpoint.url, 'name: gate', 'events: before:adjust'),
    )

    const { dispatchId } = await project.host.dispatch('adjust', params)

    const { rows } = await project.host.store.auditTrail({ action: 'decision.made' })
    assert.equal(rows.length, 1)
    assert.partialDeepStrictEqual(rows[0]?.details, {
      webhook: 'webhooks/gate',
      dispatch: dispatchId,
      outcome: 'allowed',
      tries: 1,
      status: 204,
    })
  })

  it('go on after a reload, whose assembly their audit rows name', async () => {
    await using endpoint = await receiver({ answers: [204] })
    await using project = await startWith(
      aWebhook(endpoint.url, 'name: gate', 'events: [before:adjust, after:adjust]'),
    )

    await project.host.reload(project.host.assembly, new Validator())
    const outcome = await project.host.dispatch('adjust', params)
    const [, told] = await endpoint.requests(2)

    const { rows } = await project.host.store.auditTrail({ action: 'decision.made' })
    assert.equal(outcome.kind, 'completed')
    assert.equal(told?.headers['x-servo-event'], 'after:adjust')
    assert.deepEqual(
      rows.map(({ details }) => details['generation']),
      [2],
    )
  })

  it('ask again when the endpoint is busy, and answer for a dead one', async () => {
    await using endpoint = await receiver({ answers: [503, 204] })
    await using project = await startWith(
      [
        aWebhook(endpoint.url, 'name: busy', 'events: before:adjust', 'backoff: { base: 10ms }'),
        aWebhook(
          'http://127.0.0.1:9/',
          'name: dead',
          'events: before:check',
          'backoff: { max_tries: 2, base: 10ms }',
        ),
      ].join('\n'),
    )

    const again = await project.host.dispatch('adjust', params)
    const dead = await project.host.dispatch('check', {})

    assert.equal(again.kind, 'completed')
    assert.equal(endpoint.received.length, 2)
    assert.partialDeepStrictEqual(dead, {
      kind: 'cancelled',
      details: { kind: 'error', error: 'connect', tries: 2 },
    })
  })

  it('hold an event no longer than its deadline, and then fail it', async () => {
    const never: AnswerSource = () => new Promise<Answer>(() => undefined)
    await using endpoint = await receiver({ answers: [never] })
    await using project = await startWith(
      aWebhook(endpoint.url, 'events: before:adjust', 'on_failure: allow'),
    )

    const outcome = await project.host.dispatch('adjust', params, { timeout: 0.3 })

    assert.partialDeepStrictEqual(outcome, { kind: 'failed', phase: 'before' })
    assert.ok(
      outcome.kind === 'failed' &&
        outcome.failures.some(({ code }) => code === 'DEADLINE_EXCEEDED'),
    )
  })

  it('are not asked in a dry run when asking has side effects', async () => {
    await using endpoint = await receiver({ answers: [204] })
    await using project = await startWith(
      [
        aWebhook(endpoint.url, 'name: pure', 'events: before:adjust'),
        aWebhook(endpoint.url, 'name: paid', 'events: before:adjust', 'side_effects: true'),
      ].join('\n'),
    )

    const outcome = await project.host.dispatch('adjust', params, { dryRun: true })

    assert.partialDeepStrictEqual(outcome, { kind: 'completed', unknown: ['webhooks/paid'] })
    assert.deepEqual(
      endpoint.received.map(({ text }) => JSON.parse(text).dry_run),
      [true],
    )
  })

  it('are only asked when the params match', async () => {
    await using endpoint = await receiver({ answers: [cancelled] })
    await using project = await startWith(
      aWebhook(
        endpoint.url,
        'events: before:adjust',
        'when: { properties: { amount: { minimum: 100 } } }',
      ),
    )

    const small = await project.host.dispatch('adjust', params)
    const large = await project.host.dispatch('adjust', { ...params, amount: 100 })

    assert.deepEqual([small.kind, large.kind], ['completed', 'cancelled'])
  })

  it('are asked at once: the first veto ends the wait, and the others are given up', async () => {
    const never: AnswerSource = () => new Promise<Answer>(() => undefined)
    await using slow = await receiver({ answers: [never] })
    await using quick = await receiver({ answers: [cancelled] })
    await using project = await startWith(
      [
        aWebhook(slow.url, 'name: slow', 'events: before:adjust'),
        aWebhook(quick.url, 'name: quick', 'events: before:adjust', 'on_failure: allow'),
      ].join('\n'),
    )

    const outcome = await project.host.dispatch('adjust', params, { timeout: 20 })

    assert.partialDeepStrictEqual(outcome, { kind: 'cancelled', by: 'webhooks/quick', also: [] })
    assert.ok(outcome.durationMs < 10_000)
  })

  it('ask nobody while the circuit is open, and say so', async () => {
    await using project = await startWith(
      aWebhook(
        'http://127.0.0.1:9/',
        'name: dead',
        'events: before:adjust',
        'backoff: false',
        'circuit_breaker: { failure_threshold: 1 }',
      ),
    )

    await project.host.dispatch('adjust', params)
    const second = await project.host.dispatch('adjust', params)

    assert.partialDeepStrictEqual(second, {
      kind: 'cancelled',
      reason: 'no decision from webhooks/dead: the circuit is open, nothing was sent',
      details: { kind: 'error', error: 'circuit', tries: 0 },
    })
  })

  it('ask nobody whom the egress guard refuses, and say why', async () => {
    await using endpoint = await receiver({ answers: [204] })
    await using project = await startWith(
      aWebhook(endpoint.url, 'name: inside', 'events: before:adjust'),
      ', egress: { default: guarded }',
      'info',
    )

    const outcome = await project.host.dispatch('adjust', params)

    assert.partialDeepStrictEqual(outcome, {
      kind: 'cancelled',
      reason: 'no decision from webhooks/inside: egress refused: 127.0.0.1 is loopback',
      details: { kind: 'error', error: 'egress', tries: 0 },
    })
    const told = project.logged.map((line) => JSON.parse(line))
    assert.partialDeepStrictEqual(
      told.find(({ path }) => path === 'webhooks[0].url'),
      { line: 4, msg: 'in the assembly: egress refused: 127.0.0.1 is loopback' },
    )
    assert.equal(endpoint.connections, 0)
  })

  it('read 256 KiB of a decision, and no more', async () => {
    const body = (bytes: number): Answer => ({
      headers: { 'content-type': 'text/plain' },
      body: 'x'.repeat(bytes),
    })
    await using endpoint = await receiver({ answers: [body(256 * 1024), body(256 * 1024 + 1)] })
    await using project = await startWith(
      aWebhook(endpoint.url, 'events: [before:adjust, after:check]'),
    )

    const fits = await project.host.dispatch('adjust', params)
    const tooMuch = await project.host.dispatch('adjust', params)

    assert.equal(fits.kind, 'completed')
    assert.partialDeepStrictEqual(tooMuch, {
      kind: 'cancelled',
      details: { kind: 'error', error: 'protocol' },
    })
    assert.equal(endpoint.received.length, 2)
  })
})

describe('before webhooks of hostile endpoints', () => {
  it('cancel with a veto whose body never comes, before the deadline fails the event', async () => {
    await using hostile = await startHostile()
    await using project = await startWith(
      aWebhook(hostile.at('/veto-then-hang').href, 'name: gate', 'events: before:adjust'),
    )

    const ask = () => project.host.dispatch('adjust', params, { timeout: 0.5 })
    let outcome = await ask()
    // The last look is 25 ms before the deadline: a busy machine may take longer than that, but not three times.
    for (let more = 2; more > 0 && outcome.kind === 'failed'; more -= 1) outcome = await ask()

    assert.partialDeepStrictEqual(outcome, {
      kind: 'cancelled',
      reason: 'cancelled by webhooks/gate without a readable reason',
    })
  })

  const paths: readonly HostilePath[] = [
    '/gzip-broken',
    '/gzip-cut-off',
    '/two-content-types',
    '/redirect',
    '/retry-after',
    '/veto-then-hang',
    '/hang',
    '/hang-after-head',
    '/drip',
    '/drip-head',
    '/endless',
    '/gzip-bomb',
    '/brotli-bomb',
    '/not-http',
    '/close',
    '/reset',
    '/reset-after-head',
    '/cut-off-length',
    '/cut-off-chunked',
    '/cut-off-head',
    '/stalled-body',
    '/status/503',
    '/status/404',
    '/status/205',
  ]

  for (const path of paths) {
    it(`never let ${path} through, and never wait for it beyond the deadline`, async () => {
      await using hostile = await startHostile()
      await using project = await startWith(
        aWebhook(hostile.at(path).href, 'events: before:adjust', 'backoff: { base: 10ms }'),
      )

      const started = performance.now()
      const outcome = await project.host.dispatch('adjust', params, { timeout: 0.4 })

      assert.notEqual(outcome.kind, 'completed')
      assert.ok(performance.now() - started < 5_000)
    })
  }
})

describe('after webhooks, over real HTTP', () => {
  it('are told once, signed, with params and results', async () => {
    await using endpoint = await receiver({ answers: [500, 200] })
    await using project = await startWith(
      aWebhook(
        endpoint.url,
        'events: after:adjust',
        'content_type: application/json',
        'backoff: { base: 10ms }',
      ),
    )

    const outcome = await project.host.dispatch('adjust', params)
    const [first, second] = await endpoint.requests(2)

    assert.equal(outcome.kind, 'completed')
    assert.ok(first && second)
    assert.ok(verifies(second, 'standard') && verifies(second, 'servo'))
    assert.equal(first.text, second.text)
    assert.equal(first.headers['webhook-id'], second.headers['webhook-id'])
    assert.equal(second.headers['content-type'], 'application/json')
    assert.equal(second.headers['x-carabiner-attempt'], '2')
    assert.partialDeepStrictEqual(JSON.parse(second.text), {
      event: 'after:adjust',
      dispatch_id: outcome.dispatchId,
      params,
      results: [{ connector: 'adjuster', value: { applied: 7 } }],
    })
  })

  it('are sent canonical JSON under pyfly, and every signature fits those bytes', async () => {
    await using endpoint = await receiver()
    await using project = await startWith(
      aWebhook(endpoint.url, 'events: after:adjust', 'signatures: [pyfly, axme, standard]'),
    )

    await project.host.dispatch('adjust', { component: 'größe', amount: 1e-7 })
    const [request] = await endpoint.requests(1)

    assert.ok(request)
    for (const scheme of ['pyfly', 'axme', 'standard']) assert.ok(verifies(request, scheme), scheme)
    assert.match(request.text, /^\{"actor":null,"created_at"/)
    assert.match(request.text, /"params":\{"amount":1e-07,"component":"gr\\u00f6\\u00dfe"\}/)
  })

  it('are dead at once when the egress guard refuses their address', async () => {
    await using endpoint = await receiver()
    await using project = await startWith(
      aWebhook(endpoint.url, 'events: after:adjust'),
      ', egress: { default: guarded, allow: [localhost] }',
    )

    const outcome = await project.host.dispatch('adjust', params)
    const settled = async () => (await project.host.store.deliveries({ state: 'dead' })).rows
    await eventually(async () => (await settled()).length === 1)

    assert.equal(outcome.kind, 'completed')
    assert.partialDeepStrictEqual(await settled(), [
      { attempts: 0, lastError: 'egress refused: 127.0.0.1 is loopback' },
    ])
    assert.equal(endpoint.connections, 0)
  })

  it('fail the dispatch when their body is over 1 MiB, naming both sizes', async () => {
    await using project = await startWith(aWebhook('http://127.0.0.1:9/', 'events: after:adjust'))

    const outcome = await project.host.dispatch('adjust', {
      component: 'x'.repeat(1_048_576),
      amount: 7,
    })

    assert.partialDeepStrictEqual(outcome, {
      kind: 'failed',
      phase: 'after',
      results: [{ connector: 'adjuster', value: { applied: 7 } }],
    })
    assert.ok(outcome.kind === 'failed')
    assert.partialDeepStrictEqual(outcome.failures, [{ code: 'DELIVERY_NOT_STORED' }])
    assert.match(
      outcome.failures[0]?.message ?? '',
      /^the body of `after:adjust` has \d{7} bytes, the limit is 1048576 \(host\.deliveries\.body_limit\)$/,
    )
    assert.deepEqual((await project.host.store.deliveries({})).rows, [])
  })

  it('are not told of an event that was cancelled', async () => {
    await using endpoint = await receiver()
    await using project = await startWith(aWebhook(endpoint.url, 'events: after:adjust'))

    const outcome = await project.host.dispatch('adjust', { ...params, amount: 513 })

    assert.equal(outcome.kind, 'cancelled')
    assert.deepEqual((await project.host.store.deliveries({})).rows, [])
  })

  it('keep the order of equal values', async () => {
    const seen: number[] = []
    const slowFirst: AnswerSource = async ({ text }) => {
      const { amount } = JSON.parse(text).params
      if (seen.push(amount) === 1) return 503
      return 200
    }
    await using endpoint = await receiver({ answers: [slowFirst] })
    await using project = await startWith(
      aWebhook(
        endpoint.url,
        'events: after:adjust',
        'ordered: /params/component',
        'backoff: { base: 20ms, max_tries: 5 }',
      ),
    )

    for (const amount of [1, 2, 3]) await project.host.dispatch('adjust', { ...params, amount })
    await endpoint.requests(4)

    assert.deepEqual(seen, [1, 1, 2, 3])
  })
})

describe('channel webhooks, over real HTTP', () => {
  const publisher = `import { defineConnector, defineEvent } from 'carabiner'
import { Type } from 'typebox'
export const say = defineEvent('say', { params: Type.Object({ text: Type.String() }) })
export default defineConnector({
  name: 'publisher',
  events: [say],
  setup({ on, publish }) {
    on(say, ({ params }) => publish('audit.said', { content: params.text, contentType: 'text/x-note' }))
  },
})
`
  const yaml = (webhooks: string): string => `host: { store: "memory:" }
connectors: { publisher: ./publisher.ts, webhooks: webhooks }
webhooks:
${webhooks.replaceAll(/^/gm, '  ')}
`

  it('post messages as they are, once', async () => {
    await using endpoint = await receiver()
    const webhook = aWebhook(endpoint.url, 'channels: [audit.*, "/audit.+/"]')
    await using project = await startProject(yaml(webhook), {
      files: { 'publisher.ts': publisher },
    })

    const outcome = await project.host.dispatch('say', { text: 'größe' })
    const [request] = await endpoint.requests(1)

    assert.equal(outcome.kind, 'completed')
    assert.ok(request && verifies(request, 'standard'))
    assert.deepEqual([request.text, request.headers['content-type']], ['größe', 'text/x-note'])
    assert.equal(request.headers['x-carabiner-channel'], 'audit.said')
    assert.equal((await project.host.store.deliveries({})).rows.length, 1)
  })

  it('tell who publishes that a message could not be stored', async () => {
    await using project = await startProject(
      yaml(aWebhook('http://127.0.0.1:9/', 'channels: audit.*')),
      { files: { 'publisher.ts': publisher } },
    )

    const outcome = await project.host.dispatch('say', { text: 'x'.repeat(1_048_577) })

    assert.partialDeepStrictEqual(outcome, { kind: 'failed', phase: 'on' })
    assert.ok(outcome.kind === 'failed')
    assert.match(
      outcome.failures[0]?.message ?? '',
      /^the body of `audit.said` has 1048577 bytes, the limit is 1048576 \(host\.deliveries\.body_limit\)$/,
    )
  })

  it('end a loop of replies that feed the webhook they answer', async () => {
    await using endpoint = await receiver({ answers: [{ body: 'again' }] })
    const webhook = aWebhook(
      endpoint.url,
      'channels: [audit.*, replies.*]',
      'response_channel: replies.all',
    )
    await using project = await startProject(yaml(webhook), {
      files: { 'publisher.ts': publisher },
      logLevel: 'info',
    })

    await project.host.dispatch('say', { text: 'first' })
    const requests = await endpoint.requests(16)

    assert.deepEqual(
      requests.map(({ headers }) => Number(headers['x-carabiner-depth'])),
      Array.from({ length: 16 }, (_, index) => index + 1),
    )
    assert.deepEqual(new Set(requests.slice(1).map(({ text }) => text)), new Set(['again']))
    assert.equal(new Set(requests.map(({ headers }) => headers['x-trace-id'])).size, 1)
  })
})
