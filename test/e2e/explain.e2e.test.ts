import assert from 'node:assert/strict'
import { appendFileSync, existsSync, readFileSync, rmSync } from 'node:fs'
import { after, before, describe, it } from 'node:test'
import { carabiner } from '../helpers/cli.ts'
import { type Receiver, receiver } from '../helpers/receiver.ts'
import { type StartedProject, startProject } from '../helpers/start-host.ts'

/** Writes down each of its handlers as it begins. */
const recorder = `import { appendFileSync } from 'node:fs'
import { join } from 'node:path'
import { defineConnector, defineEvent } from 'carabiner'
import { Type } from 'typebox'

const file = join(import.meta.dirname, 'order.txt')
const measure = defineEvent('measure', { timeout: '20s' })

const connectorOf = (name: string, priorities: readonly number[], events = [] as typeof measure[]) =>
  defineConnector({
    name,
    config: Type.Object({ note: Type.Optional(Type.String()) }),
    events,
    setup(scope) {
      for (const phase of ['after', 'on', 'before'] as const) {
        priorities.forEach((priority, index) => {
          const handler = phase + '-' + index
          const record = () => appendFileSync(file, [phase, scope.id, handler].join(' ') + '\\n')
          scope[phase](measure.name, record, { name: handler, priority, timeout: priority + 11 })
        })
      }
    },
  })

export default [
  connectorOf('alpha', [0, 10, -5, 10], [measure]),
  connectorOf('beta', [5, -5, 0]),
]
`

const yaml = (url: string): string => `host: { store: 'memory:' }
connectors:
  - ./recorder.ts
  - webhooks

x-anything: { here: is skipped }

alpha: { note: alpha stands here }

webhooks:
  - name: told
    events: after:measure
    url: ${url}/told
    secret: a-secret-of-this-test
  - name: asked
    description: asked stands a line above
    events: before:measure
    url: ${url}/asked
    secret: a-secret-of-this-test
    timeout: 2s
    on_failure: allow
    mode: warn
    backoff: false
  - name: watched
    events: before:check
    url: ${url}/watched
    secret: a-secret-of-this-test
    timeout: 3s
    mode: shadow
    backoff: false
`

interface Explained {
  readonly connector: string
  readonly name: string
  readonly kind: string
  readonly priority: number
  readonly timeoutMs: number | null
  readonly onFailure: string | null
  readonly mode: string | null
  readonly file: string
  readonly line: number
}
type Phases = Readonly<Record<'before' | 'on' | 'after', readonly Explained[]>>

describe('explain', () => {
  let to: Receiver
  let project: StartedProject
  let explained: Phases & { readonly event: string; readonly worstCaseMs: number }

  before(async () => {
    to = await receiver({ answers: [answerAndRecord] })
    project = await startProject(yaml(to.url), { files: { 'recorder.ts': recorder } })
    const { out } = await carabiner(['explain', 'measure', '--json'], {
      cwd: project.folder.path,
    })
    explained = JSON.parse(out)
  })
  after(async () => {
    await project[Symbol.asyncDispose]()
    await to[Symbol.asyncDispose]()
  })

  function answerAndRecord({ path }: { readonly path: string }): number {
    const phase = path === '/asked' ? 'before' : 'after'
    appendFileSync(project.folder.file('order.txt'), `${phase} webhooks ${path.slice(1)}\n`)
    return 204
  }

  it('lists the handlers in the very order in which they then run', async () => {
    assert.equal(existsSync(project.folder.file('order.txt')), false, 'explaining runs nothing')

    const { kind } = await project.host.dispatch('measure', {})
    await to.requests(2)

    assert.equal(kind, 'completed')
    const ran = readFileSync(project.folder.file('order.txt'), 'utf8').trimEnd().split('\n')
    rmSync(project.folder.file('order.txt'))
    const promised = (['before', 'on', 'after'] as const).flatMap((phase) =>
      explained[phase].map(({ connector, name }) => `${phase} ${connector} ${name}`),
    )
    assert.equal(ran.length, 23)
    for (const phase of ['before', 'on', 'after'] as const) {
      assert.deepEqual(ofPhase(ran, phase), ofPhase(promised, phase))
    }
  })

  it('is the same order as over HTTP and in `show handlers`', async () => {
    const { out } = await carabiner(['show', 'handlers', '--json'], { cwd: project.folder.path })
    const shown: readonly (Explained & { readonly event: string; readonly phase: string })[] =
      JSON.parse(out)

    const described = project.host.describe().handlers

    const order = ({
      connector,
      name,
    }: {
      readonly connector: string
      readonly name: string | null
    }) => `${connector} ${name}`
    const promised = [...explained.before, ...explained.on, ...explained.after].map(order)
    assert.deepEqual(shown.filter(({ event }) => event === 'measure').map(order), promised)
    assert.deepEqual(described.filter(({ event }) => event === 'measure').map(order), promised)
  })

  it('says where each stands in the file', () => {
    const lines = readFileSync(project.folder.file('carabiner.yaml'), 'utf8').split('\n')
    const lineWith = (text: string): number => lines.findIndex((line) => line.includes(text)) + 1
    const places: Readonly<Record<string, number>> = {
      alpha: lineWith('alpha stands here'),
      beta: lineWith('./recorder.ts'),
      told: lineWith('name: told'),
      asked: lineWith('name: asked'),
    }

    for (const handler of [...explained.before, ...explained.on, ...explained.after]) {
      assert.equal(handler.file, 'carabiner.yaml')
      assert.equal(handler.line, places[handler.name] ?? places[handler.connector], handler.name)
    }
  })

  it('says what each may do: time, failure policy, mode, kind', () => {
    const asked = explained.before.find(({ name }) => name === 'asked')
    const told = explained.after.find(({ name }) => name === 'told')
    const first = explained.before[0]

    assert.deepEqual(pick(asked), ['webhook', 0, 2_000, 'allow', 'warn'])
    assert.deepEqual(pick(told), ['delivery', 0, null, null, null])
    assert.deepEqual(pick(first), ['handler', 10, 21_000, null, null])
    assert.equal(explained.event, 'measure')
    assert.equal(explained.worstCaseMs, 20_000, 'never beyond the deadline of the event')
  })

  it('says how long a shadow may take, which holds nobody up', async () => {
    const { out } = await carabiner(['explain', 'check', '--json'], {
      cwd: project.folder.path,
    })

    const { before, worstCaseMs }: typeof explained = JSON.parse(out)

    assert.deepEqual(pick(before[0]), ['webhook', 0, 3_000, 'cancel', 'shadow'])
    assert.equal(worstCaseMs, 0)
  })

  it('is exit code 2, with a suggestion, for an event nobody declares', async () => {
    const { code, err } = await carabiner(['explain', 'mesure'], { cwd: project.folder.path })

    assert.equal(code, 2)
    assert.match(err, /did you mean `measure`/)
  })
})

function ofPhase(lines: readonly string[], phase: string): readonly string[] {
  return lines.filter((line) => line.startsWith(`${phase} `))
}

function pick(handler: Explained | undefined): readonly unknown[] | undefined {
  return (
    handler && [handler.kind, handler.priority, handler.timeoutMs, handler.onFailure, handler.mode]
  )
}
