import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import subscriptions from '../../../plugins/subscriptions/index.ts'
import { loadAssembly } from '../../../src/assembly/load-assembly.ts'
import type { Problem } from '../../../src/assembly/problem.ts'
import { Validator } from '../../../src/schema/validator.ts'
import { builtInFolder, projectFolder } from '../../helpers/start-host.ts'

async function load(stanza: string): ReturnType<typeof loadAssembly> {
  using folder = projectFolder({ 'carabiner.yaml': `subscriptions:\n${stanza}\n` })
  const validator = new Validator()
  return await loadAssembly(folder.file('carabiner.yaml'), { env: {}, builtInFolder, validator })
}

/** The problems of an assembly with this stanza. */
async function problemsOf(stanza: string): Promise<readonly Problem[]> {
  const loaded = await load(stanza)
  return loaded.kind === 'invalid' ? loaded.problems : []
}

describe('the stanza of subscriptions', () => {
  it('has the defaults of its page', async () => {
    const loaded = await load('  {}')

    assert.equal(loaded.kind, 'valid')
    const [connector] = loaded.assembly.connectors
    assert.deepEqual(connector?.config, {
      api_keys: [],
      event_types: [
        'inbox.thread_created',
        'inbox.thread_updated',
        'inbox.reply_received',
        'invite.accepted',
        'auth.session_revoked',
      ],
      intent_types: [],
      settle_wait: 0,
      require_secret: false,
      rate_limit: { count: 120, perMs: 60_000 },
      signatures: ['axme', 'standard'],
      retry: 'axme',
      egress: { default: 'guarded', allow: [], http: false, ports: [80, 443, 8443] },
      http: {
        timeout: 10_000,
        circuit_breaker: { failure_threshold: 5, recovery_timeout: 30_000 },
      },
      tenants: {},
    })
  })

  it('is what `carabiner generate` writes', async () => {
    assert.deepEqual(await problemsOf((subscriptions.example ?? '').replaceAll(/^/gm, '  ')), [])
  })

  for (const [wrong, path, message] of [
    ['api_keys: [{ owner: agent://a }]', 'subscriptions.api_keys[0].key', /./],
    ['api_keys: [{ key: short, owner: agent://a }]', 'subscriptions.api_keys[0].key', /./],
    [
      'api_keys: [{ key: long-enough-for-a-key, owner: a b c }]',
      'subscriptions.api_keys[0].owner',
      /./,
    ],
    [
      'api_keys: [{ key: long-enough-for-a-key, owner: abc, scopes: [write] }]',
      'subscriptions.api_keys[0].scopes[0]',
      /./,
    ],
    [
      'api_keys: [{ key: long-enough-for-a-key, owner: abc }, { key: long-enough-for-a-key, owner: def }]',
      'subscriptions.api_keys[1].key',
      /key 1 of the list is the same/,
    ],
    ['event_types: some', 'subscriptions.event_types', /./],
    ['event_types: [order.created, "order created"]', 'subscriptions.event_types[1]', /not a name/],
    ['event_types: { "9lives": {} }', 'subscriptions.event_types.9lives', /not a name/],
    [
      'event_types: { order.created: { schema: { type: objekt } } }',
      'subscriptions.event_types["order.created"].schema',
      /./,
    ],
    ['intent_types: [order]', 'subscriptions.intent_types[0]', /./],
    ['signatures: [axmee]', 'subscriptions.signatures[0]', /did you mean `axme`/],
    ['signatures: [axme, standard-v1a]', 'subscriptions.signatures[1]', /the same secret/],
    ['signatures: [token]', 'subscriptions.signatures[0]', /no signature scheme/],
    ['retry: often', 'subscriptions.retry', /./],
    ['retry: { max_tries: 0 }', 'subscriptions.retry.max_tries', /./],
    ['retry: { preset: axme, waits: [1s] }', 'subscriptions.retry.waits', /./],
    ['retry: { schedule: [1s], base: 2s }', 'subscriptions.retry.schedule', /different things/],
    ['retry: { schedule: [1s], max_tries: 3 }', 'subscriptions.retry.max_tries', /has 1/],
    ['rate_limit: 120', 'subscriptions.rate_limit', /./],
    ['egress: { allow: ["not a host"] }', 'subscriptions.egress.allow[0]', /host name/],
    ['egress: { ports: [0] }', 'subscriptions.egress.ports[0]', /./],
    ['settle_wait: -1s', 'subscriptions.settle_wait', /./],
    ['settlewait: 1s', 'subscriptions.settlewait', /./],
  ] as const) {
    it(`refuses \`${wrong}\` at its place`, async () => {
      const problems = await problemsOf(`  ${wrong}`)

      const found = problems.map((problem) => `${problem.path}: ${problem.message}`)
      const isFound = problems.some((each) => each.path === path && message.test(each.message))
      assert.ok(isFound, found.join('\n'))
      assert.equal(JSON.stringify(problems).includes('long-enough-for-a-key'), false)
    })
  }
})
