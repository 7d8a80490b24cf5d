import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { carabiner } from '../helpers/cli.ts'
import { runHost } from '../helpers/host-process.ts'
import { type ReceivedRequest, receiver } from '../helpers/receiver.ts'
import { request } from '../helpers/served-host.ts'
import { type ProjectFolder, projectFolder } from '../helpers/start-host.ts'

/** One of each kind, each to be recognised wherever it turns up; none is in any other. */
const secrets = {
  inline: 'inline-Kx81-secret',
  rotated: 'rotated-Lq92-secret',
  fromFile: 'from/file+Mz03=secret',
  fromDotEnv: 'dotenv-Np14-"quoted"-secret',
  fromEnvironment: 'environ-Rt25-secret',
  managementKey: 'management-Sv36-secret',
  authorization: 'authorization-Tw47-secret',
  cookie: 'cookie-Ux58-secret',
  query: 'query-Vy69-secret-of-a-url',
  shortQuery: 'qWz7',
  apiToken: 'token-Xa80-secret',
  reloaded: 'reloaded-Yb91-secret',
} as const

/** Knows a secret and says it whenever it can. */
const blabber = `import { defineConnector, defineEvent, Secret } from 'carabiner'
import { Type } from 'typebox'

const adjust = defineEvent('adjust', { params: Type.Object({ component: Type.String() }) })

export default defineConnector({
  name: 'blabber',
  config: Type.Object({ api: Secret(), setup: Type.String({ default: '' }) }),
  events: [adjust],
  checks: [{
    id: 'blabs', name: 'Says it', severity: 'warning', tags: [],
    run: () => { throw new Error('no') },
  }],
  setup({ config, before, on, after, log }) {
    const blab = 'the token is ' + config.api
    if (config.setup === 'throws') throw new Error(blab)
    log.info({ token: config.api, nested: [{ deep: blab }] }, blab)
    before(adjust, ({ warn }) => warn(blab))
    on(adjust, ({ params }) => {
      if (params.component === 'throws') throw new Error(blab, { cause: new Error(config.api) })
    })
    after(adjust, () => { throw new Error(blab) })
  },
})
`

describe('secrets', () => {
  it('appear in no output, no log at trace level and no answer, whatever goes wrong', async () => {
    await using to = await receiver({ answers: [answer] })
    using folder = secretProject(assembly(to.url))
    const seen = new Seen()

    await exerciseServer(folder, seen)
    await exerciseCommands(folder, seen)

    const reached = to.received.find(({ path }) => path.startsWith('/told'))
    assert.equal(reached?.headers['authorization'], `Bearer ${secrets.authorization}`)
    assert.match(reached.path, new RegExp(secrets.query))
    seen.assertWithout(secrets)
  })

  it('appear in no complaint about the very line they stand in', async () => {
    const seen = new Seen()
    const broken: Readonly<Record<string, (yaml: string) => string>> = {
      'unknown key beside it': (yaml) => yaml.replace('secret: ', 'scret: '),
      'wrong type': (yaml) =>
        yaml.replace(`secret: ${secrets.inline}`, `secret: { a: ${secrets.inline} }`),
      'too short a key': (yaml) =>
        yaml
          .replace('management_key: ', 'management_key: [short, ')
          .replace(/(management_key: .*)$/m, '$1]'),
      'credentials in a URL': (yaml) =>
        yaml.replace('http://127', `http://user:${secrets.inline}@127`),
      'not YAML any more': (yaml) =>
        yaml.replace(`secret: ${secrets.inline}`, `secret: "${secrets.inline}`),
      'a tab': (yaml) => yaml.replace('    secret:', '\tsecret:'),
      'twice the same key': (yaml) =>
        yaml.replace('secret: ', `secret: ${secrets.rotated}\n    secret: `),
      'twice a key that only the schema knows for a secret': (yaml) =>
        yaml.replace('  api: ', `  api: ${secrets.reloaded}\n  api: `),
      'a header that cannot be': (yaml) => yaml.replace('x-plain', 'webhook-signature'),
      'a connector that throws it': (yaml) => yaml.replace('blabber:', 'blabber:\n  setup: throws'),
    }

    for (const [what, breakIt] of Object.entries(broken)) {
      const good = assembly('http://127.0.0.1:9')
      const bad = breakIt(good)
      assert.notEqual(bad, good, what)
      using folder = secretProject(bad)
      const options = { cwd: folder.path, env }
      const command = what === 'a connector that throws it' ? ['check'] : ['validate']
      const complaint = await carabiner(command, options)
      assert.equal(complaint.code, 1, `${what}: ${complaint.err}`)
      seen.add(what, complaint.out + complaint.err)
      for (const args of [['validate', '--json'], ['run'], ['--log-level', 'trace', 'config']]) {
        if (what === 'a connector that throws it' && args.includes('run')) continue
        const { out, err } = await carabiner(args, options)
        seen.add(`${what}, ${args.join(' ')}`, out + err)
      }
    }

    seen.assertWithout(secrets)
  })
})

