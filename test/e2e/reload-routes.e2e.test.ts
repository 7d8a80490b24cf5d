import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { type HostProcess, runHost } from '../helpers/host-process.ts'
import { request } from '../helpers/served-host.ts'
import { type ProjectFolder, projectFolder } from '../helpers/start-host.ts'

/** A connector whose routes depend on its instance. */
const greeter = `import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { answer, defineConnector } from 'carabiner'
import { Type } from 'typebox'
export default defineConnector({
  name: 'greeter',
  config: Type.Object({ word: Type.String({ default: 'hello' }), path: Type.String({ default: '/v1' }) }),
  routes: ({ id, config }) => [
    {
      method: 'GET',
      path: config.path + '/' + id,
      handle: (_request, { config }) => answer(config.word, { headers: { 'x-id': id } }),
    },
    {
      method: 'POST',
      path: '/v1/slow-' + id,
      async handle() {
        process.stderr.write('held\\n')
        const gate = join(import.meta.dirname, 'open')
        while (!existsSync(gate)) await new Promise((resolve) => setTimeout(resolve, 20))
        return config.word
      },
    },
  ],
  setup({ id }) {
    return { [Symbol.dispose]: () => void process.stderr.write(id + ' stopped\\n') }
  },
})
`

const host = "host: { store: 'memory:', server: { port: 0, allow_unauthenticated: true } }\n"

describe('a reload', () => {
  it('serves the routes of the next assembly and drops those of the last', async () => {
    using folder = project('connectors: { left: ./greeter.ts }')
    await using running = await runHost(folder)
    assert.deepEqual(await statuses(running, '/v1/left', '/v1/right'), [200, 404])

    await reload(running, folder, 'connectors: { right: ./greeter.ts }\nright: { word: good day }')

    assert.deepEqual(await statuses(running, '/v1/left', '/v1/right'), [404, 200])
    const answered = await running.get('/v1/right')
    assert.deepEqual([answered.text, answered.headers.get('x-id')], ['"good day"', 'right'])
  })

  it('lets a request that has begun end on the old connector, before that is stopped', async () => {
    using folder = project('connectors: { left: ./greeter.ts }')
    await using running = await runHost(folder)
    const begun = request(`${running.url}/v1/slow-left`, { method: 'POST' })
    await running.said(/held/)

    const done = reload(
      running,
      folder,
      'connectors: { left: ./greeter.ts }\nleft: { word: later }',
    )
    while ((await running.get('/v1/left')).text !== '"later"');
    assert.doesNotMatch(running.err(), /stopped/)
    writeFileSync(folder.file('open'), '')

    assert.equal((await begun).text, '"hello"')
    await done
    assert.match(running.err(), /left stopped\n[\s\S]*reloaded/)
  })

  it('to routes that cannot be served keeps the old ones', async () => {
    using folder = project('connectors: { left: ./greeter.ts }')
    await using running = await runHost(folder)

    write(
      folder,
      'connectors: { left: ./greeter.ts, right: ./greeter.ts }\nright: { path: /other }',
    )
    running.child.kill('SIGHUP')
    await running.said(/the old assembly goes on/)

    assert.match(
      running.err(),
      /connector `right` did not start: the route `\/other\/right` cannot be served: outside \/v1/,
    )
    assert.deepEqual(await statuses(running, '/v1/left', '/v1/right'), [200, 404])
  })
})

describe('two connectors with the same route', () => {
  const twins = 'connectors: { left: ./greeter.ts, right: ./twin.ts }'
  const files = {
    'twin.ts': `import { defineConnector } from 'carabiner'
export default defineConnector({
  name: 'twin',
  routes: [{ method: 'GET', path: '/v1/left', handle: () => 'mine' }],
  setup() {},
})
`,
  }

  it('leave the old assembly at work', async () => {
    using folder = project('connectors: { left: ./greeter.ts }', files)
    await using running = await runHost(folder)

    write(folder, twins)
    running.child.kill('SIGHUP')
    await running.said(/the old assembly goes on/)

    assert.match(
      running.err(),
      /connector `right` cannot serve GET \/v1\/left: is it served already\?/,
    )
    assert.equal((await running.get('/v1/left')).text, '"hello"')
  })
})

function project(connectors: string, files: Readonly<Record<string, string>> = {}): ProjectFolder {
  return projectFolder({ 'carabiner.yaml': host + connectors, 'greeter.ts': greeter, ...files })
}

function write(folder: ProjectFolder, connectors: string): void {
  writeFileSync(folder.file('carabiner.yaml'), `${host}${connectors}\n`)
}

async function reload(
  running: HostProcess,
  folder: ProjectFolder,
  connectors: string,
): Promise<void> {
  write(folder, connectors)
  running.child.kill('SIGHUP')
  await running.said(/^reloaded/m)
}

function statuses(running: HostProcess, ...paths: readonly string[]): Promise<number[]> {
  return Promise.all(paths.map(async (path) => (await running.get(path)).status))
}
