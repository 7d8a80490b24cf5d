import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { carabiner, program, spawnCarabiner } from '../helpers/cli.ts'
import { runHost } from '../helpers/host-process.ts'
import { nodeEnvironment } from '../helpers/node-environment.ts'
import { receiver } from '../helpers/receiver.ts'
import { type ProjectFolder, projectFolder, startProject } from '../helpers/start-host.ts'

/** Writes down every phase of every lifecycle event; `fail` and `cancel` name where it misbehaves. */
const witness = `import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import { defineConnector } from 'carabiner'
import { Type } from 'typebox'

const file = join(import.meta.dirname, 'seen.txt')

export default defineConnector({
  name: 'witness',
  config: Type.Object({
    fail: Type.String({ default: '' }),
    cancel: Type.String({ default: '' }),
    setup: Type.String({ default: '' }),
  }),
  checks: [{ id: 'sees', name: 'The witness sees', severity: 'critical', tags: [], run: () => write('check') }],
  async setup({ id, config, signal, before, on, after }) {
    write(id + ' setup')
    if (config.setup === 'hangs') await new Promise(() => {})
    if (config.setup.startsWith('late')) await new Promise((resolve) => signal.addEventListener('abort', resolve))
    if (config.setup === 'throws') throw new Error('no ink in ' + id)
    const result = { [Symbol.dispose]: () => write(id + ' stopped') }
    if (config.setup === 'late, alone') return result
    for (const event of ['startup', 'check', 'shutdown'] as const) {
      const seen = (hook: string) => {
        write(id + ' ' + hook)
        if (config.fail === hook) throw new Error('cannot ' + hook)
      }
      before(event, ({ cancel }) => {
        seen('before:' + event)
        if (config.cancel === event) cancel('not now')
      })
      on(event, () => seen(event))
      after(event, () => seen('after:' + event))
    }
    return result
  },
})

function write(line: string): true {
  appendFileSync(file, line + '\\n')
  return true
}
`

const host = "host: { store: 'memory:', server: { port: 0, allow_unauthenticated: true } }"
const alone = `${host}\nconnectors: { witness: ./witness.ts }\n`

describe('lifecycle events', () => {
  it('run all their phases with the handlers of connectors, in this order', async () => {
    using folder = witnessed(alone)

    await using process = spawnCarabiner(['run', '--check', '--json'], { cwd: folder.path })
    await process.line()
    process.child.kill('SIGTERM')

    assert.equal(await process.exit(), 0)
    assert.deepEqual(seen(folder), [
      'witness setup',
      'witness before:startup',
      'witness startup',
      'witness after:startup',
      'witness before:check',
      'witness check',
      'check',
      'witness after:check',
      'witness before:shutdown',
      'witness shutdown',
      'witness after:shutdown',
      'witness stopped',
    ])
  })

  it('frame the command `check` as well', async () => {
    using folder = witnessed(alone)

    const { code } = await carabiner(['check'], { cwd: folder.path })

    assert.equal(code, 0)
    const hooks = seen(folder).map((line) => line.replace('witness ', ''))
    assert.deepEqual(hooks.slice(0, 8), [
      'setup',
      'before:startup',
      'startup',
      'after:startup',
      'before:check',
      'check',
      'check',
      'after:check',
    ])
    assert.equal(hooks.at(-1), 'stopped')
  })

  for (const hook of ['before:startup', 'startup']) {
    it(`keep the host from starting when ${hook} fails`, async () => {
      using folder = witnessed(`${alone}witness: { fail: '${hook}' }\n`)

      await using process = spawnCarabiner(['run', '--json'], { cwd: folder.path })

      assert.equal(await process.exit(), 1)
      assert.match(
        process.err(),
        /error: `startup` did not complete: witness: cannot (before:)?startup/,
      )
      assert.doesNotMatch(process.err(), /listening|^\s+at /m)
      assert.equal(seen(folder).at(-1), 'witness stopped')
    })
  }

  it('keep the host from starting when startup is cancelled', async () => {
    using folder = witnessed(`${alone}witness: { cancel: startup }\n`)

    const { code, err } = await carabiner(['run'], { cwd: folder.path })

    assert.equal(code, 1)
    assert.match(err, /error: `startup` did not complete: cancelled by witness: not now/)
    assert.deepEqual(seen(folder), ['witness setup', 'witness before:startup', 'witness stopped'])
  })

  it('start the host all the same when only after:startup fails', async () => {
    using folder = witnessed(`${alone}witness: { fail: 'after:startup' }\n`)

    await using process = spawnCarabiner(['run', '--json'], { cwd: folder.path })

    assert.match(await process.line(), /"listening"/)
  })

  it('do not let anybody cancel the shutdown', async () => {
    using folder = witnessed(`${alone}witness: { cancel: shutdown }\n`)

    const { code } = await carabiner(['check'], { cwd: folder.path })

    assert.equal(code, 0)
    assert.equal(seen(folder).at(-1), 'witness stopped')
  })
})

