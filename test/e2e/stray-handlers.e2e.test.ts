import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { carabiner, carabinerJson } from '../helpers/cli.ts'
import { runHost } from '../helpers/host-process.ts'
import { receiver } from '../helpers/receiver.ts'
import { adjusterSource, projectFolder } from '../helpers/start-host.ts'

const stray = (name: string, setup: string): string => `import { defineConnector } from 'carabiner'
import { adjust } from './adjuster.ts'
export default defineConnector({
  name: '${name}',
  setup({ before, on, after, deliveries, log }) { ${setup} },
})
`

const files = {
  'adjuster.ts': adjusterSource,
  'left.ts': stray(
    'left',
    "before('ajust', () => {}); on('adjust', () => {}); after('shutdwon', () => {})",
  ),
  'right.ts': stray('right', "on('something.else', () => {})"),
  'broken.ts': stray('broken', "throw new Error('no ink')"),
}

const host = "host: { store: 'memory:', server: { port: 0, allow_unauthenticated: true } }\n"
const strays = `${host}connectors:
  adjuster: ./adjuster.ts
  left: ./left.ts
  right: ./right.ts
`

const expected = [
  [
    4,
    '`left` (./left.ts) has a handler for `before:ajust`: there is no event `ajust`; did you mean `adjust`?',
  ],
  [
    4,
    '`left` (./left.ts) has a handler for `after:shutdwon`: there is no event `shutdwon`; did you mean `shutdown`?',
  ],
  [
    5,
    '`right` (./right.ts) has a handler for `something.else`: there is no event `something.else`',
  ],
] as const

describe('handlers of events that nobody declares', () => {
  it('are found by validate, all of them, where the file names their connector', async () => {
    using folder = projectFolder({ 'carabiner.yaml': strays, ...files })

    const { code, json } = await carabinerJson(['validate'], { cwd: folder.path })

    assert.equal(code, 1)
    const { valid, problems } = json as { valid: boolean; problems: readonly Found[] }
    assert.equal(valid, false)
    assert.deepEqual(
      problems.map(({ line, message }) => [line, message]),
      expected,
    )
    assert.deepEqual(
      problems.map(({ file, column, path }) => [file, column, path]),
      [
        ['carabiner.yaml', 9, 'connectors.left'],
        ['carabiner.yaml', 9, 'connectors.left'],
        ['carabiner.yaml', 10, 'connectors.right'],
      ],
    )
    assert.match(problems[0]?.expected ?? '', /`startup`.*`adjust`/)
  })

  for (const command of ['run', 'check', 'dispatch adjust', 'explain adjust']) {
    it(`keep \`${command}\` from starting, and are told in the same words`, async () => {
      using folder = projectFolder({ 'carabiner.yaml': strays, ...files })

      const { code, out, err } = await carabiner(command.split(' '), { cwd: folder.path })

      assert.deepEqual([code, out], [1, ''])
      for (const [line, message] of expected)
        assert.ok(err.includes(`:${line}:`) && err.includes(message), err)
      assert.match(err, /^ {2}4 \| {3}left: \.\/left\.ts$/m)
      assert.match(err, /^3 problems$/m)
    })
  }

  it('are told together with connectors that cannot be set up', async () => {
    using folder = projectFolder({
      'carabiner.yaml': `${strays}  broken: ./broken.ts\n`,
      ...files,
    })

    const validated = await carabinerJson(['validate'], { cwd: folder.path })
    const started = await carabiner(['run'], { cwd: folder.path })

    const { problems } = validated.json as { problems: readonly Found[] }
    assert.deepEqual(
      problems.map(({ line }) => line),
      [4, 4, 5, 6],
    )
    assert.equal(problems[3]?.message, 'connector `broken` did not start: no ink')
    assert.match(started.err, /did you mean `adjust`/)
    assert.match(started.err, /connector `broken` did not start: no ink/)
  })

  it('are named at the entry of a list, too', async () => {
    using folder = projectFolder({
      'carabiner.yaml': `${host}connectors: [./adjuster.ts, ./right.ts]\n`,
      ...files,
    })

    const { err } = await carabiner(['validate'], { cwd: folder.path })

    assert.match(err, /^carabiner\.yaml:2:29: `right` \(\.\/right\.ts\) has a handler/m)
  })

  it('count also for what is owed after an event', async () => {
    const owing = stray('owing', 'deliveries.owe(adjust, () => [])')
    using folder = projectFolder({
      'carabiner.yaml': `${host}connectors: { owing: ./owing.ts }\n`,
      ...files,
      'owing.ts': owing,
    })

    const { err } = await carabiner(['validate'], { cwd: folder.path })

    assert.match(
      err,
      /`owing` \(\.\/owing\.ts\) has a handler for `after:adjust`: there is no event/,
    )
  })

  it('of the next assembly leave the old one at work', async () => {
    using folder = projectFolder({
      'carabiner.yaml': `${host}connectors: { adjuster: ./adjuster.ts }\n`,
      ...files,
    })
    await using running = await runHost(folder)

    writeFileSync(folder.file('carabiner.yaml'), strays)
    running.child.kill('SIGHUP')
    await running.said(/the old assembly goes on/)

    assert.match(running.err(), /carabiner\.yaml:4:9: `left`.*did you mean `adjust`/)
    const { status } = await running.dispatch('adjust', { component: 'web', amount: 1 })
    assert.equal(status, 200)
  })

  it('throw where they are registered when their connector has been set up', async () => {
    const late = stray('late', "on('startup', () => { on('ajust', () => {}) })")
    using folder = projectFolder({
      'carabiner.yaml': `${host}connectors: { late: ./late.ts, adjuster: ./adjuster.ts }\n`,
      ...files,
      'late.ts': late,
    })

    const { code, err } = await carabiner(['check'], { cwd: folder.path })

    assert.equal(code, 1)
    assert.match(
      err,
      /`startup` did not complete: late: there is no event `ajust`; did you mean `adjust`/,
    )
  })
})

