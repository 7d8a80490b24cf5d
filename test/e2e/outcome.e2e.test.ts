import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import type { Outcome } from 'carabiner'
import { carabiner } from '../helpers/cli.ts'
import { type Receiver, receiver } from '../helpers/receiver.ts'
import { type Answered, request } from '../helpers/served-host.ts'
import { type StartedProject, startProject } from '../helpers/start-host.ts'

const cancelType = 'application/vnd.carabiner.errors.CancelEventError+json'

/** An event whose component says what becomes of it. */
const fickle = `import { defineConnector, defineEvent } from 'carabiner'
import { Type } from 'typebox'

const adjust = defineEvent('adjust', {
  params: Type.Object({ component: Type.String(), amount: Type.Number({ minimum: 0 }) }),
  result: Type.Object({ applied: Type.Number() }),
})

export default defineConnector({
  name: 'fickle',
  events: [adjust],
  setup({ before, on, after }) {
    before(adjust, ({ params, cancel, warn }) => {
      warn('seen')
      if (params.component === 'forbidden') cancel('not today', { until: 3 })
      if (params.component === 'forbidden-plain') cancel('not today')
    })
    on(adjust, async ({ params, signal }) => {
      if (params.component === 'throws') throw new RangeError('out of ink')
      if (params.component === 'mismatch') return { applied: 'much' } as never
      if (params.component === 'hangs') await new Promise((resolve) => signal.addEventListener('abort', resolve))
      return { applied: params.amount }
    })
    after(adjust, ({ params }) => {
      if (params.component === 'after-throws') throw new Error('nobody reads this')
    })
  },
})
`

interface Case {
  readonly it: string
  readonly component: string
  readonly dryRun?: boolean
  /** What the outcome says beside ids, event, durations and the warning every dispatch has. */
  readonly expected: (receiver: Receiver) => Readonly<Record<string, unknown>>
  readonly status: number
  readonly error?: string
  readonly exit: number
}

const applied = [{ connector: 'fickle', value: { applied: 2 } }]
const seen = { source: 'fickle', message: 'seen' }

const cases: readonly Case[] = [
  {
    it: 'completed',
    component: 'web',
    expected: () => ({ kind: 'completed', results: applied, unknown: null, warnings: [seen] }),
    status: 200,
    exit: 0,
  },
  {
    it: 'completed though an after handler threw',
    component: 'after-throws',
    expected: () => ({
      kind: 'completed',
      results: applied,
      unknown: null,
      warnings: [seen, { source: 'fickle', message: 'nobody reads this' }],
    }),
    status: 200,
    exit: 0,
  },
  {
    it: 'completed dry, with who was not asked',
    component: 'web',
    dryRun: true,
    expected: () => ({
      kind: 'completed',
      results: [],
      unknown: ['webhooks/ticket'],
      warnings: [seen],
    }),
    status: 200,
    exit: 0,
  },
  {
    it: 'cancelled by a handler',
    component: 'forbidden',
    expected: () => ({
      kind: 'cancelled',
      by: 'fickle',
      reason: 'not today',
      details: { until: 3 },
      also: [],
      warnings: [seen],
    }),
    status: 409,
    error: 'EVENT_CANCELLED',
    exit: 3,
  },
  {
    it: 'cancelled without details',
    component: 'forbidden-plain',
    expected: () => ({
      kind: 'cancelled',
      by: 'fickle',
      reason: 'not today',
      details: null,
      also: [],
      warnings: [seen],
    }),
    status: 409,
    error: 'EVENT_CANCELLED',
    exit: 3,
  },
  {
    it: 'cancelled by the veto of a webhook',
    component: 'vetoed',
    expected: ({ url }) => ({
      kind: 'cancelled',
      by: 'webhooks/policy',
      reason: 'the office is closed',
      details: {
        kind: 'veto',
        status: 409,
        host: new URL(url).host,
        reply: { reason: 'the office is closed' },
      },
      also: [],
      warnings: [seen],
    }),
    status: 409,
    error: 'EVENT_CANCELLED',
    exit: 3,
  },
  {
    it: 'cancelled because a webhook gave no decision',
    component: 'undecided',
    expected: () => ({
      kind: 'cancelled',
      by: 'webhooks/broken',
      reason: "no decision from webhooks/broken: answered 418 I'm a Teapot",
      details: { kind: 'error', error: 'status', status: 418, tries: 1 },
      also: [],
      warnings: [seen],
    }),
    status: 409,
    error: 'EVENT_CANCELLED',
    exit: 3,
  },
  {
    it: 'failed by a handler that threw',
    component: 'throws',
    expected: () => ({
      kind: 'failed',
      phase: 'on',
      failures: [
        { connector: 'fickle', phase: 'on', code: 'HANDLER_FAILED', message: 'out of ink' },
      ],
      results: [],
      warnings: [seen],
    }),
    status: 500,
    error: 'EVENT_FAILED',
    exit: 1,
  },
  {
    it: 'failed by a result that does not match',
    component: 'mismatch',
    expected: () => ({
      kind: 'failed',
      phase: 'on',
      failures: [
        {
          connector: 'fickle',
          phase: 'on',
          code: 'RESULT_INVALID',
          message: "the result's /applied must be a number, is a string",
        },
      ],
      results: [],
      warnings: [seen],
    }),
    status: 500,
    error: 'EVENT_FAILED',
    exit: 1,
  },
  {
    it: 'failed by the deadline',
    component: 'hangs',
    expected: () => ({
      kind: 'failed',
      phase: 'on',
      failures: [
        {
          connector: 'fickle',
          phase: 'on',
          code: 'DEADLINE_EXCEEDED',
          message: 'the deadline of 1s was reached',
        },
      ],
      results: [],
      warnings: [seen],
    }),
    status: 504,
    error: 'DEADLINE_EXCEEDED',
    exit: 1,
  },
]