const env = { ENVIRONMENT_SECRET: secrets.fromEnvironment }

function secretProject(yaml: string): ProjectFolder {
  return projectFolder({
    'carabiner.yaml': yaml,
    'blabber.ts': blabber,
    'secret.txt': `${secrets.fromFile}\n`,
    '.env': `DOTENV_SECRET='${secrets.fromDotEnv}'\n`,
  })
}

function assembly(url: string): string {
  return `host:
  store: 'sqlite:./store.db'
  server:
    port: 0
    management_key: ${secrets.managementKey}
connectors: { blabber: ./blabber.ts, webhooks: webhooks }
blabber:
  api: ${secrets.apiToken}
webhooks:
  - name: told
    events: after:adjust
    url: ${url}/told?token=${secrets.query}&k=${secrets.shortQuery}
    secret: ${secrets.inline}
    headers: { authorization: Bearer ${secrets.authorization}, cookie: session=${secrets.cookie}, x-plain: seen }
  - name: unreachable
    events: after:adjust
    url: http://127.0.0.1:9/${'$'}{NOTHING:-told}?token=${secrets.query}&k=${secrets.shortQuery}
    secret: ['${secrets.rotated}', !file ./secret.txt]
  - name: policy
    events: before:adjust
    when: { properties: { component: { const: vetoed } } }
    url: ${url}/policy?token=${secrets.query}&k=${secrets.shortQuery}
    secret: ${'$'}{DOTENV_SECRET}
  - name: dead
    events: before:adjust
    when: { properties: { component: { const: undecided } } }
    url: http://127.0.0.1:9/dead?token=${secrets.query}&k=${secrets.shortQuery}
    secret: !env ENVIRONMENT_SECRET
    backoff: false
`
}

/** A receiver that says back what it was sent: what is kept of replies is masked, too. */
function answer({ path, headers }: ReceivedRequest): {
  status: number
  headers: Record<string, string>
  body: string
} {
  return path.startsWith('/policy')
    ? {
        status: 403,
        headers: { 'content-type': 'application/vnd.carabiner.errors.CancelEventError+json' },
        body: '{"reason":"no"}',
      }
    : {
        status: 200,
        headers: { 'content-type': 'text/plain' },
        body: JSON.stringify(headers),
      }
}

async function exerciseServer(folder: ProjectFolder, seen: Seen): Promise<void> {
  const key = { 'x-internal-api-key': secrets.managementKey }
  await using host = await runHost(folder, { env, args: ['--log-level', 'trace'], headers: key })
  const ask = async (path: string, init: RequestInit): Promise<void> => {
    const { status, headers, text } = await request(`${host.url}${path}`, init)
    seen.add(path, `${status} ${JSON.stringify([...headers])} ${text}`)
  }

  for (const component of ['web', 'throws', 'vetoed', 'undecided']) {
    const { status, text } = await host.dispatch('adjust', { component })
    seen.add(`dispatch of ${component}`, `${status} ${text}`)
  }
  await host.dispatch('adjust', {}).then(({ text }) => seen.add('dispatch without params', text))
  await host.said(/"delivered"|delivered/)
  await reloaded(folder, host)
  for (const component of ['throws', 'web']) {
    const { status, text } = await host.dispatch('adjust', { component })
    seen.add(`dispatch of ${component}, reloaded`, `${status} ${text}`)
  }
  const wrong = { 'x-internal-api-key': `${secrets.managementKey}x` }
  await ask(`/api/v1/assembly?k=${secrets.shortQuery.length}`, { headers: key })
  for (const headers of [key, wrong]) {
    for (const path of [
      '/api/v1/assembly',
      '/api/v1/outbox',
      '/metrics',
      '/health',
      '/api/v1/health',
      '/openapi.json',
      '/nowhere',
    ]) {
      await ask(path, { headers })
    }
  }
  const { json } = await host.get('/api/v1/outbox')
  for (const row of Object.values(json['data'] ?? {})) {
    await ask(`/api/v1/outbox/${row['id']}`, { headers: key })
  }
  host.child.kill('SIGTERM')
  await host.exit()
  seen.add('the log', host.err())
  assert.ok(host.err().includes('the token is ••••'), 'the connector has said what it knows')
}

