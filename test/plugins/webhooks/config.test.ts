import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { example } from '../../../plugins/webhooks/example.ts'
import { loadAssembly } from '../../../src/assembly/load-assembly.ts'
import type { Problem } from '../../../src/assembly/problem.ts'
import { Validator } from '../../../src/schema/validator.ts'
import { makeCertificate } from '../../helpers/certificate.ts'
import { adjusterSource, builtInFolder, projectFolder } from '../../helpers/start-host.ts'

const start = `connectors:
  adjuster: ./adjuster.ts
  webhooks: webhooks
webhooks:
`

/** The problems of an assembly with these webhooks, written as YAML. */
async function problemsOf(webhooks: string): Promise<readonly Problem[]> {
  using folder = projectFolder({
    'adjuster.ts': adjusterSource,
    'carabiner.yaml': start + webhooks,
  })
  const validator = new Validator()
  const loaded = await loadAssembly(folder.file('carabiner.yaml'), {
    env: {},
    builtInFolder,
    validator,
  })
  return loaded.kind === 'invalid' ? loaded.problems : []
}

/** One webhook with these lines, and a URL, a secret and an event unless a line says otherwise. */
function webhook(...lines: readonly string[]): string {
  const given = (key: string): boolean => lines.some((line) => line.startsWith(`${key}:`))
  const all = [
    ...lines,
    ...(given('url') ? [] : ['url: https://example.com/hook']),
    ...(given('secret') ? [] : ['secret: s3cr3t']),
    ...(given('events') || given('channels') ? [] : ['events: before:adjust']),
  ]
  return all.map((line, index) => `${index === 0 ? '  - ' : '    '}${line}\n`).join('')
}

const certificate = makeCertificate()
const other = makeCertificate()

const wrongTls: readonly (readonly [string, string, RegExp])[] = [
  ['{}', 'webhooks[0].tls', /./],
  ['{ cert: nothing }', 'webhooks[0].tls.cert', /without its key/],
  ['{ key: nothing }', 'webhooks[0].tls.key', /without its certificate/],
  ['{ passphrase: nothing }', 'webhooks[0].tls.passphrase', /without a key/],
  ['{ ca: nothing }', 'webhooks[0].tls.ca', /not a PEM text/],
  ['{ ca: "-----BEGIN CERTIFICATE-----" }', 'webhooks[0].tls.ca', /cannot be read/],
  ['{ server_name: 127.0.0.1 }', 'webhooks[0].tls.server_name', /./],
  [
    `{ cert: ${JSON.stringify(certificate.cert)}, key: x }`,
    'webhooks[0].tls.key',
    /not a PEM text/,
  ],
  [
    `{ cert: ${JSON.stringify(certificate.cert)}, key: ${JSON.stringify(other.key)} }`,
    'webhooks[0].tls.key',
    /not the key of the certificate/,
  ],
]