describe('connectors that do not start', () => {
  it('are reported together, and those that had started are stopped in reverse', async () => {
    using folder = witnessed(`${host}
connectors: { first: ./witness.ts, broken: ./witness.ts, second: ./witness.ts, worse: ./witness.ts }
broken: { setup: throws }
worse: { setup: throws }
`)

    const { code, err } = await carabiner(['run'], { cwd: folder.path })

    assert.equal(code, 1)
    assert.match(err, /connector `broken` did not start: no ink in broken/)
    assert.match(err, /connector `worse` did not start: no ink in worse/)
    assert.deepEqual(seen(folder), [
      'first setup',
      'broken setup',
      'second setup',
      'worse setup',
      'second stopped',
      'first stopped',
    ])
  })
})

describe('a store where no file can be', () => {
  for (const path of [
    '/proc/orders/carabiner.db',
    '/proc/carabiner.db',
    '/dev/null/carabiner.db',
  ]) {
    it(`ends the start: sqlite:${path}`, async () => {
      using folder = projectFolder({
        'carabiner.yaml': `host: { store: 'sqlite:${path}' }\nconnectors: []\n`,
      })
      // A process that hangs in one call heeds nothing but this.
      const kill = { timeout: 20_000, killSignal: 'SIGKILL' } as const

      const { status, stderr } = spawnSync(process.execPath, [...program, 'run'], {
        ...{ cwd: folder.path, env: nodeEnvironment(), encoding: 'utf8' },
        ...kill,
      })

      assert.equal(status, 1)
      assert.match(stderr, /carabiner\.db cannot be opened as a store: /)
    })
  }
})

describe('a connector whose setup hangs', () => {
  const impatient = "host: { store: 'memory:', event_timeout: 100ms, server: { port: 0 } }"
  const yaml = `${impatient}
connectors: { first: ./witness.ts, stuck: ./witness.ts, last: ./witness.ts }
stuck: { setup: hangs }
`

  for (const command of [['validate'], ['run'], ['dispatch', 'nothing']]) {
    it(`is named by \`${command.join(' ')}\`, which ends`, async () => {
      using folder = witnessed(yaml)

      const { code, err } = await carabiner(command, { cwd: folder.path })

      assert.equal(code, 1)
      assert.match(
        err,
        /`stuck` did not start: `setup` was not over after 0\.1 s \(host\.event_time/,
      )
      assert.deepEqual(seen(folder).slice(2), ['last setup', 'last stopped', 'first stopped'])
    })
  }

  it('is stopped when it is set up later', async () => {
    using folder = witnessed(yaml.replace('hangs', "'late, alone'"))

    const { code } = await carabiner(['run'], { cwd: folder.path })

    assert.equal(code, 1)
    assert.equal(seen(folder).at(-1), 'stuck stopped')
  })

  it('registers nothing any more when it goes on later', async () => {
    using folder = witnessed(yaml.replace('hangs', 'late'))

    const { code, err } = await carabiner(['run'], { cwd: folder.path })

    assert.equal(code, 1)
    assert.match(err, /a set-up that was given up failed later/)
    assert.match(err, /connector `stuck` has been stopped/)
  })

  it('keeps a reload from happening', async () => {
    using folder = witnessed(`${impatient}\nconnectors: { first: ./witness.ts }\n`)
    await using process = await runHost(folder)
    writeFileSync(folder.file('carabiner.yaml'), yaml)

    process.child.kill('SIGHUP')
    await process.said(/connector `stuck` did not start: `setup` was not over/)

    assert.equal((await process.get('/readyz')).status, 200)
  })
})

describe('what a connector registered', () => {
  const yaml = (url: string): string => `
host: { store: 'memory:' }
connectors: { adjuster: ./adjuster.ts, webhooks: webhooks }
webhooks:
  - { name: policy, events: before:adjust, url: ${url}/policy, secret: s3cr3t-of-a-test }
  - { name: told, events: after:adjust, url: ${url}/told, secret: s3cr3t-of-a-test }
`

  it('is gone when the host has stopped: handlers, deliveries and endpoints', async () => {
    await using to = await receiver()
    await using project = await startProject(yaml(to.url))
    const { bus, engine } = project.host
    const before = bus.handlers('adjust')
    assert.deepEqual([before.before.length, before.on.length, before.after.length], [2, 1, 1])
    assert.equal(engine.endpoints().length, 2)

    await project.host.stop()

    assert.deepEqual(bus.handlers('adjust'), { before: [], on: [], after: [] })
    assert.deepEqual(engine.endpoints(), [])
    const late = await bus.dispatch('adjust', { component: 'web', amount: 1 })
    assert.deepEqual([late.kind, 'results' in late && late.results], ['completed', []])
    assert.equal(to.received.length, 0)
  })
})

function witnessed(yaml: string): ProjectFolder {
  return projectFolder({ 'carabiner.yaml': yaml, 'witness.ts': witness })
}

function seen(folder: ProjectFolder): readonly string[] {
  const file = folder.file('seen.txt')
  return existsSync(file) ? readFileSync(file, 'utf8').trimEnd().split('\n') : []
}