describe('carabiner validate --no-setup', () => {
  it('reads the file only: no connector is set up', async () => {
    using folder = projectFolder({
      'carabiner.yaml': `${strays}  broken: ./broken.ts\n`,
      ...files,
    })

    const { code, out } = await carabiner(['validate', '--no-setup'], { cwd: folder.path })

    assert.deepEqual([code, out], [0, 'valid: carabiner.yaml\n'])
  })
})

describe('carabiner validate', () => {
  it('sends nothing, whatever a setup asks for', async () => {
    await using to = await receiver()
    const asking = `import { defineConnector, retryPolicies } from 'carabiner'
export default defineConnector({
  name: 'asking',
  async setup({ deliveries }) {
    deliveries.endpoint({
      id: 'asking/it', url: '${to.url}', headers: {}, secrets: ['s3cr3t'], signatures: ['servo'],
      timeoutMs: 1000, retry: retryPolicies.standard, concurrency: 1, rate: undefined,
      circuitBreaker: false, replyLimit: 100,
    })
    const message = {
      origin: 'webhook', type: 'x', contentType: 'text/plain', body: Buffer.from('x'), traceId: 't', depth: 0,
      to: [{ endpoint: 'asking/it' }],
    } as const
    const reply = await deliveries.ask('asking/it', message, { attempt: 1, timeoutMs: 1000 })
    if (reply.kind !== 'no-reply') throw new Error('it was sent')
    await deliveries.send([message])
  },
})
`
    using folder = projectFolder({
      'carabiner.yaml': `${host}connectors: { asking: ./asking.ts }\n`,
      'asking.ts': asking,
    })

    const { code, err } = await carabiner(['validate'], { cwd: folder.path })

    assert.deepEqual([code, err], [0, ''])
    assert.equal(to.received.length, 0)
  })
})

interface Found {
  readonly file: string
  readonly line: number
  readonly column: number
  readonly path: string
  readonly message: string
  readonly expected: string
}