describe('a webhook in the assembly', () => {
  const good: readonly (readonly string[])[] = [
    ['name: a', 'events: [before:adjust, after:adjust]', 'on_failure: allow', 'rate: 50/s'],
    ['events: after:*', 'ordered: /params/component'],
    ['events: [before:ad*, after:st*p]'],
    ['channels: audit.*', 'response_channel: replies', 'ordered: true', 'rate: false'],
    ['channels: [a.b, /x.+/]', 'signatures: [standard]', 'secret: [one, two]'],
    ['headers: { x-team: platform }'],
    ['headers: [{ name: x-team, value: platform }]'],
    ['backoff: false'],
    ['backoff: gateway', 'events: after:adjust'],
    ['backoff: { schedule: [1s, 2s], max_time: 10s, jitter: 0.2 }'],
    ['backoff: { preset: pyfly, max_tries: 3 }'],
    ['when: { properties: { amount: { minimum: 1000 } }, required: [amount] }'],
    ['circuit_breaker: { failure_threshold: 5, recovery_timeout: 30s, count_5xx: false }'],
    [
      'timeout: 1.5',
      'reply_limit: 64KiB',
      'content_type: application/vnd.opsani.servo-webhooks+json',
    ],
    ['mode: shadow', 'side_effects: true', 'description: asks'],
    ['signatures: [standard-v1a]', 'secret: whsk_nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A='],
  ]
  it('may show a client certificate, out of files', async () => {
    using folder = projectFolder({
      'adjuster.ts': adjusterSource,
      'client.pem': certificate.cert,
      'client-key.pem': certificate.key,
      'carabiner.yaml':
        start +
        webhook('tls: { cert: !file client.pem, key: !file client-key.pem, server_name: a.test }'),
    })

    const loaded = await loadAssembly(folder.file('carabiner.yaml'), {
      env: {},
      builtInFolder,
      validator: new Validator(),
    })

    assert.equal(loaded.kind, 'valid')
    const text = loaded.kind === 'valid' ? loaded.assembly.redactor.text(certificate.key) : ''
    assert.equal(text.trim(), '••••')
  })

  for (const [tls, path, message] of wrongTls) {
    it(`may not say tls: ${tls.slice(0, 40)}`, async () => {
      const [problem] = await problemsOf(webhook(`tls: ${tls}`))

      assert.equal(problem?.path, path)
      assert.match(problem?.message ?? '', message)
    })
  }

  it('has no use for tls on http', async () => {
    const problems = await problemsOf(
      webhook('url: http://a.test/', 'tls: { server_name: b.test }'),
    )

    assert.deepEqual(
      problems.map(({ message }) => message),
      ['`tls` has no effect on http'],
    )
  })

  for (const lines of good) {
    it(`may say ${lines.join('; ')}`, async () => {
      assert.deepEqual(await problemsOf(webhook(...lines)), [])
    })
  }

  const bad: readonly (readonly [lines: readonly string[], path: string, message: RegExp])[] = [
    [
      ['events: before:ajust'],
      'webhooks[0].events',
      /unknown event `ajust`; did you mean `adjust`\?/,
    ],
    [
      ['events: [after:adjust, before:nothing]'],
      'webhooks[0].events[1]',
      /unknown event `nothing`/,
    ],
    [['events: on:adjust'], 'webhooks[0].events', /is the on phase/],
    [['events: adjust'], 'webhooks[0].events', /is the on phase/],
    [['events: BEFORE:adjust'], 'webhooks[0].events', /the phase is written `before`/],
    [['events: "before:"'], 'webhooks[0].events', /no event after/],
    [['events: before:adjust:now'], 'webhooks[0].events', /more than one/],
    [['events: after:order.*'], 'webhooks[0].events', /matches no event/],
    [['events: "after:[a-z]*"'], 'webhooks[0].events', /is not a glob/],
    [['events: "after:**x"'], 'webhooks[0].events', /matches no event/],
    [['events: "on:*"'], 'webhooks[0].events', /not a hook/],
    [['events: []'], 'webhooks[0].events', /empty/],
    [['events: [after:adjust, after:adjust]'], 'webhooks[0].events', /./],
    [['channels: "orders.["'], 'webhooks[0].channels', /channel name/],
    [['channels: "orders.[*"'], 'webhooks[0].channels', /cannot stand in a glob/],
    [['channels: [a.b, "/(/"]'], 'webhooks[0].channels[1]', /./],
    [['channels: "/(a+)+/"'], 'webhooks[0].channels', /./],
    [
      ['channels: a.b', 'response_channel: "b.*"'],
      'webhooks[0].response_channel',
      /not the name of one/,
    ],
    [['channels: [a.b]', 'response_channel: "-"'], 'webhooks[0].response_channel', /channel name/],
    [['url: ftp://example.com/x'], 'webhooks[0].url', /not http or https/],
    [['url: example.com'], 'webhooks[0].url', /not a URL/],
    [['url: https://user:pass@example.com/'], 'webhooks[0].url', /user name or password/],
    [['secret: ""'], 'webhooks[0].secret', /./],
    [['secret: [good, ""]'], 'webhooks[0].secret[1]', /./],
    [['secret: whsec_short'], 'webhooks[0].secret', /./],
    [['signatures: [standart]'], 'webhooks[0].signatures[0]', /did you mean `standard`/],
    [['signatures: [twilio]'], 'webhooks[0].signatures[0]', /no signature scheme/],
    [['signatures: [standard-v1a]'], 'webhooks[0].secret', /whsk_/],
    [
      ['headers: { Webhook-Signature: v1 }'],
      'webhooks[0].headers.Webhook-Signature',
      /set by the host/,
    ],
    [
      ['headers: { X-Servo-Signature: x }'],
      'webhooks[0].headers.X-Servo-Signature',
      /set by the host/,
    ],
    [
      ['headers: { x-carabiner-depth: "0" }'],
      'webhooks[0].headers.x-carabiner-depth',
      /set by the host/,
    ],
    [['headers: { Content-Type: text/plain }'], 'webhooks[0].headers.Content-Type', /content_type/],
    [['headers: { Host: other }'], 'webhooks[0].headers.Host', /HTTP connection/],
    [['headers: { "x y": z }'], 'webhooks[0].headers["x y"]', /not a header name/],
    [['headers: { x-y: "a\\r\\nx-admin: 1" }'], 'webhooks[0].headers.x-y', /no header may/],
    [['headers: [{ name: x-y, value: "a\\0b" }]'], 'webhooks[0].headers[0].value', /no header may/],
    [['headers: { x-y: a, X-Y: b }'], 'webhooks[0].headers.X-Y', /stands twice/],
    [['content_type: json'], 'webhooks[0].content_type', /not a media type/],
    [['events: after:adjust', 'ordered: params/id'], 'webhooks[0].ordered', /begins with/],
    [['events: after:adjust', 'ordered: /a~2'], 'webhooks[0].ordered', /~0/],
    [['when: { type: nothing }'], 'webhooks[0].when', /./],
    [['when: { propertys: {} }'], 'webhooks[0].when', /propertys/],
    [['backoff: { schedule: [1s], base: 2s }'], 'webhooks[0].backoff.schedule', /different things/],
    [['backoff: { schedule: [1s], max_tries: 3 }'], 'webhooks[0].backoff.max_tries', /has 1/],
    [['backoff: fast'], 'webhooks[0].backoff', /./],
    [['backoff: { max_tries: 0 }'], 'webhooks[0].backoff.max_tries', /./],
    [
      ['backoff: { retry_on: all }'],
      'webhooks[0].backoff.retry_on',
      /for after events and channels/,
    ],
    [['rate: 5/s'], 'webhooks[0].rate', /for after events and channels/],
    [['ordered: true'], 'webhooks[0].ordered', /for after events and channels/],
    [
      ['response_channel: replies'],
      'webhooks[0].response_channel',
      /for after events and channels/,
    ],
    [['events: after:adjust', 'on_failure: allow'], 'webhooks[0].on_failure', /for before events/],
    [['events: after:adjust', 'mode: warn'], 'webhooks[0].mode', /for before events/],
    [
      ['events: after:adjust', 'side_effects: true'],
      'webhooks[0].side_effects',
      /for before events/,
    ],
    [['channels: a.b', 'when: { type: object }'], 'webhooks[0].when', /for events/],
    [['channels: a.b', 'content_type: text/plain'], 'webhooks[0].content_type', /for events/],
    [['decision: later'], 'webhooks[0].decision', /./],
    [['expires: 1h'], 'webhooks[0].expires', /`decision` is `reply`/],
    [['decision: reply', 'expires: 1h'], 'webhooks[0].expires', /`decision` is `reply`/],
    [['events: after:adjust', 'decision: callback'], 'webhooks[0].decision', /for before events/],
    [['events: after:adjust', 'expires: 1h'], 'webhooks[0].expires', /for before events/],
    [['timeout: 5 s'], 'webhooks[0].timeout', /./],
    [['timeout: 0'], 'webhooks[0].timeout', /./],
    [['concurrency: 0'], 'webhooks[0].concurrency', /./],
    [['name: "a b"'], 'webhooks[0].name', /./],
    [['name: a/b'], 'webhooks[0].name', /./],
    [['mode: dry'], 'webhooks[0].mode', /./],
  ]
  for (const [lines, path, message] of bad) {
    it(`may not say ${lines.join('; ')}`, async () => {
      const problems = await problemsOf(webhook(...lines))

      assert.deepEqual(
        problems.map((problem) => problem.path),
        [path],
        JSON.stringify(problems),
      )
      assert.match(problems[0]?.message ?? '', message)
      assert.ok((problems[0]?.expected ?? '') !== '')
    })
  }

  it('has events or channels', async () => {
    const [problem] = await problemsOf('  - url: https://example.com\n    secret: s\n')

    assert.match(problem?.message ?? '', /without events and without channels/)
    assert.equal(problem?.line, 5)
  })

  it('has a name of its own, also when the name is made from its first event', async () => {
    const twice = webhook('timeout: 1s') + webhook('timeout: 2s')
    const named = webhook('name: a') + webhook('name: b') + webhook('name: a', 'url: http://x/')

    const [made] = await problemsOf(twice)
    const [given] = await problemsOf(named)

    assert.match(made?.message ?? '', /`before:adjust@example.com` already/)
    assert.equal(given?.path, 'webhooks[2].name')
  })

  it('is refused with all its problems at once', async () => {
    const problems = await problemsOf(
      webhook('events: before:nothing', 'url: ftp://x', 'ordered: true', 'headers: { host: x }'),
    )

    assert.deepEqual(problems.map(({ path }) => path).toSorted(), [
      'webhooks[0].events',
      'webhooks[0].headers.host',
      'webhooks[0].ordered',
      'webhooks[0].url',
    ])
  })

  it('is given by `carabiner generate` as a stanza that loads', async () => {
    const stanza = example.replaceAll(/^/gm, '  ')

    assert.deepEqual(await problemsOf(stanza), [])
  })

  it('may be missing altogether', async () => {
    assert.deepEqual(await problemsOf('  []\n'), [])
  })
})