/** A reload brings another secret, which is one from then on; the old one stays one. */
async function reloaded(
  folder: ProjectFolder,
  host: Awaited<ReturnType<typeof runHost>>,
): Promise<void> {
  const file = folder.file('carabiner.yaml')
  writeFileSync(file, readFileSync(file, 'utf8').replace(secrets.apiToken, secrets.reloaded))
  host.child.kill('SIGHUP')
  await host.said(/^reloaded/m)
}

async function exerciseCommands(folder: ProjectFolder, seen: Seen): Promise<void> {
  const run = async (...args: readonly string[]): Promise<string> => {
    const { out, err } = await carabiner(['--log-level', 'trace', ...args], {
      cwd: folder.path,
      env,
    })
    seen.add(args.join(' '), out + err)
    return out
  }
  for (const json of [[], ['--json']]) {
    for (const command of ['config', 'validate', 'schema', 'connectors', 'check', 'audit list']) {
      await run(...command.split(' '), ...json)
    }
    for (const command of [
      'show handlers',
      'show connectors',
      'show events',
      'explain adjust',
      'webhooks list',
      'deliveries list',
    ]) {
      await run(...command.split(' '), ...json)
    }
  }
  await run('config', 'webhooks')
  await run('config', '--format', 'json')
  const deliveries: readonly { readonly id: string }[] = JSON.parse(
    await run('deliveries', 'list', '--json'),
  )
  assert.ok(deliveries.length >= 4)
  for (const { id } of deliveries) {
    await run('deliveries', 'show', id)
    await run('deliveries', 'show', id, '--json')
  }
  await run('deliveries', 'show', 'no-such-id')
  for (const component of ['web', 'throws', 'vetoed', 'undecided']) {
    await run('dispatch', 'adjust', '--params', JSON.stringify({ component }), '--wait', '0')
  }
  await run('webhooks', 'trigger', 'after:adjust', 'told')
  await run('webhooks', 'trigger', 'before:adjust', 'dead')
  await run('webhooks', 'trigger', 'before:adjust', 'no-such-webhook')
}

/** Everything that was said, by who said it. */
class Seen {
  readonly #texts: { readonly where: string; readonly text: string }[] = []

  add(where: string, text: string): void {
    assert.notEqual(text, '', `${where} said nothing: nothing would be looked at`)
    this.#texts.push({ where, text })
  }

  assertWithout(all: Readonly<Record<string, string>>): void {
    const leaks = Object.entries(all).flatMap(([name, secret]) =>
      this.#texts
        .filter(({ text }) => formsOf(secret).some((form) => text.includes(form)))
        .map(({ where, text }) => `${name} in ${where}: ${around(text, formsOf(secret))}`),
    )
    assert.deepEqual(leaks, [])
  }
}

function formsOf(secret: string): readonly string[] {
  const forms = [secret, JSON.stringify(secret).slice(1, -1), encodeURIComponent(secret)]
  return secret.length < 8 ? [`=${secret}`] : [...forms, Buffer.from(secret).toString('base64')]
}

function around(text: string, forms: readonly string[]): string {
  const at = Math.max(...forms.map((form) => text.indexOf(form)))
  return JSON.stringify(text.slice(Math.max(0, at - 120), at + 60))
}
