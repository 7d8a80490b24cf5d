import assert from 'node:assert/strict'
import { existsSync, readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { commands } from '../../src/cli/commands.ts'
import { aMessageTo } from '../../src/store/contract/makers.ts'
import { openStore } from '../../src/store/open-store.ts'
import { carabiner, carabinerJson } from '../helpers/cli.ts'
import { receiver } from '../helpers/receiver.ts'
import { adjusterSource, projectFolder } from '../helpers/start-host.ts'

const assembly = `
host:
  store: sqlite:./data/x.db
  server: { management_key: key-key-key-key-key }
connectors: { adjuster: ./adjuster.ts, webhooks: webhooks }
webhooks:
  - { name: policy, events: before:adjust, url: 'http://127.0.0.1:9/p', secret: s3cr3t-s3cr3t, timeout: 2s, backoff: false }
  - { name: audit, events: after:adjust, url: 'http://127.0.0.1:9/a', secret: s3cr3t-s3cr3t }
`
const files = { 'carabiner.yaml': assembly, 'adjuster.ts': adjusterSource }

const checked = `import { defineConnector } from 'carabiner'
const check = (id, severity, run) => ({ id, name: 'The ' + id, severity, tags: [id], run, hint: 'look at ' + id })
export default defineConnector({
  name: 'checked',
  checks: [
    check('fine', 'common', () => true),
    check('soft', 'warning', () => false),
    check('hard', 'critical', () => { throw new Error('it is down') }),
    check('later', 'common', () => true),
  ],
  setup() {},
})
`
const withChecks = {
  'carabiner.yaml': "host: { store: 'memory:' }\nconnectors: [./checked.js]\n",
  'checked.js': checked,
}

describe('carabiner', () => {
  it('lists every command of its own in --help, on standard output', async () => {
    using folder = projectFolder({})

    const { code, out } = await carabiner(['--help'], { cwd: folder.path })

    assert.equal(code, 0)
    for (const name of Object.keys(commands)) assert.match(out, new RegExp(`^ +${name} `, 'm'))
  })

  it('prints its version', async () => {
    using folder = projectFolder({})
    const { version } = JSON.parse(
      readFileSync(new URL('../../package.json', import.meta.url), 'utf8'),
    )

    assert.equal((await carabiner(['version'], { cwd: folder.path })).out, `${version}\n`)
    assert.deepEqual((await carabinerJson(['version'], { cwd: folder.path })).json, { version })
  })

  for (const args of [
    ['frobnicate'],
    ['--frobnicate'],
    ['show', 'everything'],
    ['webhooks', 'nope'],
    ['adjuster', 'anything'],
    ['validate', 'one.yaml', 'two.yaml'],
    ['explain'],
    ['deliveries', 'list', '--state'],
    ['run', '--frobnicate'],
    ['--log-level', 'loud', 'version'],
  ]) {
    it(`exits 2 for \`${args.join(' ')}\``, async () => {
      using folder = projectFolder(files)

      const { code, out, err } = await carabiner(args, { cwd: folder.path })

      assert.equal(code, 2)
      assert.equal(out, '')
      assert.match(err, /unknown|expected|missing|brings no commands|Expected|invalid/)
    })
  }

  it('exits 2 where there is no assembly, and says how to get one', async () => {
    using folder = projectFolder({})

    for (const args of [
      ['validate'],
      ['run'],
      ['dispatch', 'x'],
      ['explain', 'x'],
      ['deliveries', 'list'],
    ]) {
      const { code, err } = await carabiner(args, { cwd: folder.path })
      assert.equal(code, 2, args.join(' '))
      assert.match(err, /carabiner init/)
    }
  })

  it('takes the assembly from --config, then CARABINER_CONFIG, then carabiner.yaml, then config/', async () => {
    const named = (name: string): string =>
      `host: { name: ${name}, store: 'memory:' }\nconnectors: []\n`
    using folder = projectFolder({
      'a.yaml': named('a'),
      'b.yaml': named('b'),
      'carabiner.yaml': named('c'),
      'config/carabiner.yaml': named('d'),
    })
    using other = projectFolder({ 'config/carabiner.yaml': named('e') })
    const cwd = folder.path
    const env = { CARABINER_CONFIG: 'b.yaml' }
    const name = ['config', 'host.name']

    assert.equal((await carabiner(['--config', 'a.yaml', ...name], { cwd, env })).out, 'a\n')
    assert.equal((await carabiner([...name, '--config=a.yaml'], { cwd, env })).out, 'a\n')
    assert.equal((await carabiner(name, { cwd, env })).out, 'b\n')
    assert.equal((await carabiner(name, { cwd })).out, 'c\n')
    assert.equal((await carabiner(name, { cwd: other.path })).out, 'e\n')
  })

  it('uses colour on a terminal only, and never with NO_COLOR or --no-color', async () => {
    using folder = projectFolder(files)
    const cwd = folder.path
    const csi = String.fromCharCode(27)
    const args = ['explain', 'adjust']

    assert.ok((await carabiner(args, { cwd, terminal: true })).out.includes(csi))
    assert.ok(!(await carabiner(args, { cwd })).out.includes(csi))
    const env = { NO_COLOR: '1' }
    assert.ok(!(await carabiner(args, { cwd, terminal: true, env })).out.includes(csi))
    assert.ok(
      !(await carabiner([...args, '--no-color'], { cwd, terminal: true })).out.includes(csi),
    )
  })

  it('shows where a connector failed with --log-level debug, and says so without', async () => {
    using folder = projectFolder({
      'carabiner.yaml': "host: { store: 'memory:' }\nconnectors: [./broken.js]\n",
      'broken.js': `import { defineConnector } from 'carabiner'
export default defineConnector({ name: 'broken', setup() { throw new TypeError('no luck') } })
`,
    })
    const args = ['explain', 'startup']

    const plain = await carabiner(args, { cwd: folder.path })
    const debug = await carabiner([...args, '--log-level', 'debug'], { cwd: folder.path })

    assert.equal(plain.code, 1)
    assert.match(plain.err, /did not start: no luck\n\(--log-level debug shows where\)\n$/)
    assert.match(debug.err, /caused by TypeError: no luck\n +at .*broken\.js/)
  })

  it('shows a stack trace with --log-level debug only', async () => {
    using folder = projectFolder(files)
    const args = ['explain', 'nope']

    assert.doesNotMatch((await carabiner(args, { cwd: folder.path })).err, /\n\s+at /)
    assert.match(
      (await carabiner([...args, '--log-level', 'debug'], { cwd: folder.path })).err,
      /\n\s+at /,
    )
  })
})

describe('carabiner validate', () => {
  it('says that a file is valid', async () => {
    using folder = projectFolder(files)

    const plain = await carabiner(['validate'], { cwd: folder.path })
    const { json } = await carabinerJson(['validate', 'carabiner.yaml'], { cwd: folder.path })

    assert.deepEqual(plain, { code: 0, out: 'valid: carabiner.yaml\n', err: '' })
    assert.deepEqual(json, { valid: true, problems: [] })
  })

  it('shows every problem with its place and excerpt on standard error, and exits 1', async () => {
    using folder = projectFolder({
      ...files,
      'bad.yaml': "host: { store: 'memory:', nmae: x }\nwebhoks: []\n",
    })

    const { code, out, err } = await carabiner(['validate', 'bad.yaml'], { cwd: folder.path })

    assert.equal(code, 1)
    assert.equal(out, '')
    assert.match(err, /^bad\.yaml:1:27: .*nmae/m)
    assert.match(err, /^bad\.yaml:2:1: .*webhoks/m)
    assert.match(err, /\^/)
    assert.match(err, /expected: /)
    assert.match(err, /2 problems/)
  })

  it('gives the problems as objects with --json', async () => {
    using folder = projectFolder({
      'bad.yaml': "host: { store: 'memory:', nmae: x }\nconnectors: []\n",
    })

    const { code, json } = await carabinerJson(['validate', 'bad.yaml'], { cwd: folder.path })

    assert.equal(code, 1)
    const { valid, problems } = json as { valid: boolean; problems: object[] }
    assert.equal(valid, false)
    assert.deepEqual(Object.keys(problems[0] ?? {}).toSorted(), [
      'column',
      'expected',
      'file',
      'line',
      'message',
      'path',
    ])
  })

  it('tells of a webhook whatever can be told, also when something it needs is missing', async () => {
    using folder = projectFolder({
      'carabiner.yaml': `host: { store: 'memory:' }
connectors: { webhooks: webhooks }
webhooks:
  - { name: a, events: before:starup, url: 'http://x.example', secret: '' }
  - { name: b, events: before:startup, secret: s3cr3t-s3cr3t, content_type: '?' }
  - { events: after:startup, url: 5, secret: s3cr3t-s3cr3t }
  - { events: after:startup, url: 6, secret: s3cr3t-s3cr3t }
`,
    })

    const { json } = await carabinerJson(['validate'], { cwd: folder.path })

    const { problems } = json as { problems: readonly { line: number; message: string }[] }
    assert.deepEqual(
      problems.map(({ line, message }) => `${line}: ${message}`),
      [
        '4: unknown event `starup`; did you mean `startup`?',
        '4: `secret` is empty',
        '5: `url` is missing',
        '5: not a media type',
        '6: `url` is a number',
        '7: `url` is a number',
      ],
    )
  })

  it('warns of every URL that host.egress refuses, at its line, and the file is valid', async () => {
    using folder = projectFolder({
      'adjuster.ts': adjusterSource,
      'carabiner.yaml': `host:
  store: sqlite:./x.db
  egress: { default: guarded, allow: [10.1.0.0/16], ports: [443] }
connectors: { adjuster: ./adjuster.ts, webhooks: webhooks, ingress: ingress, subscriptions: subscriptions, http-worker: http-worker }
webhooks:
  - { name: inside, events: before:adjust, url: 'https://10.0.0.5/', secret: s3cr3t-s3cr3t }
  - { name: known, events: after:adjust, url: 'https://10.1.0.5/', secret: s3cr3t-s3cr3t }
  - { name: public, events: after:adjust, url: 'https://example.com/', secret: s3cr3t-s3cr3t }
ingress:
  integrations:
    - { provider: acme, secret: s3cr3t-s3cr3t-s3cr3t, callback_url: 'https://localhost/' }
subscriptions:
  event_types: any
  tenants:
    one: [{ name: n, subscriptions: [{ event_type: '*', target_url: 'https://example.com:444/' }] }]
http-worker:
  - { event: adjust, url: 'https://169.254.169.254/', mode: sync }
`,
    })

    const plain = await carabiner(['validate'], { cwd: folder.path })
    const { code, json } = await carabinerJson(['validate'], { cwd: folder.path })

    assert.deepEqual([plain.code, plain.out], [0, 'valid: carabiner.yaml\n'])
    assert.deepEqual([code, json], [0, { valid: true, problems: [] }])
    const warnings = plain.err.split('\n').filter((line) => line.includes('warning: '))
    assert.deepEqual(warnings, [
      'carabiner.yaml:6:49: warning: egress refused: 10.0.0.5 is private',
      'carabiner.yaml:11:69: warning: egress refused: 127.0.0.1 is loopback',
      'carabiner.yaml:15:69: warning: egress refused: port 444 is not one of 443',
      'carabiner.yaml:17:27: warning: egress refused: 169.254.169.254 is cloud metadata',
    ])
    assert.match(plain.err, /\^/)
  })

  it('gives a sole reference the type that its key wants, false among words included', async () => {
    const backoff = (value: string) => `host: { store: 'memory:' }
connectors: { webhooks: webhooks }
webhooks:
  - name: a
    events: after:startup
    url: http://x.example
    secret: s3cr3t-s3cr3t
    backoff: ${value}
`
    const reference = (fallback: string) => `\${B:-${fallback}}`
    using folder = projectFolder({
      'false.yaml': backoff(reference('false')),
      'word.yaml': backoff(reference('gateway')),
      'quoted.yaml': backoff(`'${reference('false')}'`),
    })
    const validate = (file: string, env = {}) =>
      carabiner(['validate', file], { cwd: folder.path, env })

    assert.equal((await validate('false.yaml')).err, '')
    assert.equal((await validate('false.yaml', { B: 'gateway' })).err, '')
    assert.equal((await validate('word.yaml', { B: 'false' })).err, '')
    assert.match(
      (await validate('quoted.yaml')).err,
      /none of the values.*it comes from a variable/,
    )
    assert.match((await validate('false.yaml', { B: 'fals' })).err, /none of the values/)
  })

  it('names a folder that was meant to be a file', async () => {
    using folder = projectFolder({})

    const { code, err } = await carabiner(['validate', '.'], { cwd: folder.path })

    assert.equal(code, 1)
    assert.match(err, /^\.:1:1: the file cannot be read/)
  })

  it('exits 2 for a file that is missing', async () => {
    using folder = projectFolder({})

    const { code, err } = await carabiner(['validate', 'none.yaml'], { cwd: folder.path })

    assert.equal(code, 2)
    assert.match(err, /none\.yaml: no such file/)
  })
})

describe('carabiner config, schema, connectors, show', () => {
  it('prints the effective configuration with secrets masked', async () => {
    using folder = projectFolder(files)

    const { code, out } = await carabiner(['config'], { cwd: folder.path })
    const one = await carabiner(['config', 'host.server.port', '--format', 'json'], {
      cwd: folder.path,
    })
    const unknown = await carabiner(['config', 'host.sevrer'], { cwd: folder.path })

    assert.equal(code, 0)
    assert.match(out, /secret: ••••/)
    assert.match(out, /management_key: ••••/)
    assert.doesNotMatch(out, /s3cr3t|key-key/)
    assert.equal(one.out, '8484\n')
    assert.equal(unknown.code, 2)
  })

  it('prints the schema of the whole assembly and of one connector', async () => {
    using folder = projectFolder(files)

    const { json: whole } = await carabinerJson(['schema'], { cwd: folder.path })
    const { json: one } = await carabinerJson(['schema', 'adjuster'], { cwd: folder.path })
    const unknown = await carabiner(['schema', 'nope'], { cwd: folder.path })

    const { properties } = whole as { properties: Record<string, unknown> }
    assert.ok(['host', 'connectors', 'adjuster', 'webhooks'].every((key) => key in properties))
    assert.match(JSON.stringify(one), /"limit"/)
    assert.equal(unknown.code, 2)
  })

  it('lists what is installed without an assembly too', async () => {
    using folder = projectFolder({})

    const { json } = await carabinerJson(['connectors'], { cwd: folder.path })

    assert.ok((json as { id: string }[]).some(({ id }) => id === 'webhooks'))
  })

  it('lists events, connectors and handlers', async () => {
    using folder = projectFolder(files)
    const cwd = folder.path
    const names = async (what: string, key: string): Promise<unknown[]> => {
      const { json } = await carabinerJson(['show', what], { cwd })
      return (json as Record<string, unknown>[]).map((row) => row[key])
    }

    assert.deepEqual(await names('events', 'name'), [
      'startup',
      'check',
      'deliveries.redeliver',
      'shutdown',
      'adjust',
    ])
    assert.deepEqual(await names('connectors', 'id'), ['adjuster', 'webhooks'])
    assert.deepEqual(await names('handlers', 'phase'), ['on', 'before', 'before', 'on', 'after'])
  })
})

describe('carabiner check', () => {
  it('runs the checks, skips what follows a critical failure, and exits 1 unless ready', async () => {
    using folder = projectFolder(withChecks)

    const { code, json, err } = await carabinerJson(['check'], { cwd: folder.path })

    assert.equal(code, 1)
    const rows = json as { id: string; status: string; message: string | null }[]
    assert.deepEqual(
      rows.map(({ id, status }) => [id, status]),
      [
        ['host.endpoints', 'passed'],
        ['checked.fine', 'passed'],
        ['checked.soft', 'failed'],
        ['checked.hard', 'failed'],
        ['checked.later', 'skipped'],
      ],
    )
    assert.equal(rows[3]?.message, 'it is down')
    assert.match(err, /look at hard/)
  })

  it('warns of deliveries whose endpoint is not in the assembly, and lists why they wait', async () => {
    using folder = projectFolder(files)
    const cwd = folder.path
    {
      await using store = await openStore(`sqlite:${folder.file('data/x.db')}`)
      const gone = ['webhooks/old', 'webhooks/old', 'webhooks/older', 'webhooks/audit']
      await store.enqueue(gone.map((endpoint) => aMessageTo({ endpoint, dueAt: Date.now() })))
      await store.updateEndpoint('webhooks/old', { missingSince: Date.now() })
    }

    const { code, json } = await carabinerJson(['check', '--id', 'host.endpoints'], { cwd })
    const listed = await carabinerJson(['deliveries', 'list', '--endpoint', 'webhooks/old'], {
      cwd,
    })

    assert.equal(code, 0)
    const [{ status, severity, message }] = json as [Record<string, string>]
    assert.deepEqual([status, severity], ['failed', 'warning'])
    assert.match(String(message), /: webhooks\/old \(2\), webhooks\/older \(1\)$/)
    const reasons = (listed.json as { lastError: string }[]).map(({ lastError }) => lastError)
    assert.deepEqual(reasons, Array(2).fill('endpoint not in the assembly'))
  })

  it('is ready when only a warning failed', async () => {
    using folder = projectFolder(withChecks)
    const cwd = folder.path

    assert.equal(
      (await carabiner(['check', '--id', 'soft', '--id', 'checked.fine'], { cwd })).code,
      0,
    )
    assert.equal((await carabiner(['check', '--tag', 'soft'], { cwd })).code, 0)
    assert.equal((await carabiner(['check', '--tag', 'hard'], { cwd })).code, 1)
  })

  for (const [option, value] of [
    ['--connector', 'nope'],
    ['--id', 'nope'],
    ['--id', 'host.fine'],
    ['--tag', 'nope'],
    ['--wait', 'soon'],
  ] as const) {
    it(`exits 2 for ${option} ${value}: checking nothing is no success`, async () => {
      using folder = projectFolder(withChecks)

      const { code, out, err } = await carabiner(['check', option, value], { cwd: folder.path })

      assert.deepEqual([code, out], [2, ''])
      assert.match(err, /expected/)
    })
  }

  it('has checks of the host itself', async () => {
    using folder = projectFolder(withChecks)

    const { json } = await carabinerJson(['check', '--connector', 'host'], { cwd: folder.path })

    assert.deepEqual(
      (json as { id: string }[]).map(({ id }) => id),
      ['host.endpoints'],
    )
  })
})

describe('carabiner deliveries and audit', () => {
  it('lists, shows, cancels and redelivers', async () => {
    await using endpoint = await receiver()
    const yaml = assembly
      .replace('http://127.0.0.1:9/a', endpoint.url)
      .replace(/^.*name: policy.*$/m, '')
    using folder = projectFolder({ ...files, 'carabiner.yaml': yaml })
    const cwd = folder.path
    const adjust = ['dispatch', 'adjust', '--params', '{"component":"web","amount":1}']
    await carabiner(adjust, { cwd })
    await carabiner([...adjust, '--wait', '0'], { cwd })

    const { json } = await carabinerJson(['deliveries', 'list'], { cwd })
    const [waiting, delivered] = json as { id: string; state: string }[]
    assert.deepEqual([waiting?.state, delivered?.state], ['pending', 'delivered'])
    const { json: dead } = await carabinerJson(['deliveries', 'list', '--state', 'dead'], { cwd })
    assert.deepEqual(dead, [])

    const shown = await carabinerJson(['deliveries', 'show', String(delivered?.id)], { cwd })
    const { attempts } = shown.json as { attempts: { status: number; outcome: string }[] }
    assert.deepEqual([attempts[0]?.status, attempts[0]?.outcome], [200, 'delivered'])
    assert.match(
      (await carabiner(['deliveries', 'show', String(delivered?.id)], { cwd })).out,
      /delivered/,
    )

    assert.equal((await carabiner(['deliveries', 'cancel', String(waiting?.id)], { cwd })).code, 0)
    assert.equal((await carabiner(['deliveries', 'cancel', String(waiting?.id)], { cwd })).code, 1)
    const again = await carabinerJson(['deliveries', 'redeliver', String(delivered?.id)], { cwd })
    assert.equal(again.code, 0)
    const { json: audit } = await carabinerJson(
      ['audit', 'list', '--action', 'delivery.redelivered'],
      { cwd },
    )
    assert.equal((audit as { entityId: string }[])[0]?.entityId, delivered?.id)
    const { json: cancelled } = await carabinerJson(
      ['audit', 'list', '--action', 'delivery.cancelled'],
      { cwd },
    )
    assert.ok(Array.isArray(cancelled) && cancelled.length === 1)
    const row = { entityType: 'delivery', entityId: waiting?.id, actor: 'cli' }
    assert.partialDeepStrictEqual(cancelled, [{ ...row, details: { endpoint: 'webhooks/audit' } }])
  })

  it('exits 2 for a delivery, state or time that is none', async () => {
    using folder = projectFolder(files)
    const cwd = folder.path

    for (const args of [
      ['show', 'nope'],
      ['cancel', 'nope'],
      ['redeliver', 'nope'],
      ['list', '--state', 'lost'],
      ['list', '--limit', '0'],
      ['list', '--limit', '1e3'],
      ['list', '--from', 'yesterday'],
      ['list', '--from', '2026-02-30'],
      ['list', '--from', '2026-01-01T12:00'],
      ['list', '--from', '2026-01-02', '--to', '2026-01-01'],
    ]) {
      const { code, err } = await carabiner(['deliveries', ...args], { cwd })
      assert.equal(code, 2, args.join(' '))
      assert.match(err, /expected|no delivery/)
    }
  })

  it('says that memory: has no rows to show', async () => {
    using folder = projectFolder({
      ...files,
      'carabiner.yaml': "host: { store: 'memory:' }\nconnectors: []\n",
    })

    for (const args of [
      ['deliveries', 'list'],
      ['audit', 'list'],
    ]) {
      const { code, err } = await carabiner(args, { cwd: folder.path })
      assert.equal(code, 1)
      assert.match(err, /the memory: store ends with its process; use sqlite: or postgres:/)
    }
  })
})

describe('carabiner init', () => {
  it('writes a project that validates, passes its own test and dispatches, with secrets only its owner can read', async () => {
    using folder = projectFolder({})
    const cwd = folder.path

    const { code, out } = await carabiner(['init', 'mine'], { cwd })

    assert.equal(code, 0)
    assert.match(out, /carabiner run/)
    const mine = { cwd: folder.file('mine') }
    assert.equal((await carabiner(['validate'], mine)).err, '')
    assert.equal(
      (await carabiner(['dispatch', 'greet', '--params', '{"name":"Ada"}', '--wait', '0'], mine))
        .code,
      0,
    )
    const env = readFileSync(folder.file('mine/.env'), 'utf8')
    assert.match(env, /^MANAGEMENT_KEY=.{16,}$/m)
    assert.match(env, /^WEBHOOK_SECRET=whsec_.{20,}$/m)
    assert.equal((await import('node:fs')).statSync(folder.file('mine/.env')).mode & 0o777, 0o600)
    assert.ok(existsSync(folder.file('mine/carabiner.schema.json')))
  })

  it('asks before it overwrites, and writes nothing when told not to', async () => {
    using folder = projectFolder({ 'carabiner.yaml': 'mine' })
    const cwd = folder.path
    const text = (): string => readFileSync(folder.file('carabiner.yaml'), 'utf8')

    assert.equal((await carabiner(['init'], { cwd, answer: 'n' })).code, 1)
    assert.equal((await carabiner(['init'], { cwd })).code, 2)
    assert.equal(text(), 'mine')
    assert.equal((await carabiner(['init'], { cwd, answer: 'y' })).code, 0)
    assert.notEqual(text(), 'mine')
    assert.equal((await carabiner(['init', '--yes'], { cwd })).code, 0)
  })

  for (const place of ['/proc/carabiner/here', '/dev/null/here']) {
    it(`says that nothing can be written at ${place}`, async () => {
      using folder = projectFolder({})

      const { code, err } = await carabiner(['init', place], { cwd: folder.path })

      assert.equal(code, 2)
      assert.match(err, /^error: cannot write \/(proc|dev)\/.*carabiner\.yaml: E[A-Z]+: /)
    })
  }
})

describe('commands of a connector', () => {
  it('run without an assembly, or with an invalid one, when they need none', async () => {
    using nothing = projectFolder({})
    using invalid = projectFolder({ 'carabiner.yaml': 'webhooks: nonsense\n' })
    const verify = ['webhooks', 'verify', '--secret', 's3cr3t-s3cr3t', '--body', '{}']

    for (const { path: cwd } of [nothing, invalid]) {
      const { code, out, err } = await carabiner(verify, { cwd })
      assert.equal(code, 1)
      assert.match(out, /standard/)
      assert.equal(err, '')
    }
  })

  it('say what is missing when they need an assembly', async () => {
    using nothing = projectFolder({})
    using invalid = projectFolder({ 'carabiner.yaml': 'webhooks: nonsense\n' })
    using other = projectFolder({
      'carabiner.yaml': "host: { store: 'memory:' }\nconnectors: []\n",
    })
    const list = (cwd: string): ReturnType<typeof carabiner> =>
      carabiner(['webhooks', 'list'], { cwd })

    assert.partialDeepStrictEqual(await list(nothing.path), { code: 2, out: '' })
    const refused = await list(invalid.path)
    assert.equal(refused.code, 1)
    assert.match(refused.err, /carabiner\.yaml:1:/)
    const absent = await list(other.path)
    assert.equal(absent.code, 2)
    assert.match(absent.err, /`webhooks` is not in the assembly/)
  })
})