describe('a webhook whose decisions are left to callbacks', () => {
  const desk = `import { defineConnector } from 'carabiner'
export default defineConnector({ name: 'desk', servesCallbacks: true, setup() {} })
`
  const publicUrl = 'server: { public_url: "https://hooks.example.com" }'

  /** The problems of an approval with these lines, on a host that has everything it takes, or not. */
  async function problemsOfApproval(
    lines: readonly string[],
    host: { readonly stanza?: string; readonly connectors?: string } = {},
  ): Promise<readonly Problem[]> {
    const { stanza = publicUrl, connectors = 'adjuster: ./adjuster.ts, desk: ./desk.ts' } = host
    using folder = projectFolder({
      'adjuster.ts': adjusterSource,
      'desk.ts': desk,
      'carabiner.yaml': `host: { ${stanza} }
connectors: { ${connectors}, webhooks: webhooks }
webhooks:
${webhook('decision: callback', ...lines)}`,
    })
    const options = { env: {}, builtInFolder, validator: new Validator() }
    const loaded = await loadAssembly(folder.file('carabiner.yaml'), options)
    return loaded.kind === 'invalid' ? loaded.problems : []
  }

  for (const lines of [
    [],
    ['expires: 30d'],
    ['expires: 1h', 'mode: warn', 'on_failure: allow'],
    ['mode: off'],
    ['events: [before:ad*, after:*]', 'rate: 5/s'],
    ['side_effects: true', 'backoff: false', 'timeout: 1s'],
  ]) {
    it(`may say ${lines.join('; ') || 'nothing else'}`, async () => {
      assert.deepEqual(await problemsOfApproval(lines), [])
    })
  }

  const bad: readonly (readonly [lines: readonly string[], path: string, message: RegExp])[] = [
    [['expires: 31d'], 'webhooks[0].expires', /at most 30d/],
    [['expires: 0'], 'webhooks[0].expires', /./],
    [['mode: shadow'], 'webhooks[0].mode', /nobody would hear the answer/],
    [['side_effects: false'], 'webhooks[0].side_effects', /a dry run stores no callback/],
    [['events: before:startup'], 'webhooks[0].events', /`startup` cannot wait for a callback/],
    [
      ['events: [before:adjust, "before:s*"]'],
      'webhooks[0].events[1]',
      /`startup`, `shutdown` cannot wait/,
    ],
  ]
  for (const [lines, path, message] of bad) {
    it(`may not say ${lines.join('; ')}`, async () => {
      const problems = await problemsOfApproval(lines)

      assert.deepEqual(
        problems.map((problem) => problem.path),
        [path],
        JSON.stringify(problems),
      )
      assert.match(problems[0]?.message ?? '', message)
    })
  }

  const missing: readonly (readonly [Parameters<typeof problemsOfApproval>[1], RegExp])[] = [
    [{ connectors: 'adjuster: ./adjuster.ts' }, /no connector of this assembly serves callbacks/],
    [{ stanza: `${publicUrl}, store: "memory:"` }, /ends with its process on the memory: store/],
    [{ stanza: 'name: a' }, /no URL as long as `host.server.public_url` is not set/],
  ]
  for (const [host, message] of missing) {
    it(`needs a host where not: ${message.source}`, async () => {
      const problems = await problemsOfApproval([], host)

      assert.deepEqual(
        problems.map(({ path, line, column }) => [path, line, column]),
        [['webhooks[0].decision', 4, 15]],
        JSON.stringify(problems),
      )
      assert.match(problems[0]?.message ?? '', message)
    })
  }

  it('is told of all that is missing at once', async () => {
    const host = { stanza: 'store: "memory:"', connectors: 'adjuster: ./adjuster.ts' }

    assert.equal((await problemsOfApproval(['mode: shadow'], host)).length, 4)
  })
})