describe('the outcome of a dispatch', () => {
  let decider: Receiver
  let project: StartedProject

  before(async () => {
    decider = await receiver({ answers: [decide] })
    project = await startProject(assembly(decider.url), {
      files: { 'fickle.ts': fickle },
      listen: true,
    })
  })
  after(async () => {
    await project[Symbol.asyncDispose]()
    await decider[Symbol.asyncDispose]()
  })

  for (const each of cases) {
    const { component, dryRun = false, expected, status, error, exit } = each
    const params = { component, amount: 2 }

    it(`${each.it}: the object a TypeScript caller gets`, async () => {
      const outcome = await project.host.dispatch('adjust', params, {
        dryRun,
        traceId: 'trace-ts',
        timeout: '1s',
      })

      assertOutcome(withNulls(outcome), { ...expected(decider), dryRun, traceId: 'trace-ts' })
    })

    it(`${each.it}: the same field for field over HTTP, with status ${status}`, async () => {
      const response = await post(project, 'adjust', JSON.stringify(params), {
        'x-trace-id': 'trace-http',
        'x-timeout': '1s',
        ...(dryRun && { 'x-dry-run': 'true' }),
      })

      assert.equal(response.status, status)
      assert.equal(response.headers.get('x-trace-id'), 'trace-http')
      const { data, error: refusal } = response.json
      assert.equal(refusal?.['code'], error)
      assertOutcome(refusal?.['details'] ?? data ?? {}, {
        ...expected(decider),
        dryRun,
        traceId: 'trace-http',
      })
    })

    it(`${each.it}: the same field for field with --json, with exit code ${exit}`, async () => {
      const args = ['dispatch', 'adjust', '--params', JSON.stringify(params), '--timeout', '1s']
      const { code, out, err } = await carabiner(
        [
          ...args,
          '--wait',
          '0',
          '--json',
          '--log-level',
          'silent',
          ...(dryRun ? ['--dry-run'] : []),
        ],
        { cwd: project.folder.path },
      )

      assert.equal(code, exit, err)
      const outcome = JSON.parse(out)
      assertOutcome(outcome, { ...expected(decider), dryRun, traceId: outcome.dispatchId })
    })
  }
})

