import assert from 'node:assert/strict'
import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { before, describe, it } from 'node:test'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { publint } from 'publint'
import { temporaryFolder } from '../helpers/temporary-folder.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
const { version, dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))

/** Built from a copy of this folder, packed, and installed into a project with its declared dependencies and no others. */
describe('the package, installed', () => {
  const checkout = temporaryFolder()
  const project = temporaryFolder()
  const installed = join(project, 'node_modules/carabiner')
  let packed: readonly string[]

  before(async () => {
    cpSync(root, checkout, {
      recursive: true,
      filter: (path) => !besideSources.test(path.slice(root.length)),
    })
    symlinkSync(join(root, 'node_modules'), join(checkout, 'node_modules'))
    await succeeds(process.execPath, ['--conditions=source', 'tools/build.ts'], checkout)

    const report = await succeeds('npm', ['pack', '--json', '--ignore-scripts'], checkout)
    const [{ filename, files }] = JSON.parse(report)
    packed = files.map(({ path }: { path: string }) => path)
    mkdirSync(installed, { recursive: true })
    await succeeds(
      'tar',
      ['-xzf', join(checkout, filename), '-C', installed, '--strip-components=1'],
      project,
    )
    for (const name of Object.keys(dependencies)) install(project, name)
    mkdirSync(join(project, 'node_modules/.bin'))
    symlinkSync('../carabiner/dist/src/cli/main.js', join(project, 'node_modules/.bin/carabiner'))
    writeFileSync(
      join(project, 'package.json'),
      '{ "name": "project", "private": true, "type": "module" }\n',
    )
  })

  it('holds what runs, its types and its docs, and nothing else', () => {
    const top = new Set(packed.map((path) => path.split('/')[0]))
    const odd = packed.filter((path) =>
      /(^|\/)test\/|\.env|\.test\.|\.tmp\.|\.map$|\.db/.test(path),
    )

    assert.deepEqual([...top].sort(), [
      'CHANGELOG.md',
      'LICENSE',
      'README.md',
      'carabiner.openapi.json',
      'config',
      'dist',
      'docs',
      'package.json',
    ])
    assert.deepEqual(odd, [])
    assert.ok(packed.includes('dist/third-party-licenses.txt'))
    assert.ok(
      packed.every((path) => !/^dist\/.*(?<!\.d)\.ts$/.test(path)),
      'no sources in dist',
    )
  })

  it('passes publint', async () => {
    const { messages } = await publint({ pkgDir: installed, pack: false, strict: true })

    assert.deepEqual(messages, [])
  })

  it('runs as `carabiner`', async () => {
    const out = await succeeds(join(project, 'node_modules/.bin/carabiner'), ['version'], project)

    assert.ok(out.includes(version), out)
  })

  it('starts, checks, tests and runs a project', async () => {
    const carabiner = (...args: string[]): Promise<string> =>
      succeeds(join(project, 'node_modules/.bin/carabiner'), args, project)

    await carabiner('init')
    await carabiner('validate')
    await carabiner('test')
    const outcome = await carabiner(
      ...['dispatch', 'greet', '--params', '{"name":"Ada"}', '--wait', '0', '--json'],
    )

    assert.equal(JSON.parse(outcome).kind, 'completed')
  })

  it('serves', async () => {
    const folder = temporaryFolder()
    write(
      folder,
      'served.yaml',
      'host: { store: "memory:", server: { listeners: [{ port: 0, serve: [metrics] }] } }\nconnectors: {}\n',
    )
    const main = join(installed, 'dist/src/cli/main.js')
    const host = spawn(process.execPath, [main, '--config', 'served.yaml', 'run'], {
      cwd: folder,
      // Without what npm tells the commands it starts: where its user stands.
      env: { PATH: process.env['PATH'] },
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    try {
      const url = await listeningOn(host.stderr)

      const { status } = await fetch(`${url}/metrics`)
      host.kill('SIGTERM')
      const [code] = await once(host, 'exit')

      assert.equal(status, 200)
      assert.equal(code, 0)
    } finally {
      host.kill('SIGKILL')
    }
  })

  it('is imported by a program: the host, the receiver and the means to test', async () => {
    write(project, 'program.js', program)

    const out = await succeeds(process.execPath, ['program.js'], project)

    assert.deepEqual(JSON.parse(out), {
      outcome: 'completed',
      reply: 409,
      known: true,
      sent: 'EVENT_UNKNOWN',
      unsigned: 401,
    })
  })

  it('says its types', async () => {
    for (const name of ['typescript', '@types/node']) install(project, name)
    write(project, 'consumer.ts', consumer)
    write(project, 'tsconfig.json', JSON.stringify({ compilerOptions, files: ['consumer.ts'] }))

    await succeeds(bin('tsc'), ['-p', project, '--singleThreaded'], project)
  })

  it('shares its copies with TypeScript connectors outside any package', async () => {
    const folder = temporaryFolder()
    write(folder, 'lone.ts', loneConnector)
    write(folder, 'lone.yaml', 'host: { store: "memory:" }\nconnectors: { lone: ./lone.ts }\n')

    const out = await succeeds(
      join(project, 'node_modules/.bin/carabiner'),
      ['--config', 'lone.yaml', 'dispatch', 'where', '--json'],
      folder,
    )

    const [{ value }] = JSON.parse(out).results
    assert.deepEqual(value, {
      carabiner: pathToFileURL(join(installed, 'dist/src/index.js')).href,
      typebox: pathToFileURL(join(installed, 'dist/src/typebox.js')).href,
    })
  })
})

/** What a checkout has beside its sources. */
const besideSources = /^(node_modules|dist|data|\.cache|\.git)(\/|$)/

const program = `
import { CarabinerError, defineConnector, defineEvent } from 'carabiner'
import { cancelEvent, CarabinerError as ReceiverError } from 'carabiner/receiver'
import { callbackRoutes, CarabinerError as CallbackError } from 'carabiner/callbacks'
import { subscriptionsOn } from 'carabiner/subscriptions'
import { startTestHost } from 'carabiner/testing'

const ping = defineEvent('ping')
const pinger = defineConnector({
  name: 'pinger',
  events: [ping],
  setup({ on }) {
    on(ping, () => 'pong')
  },
})
await using host = await startTestHost({ pinger: { connector: pinger } })
const { kind } = await host.dispatch(ping, {})
const reply = cancelEvent('no').status
const sent = await subscriptionsOn(host).dispatch('acme', 'OrderPlaced', {})
const known = CarabinerError === ReceiverError && CarabinerError === CallbackError
const callbacks = callbackRoutes({}, { secret: '07'.repeat(32) })
const url = 'http://localhost/api/callbacks/a/complete'
const unsigned = (await callbacks(new Request(url, { method: 'POST' }))).status
console.log(JSON.stringify({ outcome: kind, reply, known, sent: sent.failures[0].code, unsigned }))
`

const consumer = `
import { defineConnector, defineEvent, type Outcome, type Scope } from 'carabiner'
import { type CallbackStore, callbackRoutes } from 'carabiner/callbacks'
import { cancelEvent, receiver } from 'carabiner/receiver'
import { type Execution, subscriptionsOn } from 'carabiner/subscriptions'
import { FakeClock, startTestHost } from 'carabiner/testing'
import { Type } from 'typebox'

const adjust = defineEvent('adjust', {
  params: Type.Object({ amount: Type.Number() }),
  result: Type.Object({ applied: Type.Number() }),
})
const adjuster = defineConnector({
  name: 'adjuster',
  config: Type.Object({ limit: Type.Number() }),
  events: [adjust],
  setup({ config, before, on }) {
    const limit: number = config.limit
    before(adjust, ({ params, cancel }) => {
      const amount: number = params.amount
      if (amount > limit) cancel('too much')
    })
    // @ts-expect-error: what a handler returns matches the event's result
    on(adjust, () => ({ applied: 'none' }))
  },
})
export async function main(): Promise<Outcome<{ applied: number }>> {
  await using host = await startTestHost(
    { adjuster: { connector: adjuster, config: { limit: 1 } } },
    { clock: new FakeClock() },
  )
  return host.dispatch(adjust, { amount: 1 })
}
export async function tell(scope: Scope): Promise<readonly Execution[]> {
  const sent = await subscriptionsOn(scope).dispatch('acme', 'OrderPlaced', { order: 7 })
  // @ts-expect-error: a veto has no event
  if (sent.kind === 'cancelled') sent.eventId
  return sent.executions
}
export const handle: (request: Request) => Promise<Response> = receiver({
  secret: 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw',
  before: { adjust: () => cancelEvent('no') },
})
export const take = (store: CallbackStore): ((request: Request) => Promise<Response>) =>
  callbackRoutes(store, { secret: '07'.repeat(32) })
`

const compilerOptions = {
  target: 'es2024',
  lib: ['es2024', 'esnext.disposable'],
  module: 'nodenext',
  types: ['node'],
  strict: true,
  noEmit: true,
}

const loneConnector = `
import { defineConnector, defineEvent } from 'carabiner'
import { Type } from 'typebox'

const where = defineEvent('where', { params: Type.Object({}) })

export default defineConnector({
  name: 'lone',
  events: [where],
  setup({ on }) {
    on(where, () => ({
      carabiner: import.meta.resolve('carabiner'),
      typebox: import.meta.resolve('typebox'),
    }))
  },
})
`

function write(folder: string, name: string, text: string): void {
  writeFileSync(join(folder, name), text.trimStart())
}

/** Where a host that is starting says that it listens. */
async function listeningOn(stderr: Readable): Promise<string> {
  const said: string[] = []
  for await (const line of createInterface({ input: stderr })) {
    const [, url] = /^listening on (\S+)/.exec(line) ?? []
    if (url !== undefined) return url
    said.push(line)
  }
  throw new Error(`the host ended: ${said.join('\n')}`)
}

/** Lays a package of this repository into the project. */
function install(project: string, name: string): void {
  const place = join(project, 'node_modules', name)
  mkdirSync(dirname(place), { recursive: true })
  symlinkSync(join(root, 'node_modules', name), place)
}

function bin(name: string): string {
  return join(root, 'node_modules/.bin', name)
}

/** The standard output of a process that must succeed. Its Node is the one of this test. */
function succeeds(file: string, args: readonly string[], cwd: string): Promise<string> {
  const env = {
    HOME: process.env['HOME'],
    PATH: [dirname(process.execPath), process.env['PATH']].join(delimiter),
  }
  return new Promise((resolve, reject) => {
    execFile(file, args, { cwd, env, encoding: 'utf8', maxBuffer: 2 ** 26 }, (error, out, err) => {
      if (error === null) resolve(out)
      else reject(new Error(`${file} ${args.join(' ')} failed: ${out}${err}`, { cause: error }))
    })
  })
}
