import assert from 'node:assert/strict'
import { globSync } from 'node:fs'
import { after, before, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { parse, stringify } from 'yaml'
import { SubscriptionsConfig } from '../../../plugins/subscriptions/config.ts'
import { type CliProcess, spawnCarabiner } from '../../helpers/cli.ts'
import { blocksOf, readPage } from '../../helpers/code-blocks.ts'
import { eventually } from '../../helpers/engine.ts'
import { type Receiver, receiver } from '../../helpers/receiver.ts'
import { type StartedProject, startProject } from '../../helpers/start-host.ts'
import {
  answerIn,
  commandsIn,
  openTerminal,
  type PromisedAnswer,
  type Terminal,
  withoutChance,
} from './docs-page.ts'

const root = fileURLToPath(new URL('../../../', import.meta.url))
const file = 'docs/subscriptions.md'
const managementKey = 'key-of-the-management'

/** Follows the page from its first to its last command, as a reader does: one host, one receiver, one terminal. */
describe(file, () => {
  const opened = new AsyncDisposableStack()
  let tenants: Receiver
  let project: StartedProject
  let terminal: Terminal
  let listening: Listening | undefined
  /** What the page tells its reader to keep. */
  const kept: Record<string, string> = { MANAGEMENT_KEY: managementKey }
  before(async () => {
    tenants = opened.use(await receiver())
    project = opened.use(await startProject(assemblyOfPage(tenants.url), { listen: true }))
    terminal = openTerminal(project.folder.path)
  })
  after(() => opened.disposeAsync())

  const commands = commandsIn(readPage(file))

  it('shows every call there is', () => {
    const shown = commands.filter(({ script }) => script.includes('curl ')).length

    assert.ok(shown >= 30, String(shown))
  })

  it('has every setting, and every code of a refusal', () => {
    const page = readPage(file)
    const settings = Object.keys(Object(SubscriptionsConfig).properties)
    const codes = globSync('plugins/subscriptions/**/*.ts', { cwd: root }).flatMap((source) =>
      [...readPage(source).matchAll(/code: '([a-z_]+)'/g)].map(([, code = '']) => code),
    )

    assert.ok(settings.length > 10 && codes.length > 15)
    const words = [...settings, ...codes].filter((word) => !page.includes(`\`${word}\``))
    // The host's name for a 422, whose form here has no code.
    assert.deepEqual(words, ['unprocessable'])
  })

  for (const { line, script, answer } of commands) {
    it(`line ${line}: ${script.split('\n', 1)}`, async () => {
      if (/^carabiner run/.test(script)) return // runs in this process
      if (/^carabiner listen/.test(script)) {
        listening = await listen(await terminal.run('printf %s "$SECRET"'))
        opened.use(listening.process)
        return
      }
      await eventually(() => isSettled(project))

      const out = await terminal.run(here(script), kept)

      if (!script.includes('curl ')) return
      assert.ok(answer !== undefined, 'the page does not say what it answers')
      const got = answerIn(out)
      assert.deepEqual(withoutChance(got), withoutChance(answer), JSON.stringify(got.body))
      keep(got)
    })
  }

  it('has come to a receiver that found every signature valid', async () => {
    assert.ok(listening !== undefined)
    const { process } = listening
    process.child.kill('SIGTERM')
    assert.equal(await process.exit(), 0)

    assert.ok(listening.requests.length >= 5)
    for (const { signature, status } of listening.requests) {
      assert.match(signature, /standard: verified/)
      assert.equal(status, 204)
    }
    assert.equal(tenants.received.length, 1)
  })

  /** The same with host and receiver where they are in this test. */
  function here(script: string): string {
    return script
      .replaceAll('http://127.0.0.1:8484', project.url)
      .replaceAll('http://127.0.0.1:8485', listening?.url ?? '')
  }

  function keep({ body }: PromisedAnswer): void {
    const { subscription, event_id: event } = Object(body)
    if (subscription !== undefined) kept['SUBSCRIPTION'] = subscription.subscription_id
    if (event !== undefined) kept['EVENT'] = event
  }
})

/** The assembly of the quickstart, with the tenants of the page at one receiver. */
function assemblyOfPage(tenantsUrl: string): string {
  const blocks = blocksOf(file, 'yaml').map(({ text }) => text)
  const quickstart = parse(blocks.find((text) => text.includes('hooks.db')) ?? '')
  const tenants = (blocks.find((text) => text.includes('tenants:')) ?? '')
    .replaceAll(/https:\/\/[a-z]+\.example\.com/g, tenantsUrl)
    .replaceAll(/[a-z]+\.example\.com/g, '127.0.0.1')
    .replaceAll(/\$\{\w+\}/g, 'a-secret-of-the-page')
  return stringify({
    ...quickstart,
    host: { ...quickstart.host, server: { port: 0, management_key: managementKey } },
    subscriptions: {
      ...quickstart.subscriptions,
      tenants: parse(tenants).subscriptions.tenants,
    },
  })
}

interface Listening {
  readonly process: CliProcess
  readonly url: string
  readonly requests: { readonly signature: string; readonly status: number }[]
}

/** The receiver of the page. */
async function listen(secret: string): Promise<Listening> {
  const args = ['listen', '--port', '0', '--json', '--secret', secret]
  const process = spawnCarabiner(args, { cwd: '.' })
  const { url } = JSON.parse(await process.line())
  const listening: Listening = { process, url, requests: [] }
  void collect(listening)
  return listening
}

async function collect({ process, requests }: Listening): Promise<void> {
  try {
    for (;;) requests.push(JSON.parse(await process.line()))
  } catch {
    // it was ended
  }
}

async function isSettled({ host }: StartedProject): Promise<boolean> {
  const { rows } = await host.store.deliveries({ limit: 1_000 })
  return rows.every(({ state }) => state !== 'pending' && state !== 'sending')
}