describe('a dispatch that is refused', () => {
  let project: StartedProject

  before(async () => {
    project = await startProject(assembly('http://127.0.0.1:9'), {
      files: { 'fickle.ts': fickle },
      listen: true,
    })
  })
  after(() => project[Symbol.asyncDispose]())

  const dispatchCli = (...args: readonly string[]) =>
    carabiner(['dispatch', ...args], { cwd: project.folder.path })

  it('is 422 with pointers, and exit code 1, when params do not match', async () => {
    const response = await post(project, 'adjust', '{"component":"web","amount":-1}')
    const { error } = response.json
    const cli = await dispatchCli('adjust', '--params', '{"component":"web","amount":-1}')

    assert.equal(response.status, 422)
    assert.equal(error?.['code'], 'EVENT_PARAMS_INVALID')
    assert.deepEqual(error?.['details']?.['errors'], [
      { pointer: '/amount', message: 'must be >= 0' },
    ])
    assert.equal(cli.code, 1)
    assert.match(cli.err, /\/amount must be >= 0/)
    await assert.rejects(project.host.dispatch('adjust', { component: 'web', amount: -1 }), {
      code: 'EVENT_PARAMS_INVALID',
    })
  })

  it('is 404, and exit code 2, when nobody knows the event', async () => {
    const response = await post(project, 'adjsut', '{}')
    const { error } = response.json
    const cli = await dispatchCli('adjsut')

    assert.equal(response.status, 404)
    assert.equal(error?.['code'], 'EVENT_UNKNOWN')
    assert.equal(cli.code, 2)
    assert.match(cli.err, /did you mean `adjust`/)
    await assert.rejects(project.host.dispatch('adjsut', {}), { code: 'EVENT_UNKNOWN' })
  })

  it('is 400, and exit code 2, when it is not JSON or an option is off', async () => {
    const broken = await post(project, 'adjust', '{"component":')
    const option = await post(project, 'adjust', '{}', { 'x-timeout': 'soon' })
    const dry = await post(project, 'adjust', '{}', { 'x-dry-run': 'yes' })

    for (const response of [broken, option, dry]) {
      assert.equal(response.status, 400)
      assert.equal(response.json['error']?.['code'], 'VALIDATION_ERROR')
    }
    assert.equal((await dispatchCli('adjust', '--params', '{"component":')).code, 2)
    assert.equal((await dispatchCli('adjust', '--timeout', 'soon')).code, 2)
    assert.equal((await dispatchCli('adjust', '--no-such-option')).code, 2)
    assert.equal((await dispatchCli()).code, 2)
  })

  it('never shows a stack, unless --log-level debug asks for it', async () => {
    const quiet = await dispatchCli('adjsut')
    const loud = await carabiner(['--log-level', 'debug', 'dispatch', 'adjsut'], {
      cwd: project.folder.path,
    })

    assert.doesNotMatch(quiet.err, /^\s+at /m)
    assert.match(loud.err, /^\s+at /m)
  })

  it('is exit code 1 when the store cannot be opened', async () => {
    await using broken = await startProject(assembly('http://127.0.0.1:9'), {
      files: {
        'fickle.ts': fickle,
        file: 'not a folder',
        'away.yaml': assembly('http://127.0.0.1:9').replace('memory:', 'sqlite:./file/store.db'),
      },
    })

    const { code, err } = await carabiner(
      ['--config', 'away.yaml', 'dispatch', 'adjust', '--params', '{"component":"web","amount":1}'],
      { cwd: broken.folder.path },
    )

    assert.equal(code, 1)
    assert.match(err, /error: .*store/)
    assert.doesNotMatch(err, /^\s+at /m)
  })
})

function assembly(deciderUrl: string): string {
  const hook = (name: string, component: string, more = ''): string => `
  - name: ${name}
    events: before:adjust
    url: ${deciderUrl}/${name}
    secret: a-secret-of-this-test
    backoff: false
    when: { properties: { component: { const: ${component} } } }
    ${more}`
  return `
host:
  store: 'memory:'
  server: { port: 0, allow_unauthenticated: true }
connectors: { fickle: ./fickle.ts, webhooks: webhooks }
webhooks:${hook('policy', 'vetoed')}${hook('broken', 'undecided')}${hook('ticket', 'web', 'side_effects: true')}
`
}

function decide({ path }: { readonly path: string }): {
  readonly status: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
} {
  switch (path) {
    case '/policy':
      return {
        status: 409,
        headers: { 'content-type': cancelType },
        body: '{"reason":"the office is closed"}',
      }
    case '/broken':
      return { status: 418 }
    default:
      return { status: 204 }
  }
}

function post(
  { url }: StartedProject,
  event: string,
  body: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<Answered> {
  return request(`${url}/api/v1/dispatch/${event}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body,
  })
}

/** What HTTP and `--json` make of it: an optional field that is not there is `null`. */
function withNulls(outcome: Outcome): Readonly<Record<string, unknown>> {
  switch (outcome.kind) {
    case 'completed':
      return { ...outcome, unknown: outcome.unknown ?? null }
    case 'cancelled':
      return { ...outcome, details: outcome.details ?? null }
    case 'failed':
    case 'parked':
      return { ...outcome }
  }
}

/** All fields and no other: ids and durations by their form, the rest by value. */
function assertOutcome(
  { dispatchId, durationMs, ...outcome }: Readonly<Record<string, unknown>>,
  expected: Readonly<Record<string, unknown>>,
): void {
  assert.match(
    String(dispatchId),
    /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}$/,
  )
  assert.equal(typeof durationMs, 'number')
  assert.deepEqual(outcome, { event: 'adjust', ...expected })
}
