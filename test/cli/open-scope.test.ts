import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { carabiner } from '../helpers/cli.ts'
import { projectFolder } from '../helpers/start-host.ts'

const notebook = `import { defineConnector, defineEvent } from 'carabiner'
import { Type } from 'typebox'

const noted = defineEvent('noted', { params: Type.Object({ text: Type.String() }) })

async function texts({ records }) {
  const found = await records.findRecords({ collection: 'notes', index: 'all', limit: 100 })
  return found.map(({ value }) => value).join(',')
}

export default defineConnector({
  name: 'notebook',
  events: [noted],
  setup({ on, before, records }) {
    // Of another connector: there is its event, whether or not it is set up.
    before('rung', () => {})
    on('startup', () => write(records, 'startup'))
    on(noted, ({ params }) => write(records, params.text))
  },
  commands: [
    {
      name: 'alone',
      description: 'writes a note',
      async run(context) {
        await using opened = await context.openScope()
        await write(opened.scope.records, 'alone')
        context.print([await texts(opened.scope), opened.scope.connectors].join(' '))
        return 0
      },
    },
    {
      name: 'hosted',
      description: 'writes a note on a host',
      async run(context) {
        await using host = await context.startHost({ store: await context.openStore() })
        await host.scope.dispatch(noted, { text: 'hosted' })
        context.print(await texts(host.scope))
        return 0
      },
    },
  ],
})

function write(records, text) {
  const id = String(text.length)
  return records.writeRecords([
    { kind: 'put', collection: 'notes', id, value: text, entries: { all: [text] } },
  ])
}
`

const bell = `import { defineConnector, defineEvent } from 'carabiner'

export default defineConnector({
  name: 'bell',
  events: [defineEvent('rung', {})],
  setup() {
    throw new Error('the bell was set up')
  },
})
`

function project(store: string, connectors: string) {
  return projectFolder({
    'notebook.ts': notebook,
    'bell.ts': bell,
    'carabiner.yaml': `host: { store: "${store}" }\nconnectors: { ${connectors} }\n`,
  })
}

const withBell = 'bell: ./bell.ts, notebook: ./notebook.ts'

describe('the scope of a command', () => {
  it('is set up alone, on the store: no other connector, no startup', async () => {
    using folder = project('sqlite:./store.db', withBell)

    const { code, out, err } = await carabiner(['notebook', 'alone'], { cwd: folder.path })

    assert.equal(code, 0, err)
    assert.equal(out, 'alone bell,notebook\n')
  })

  it('is that of a host, which has started', async () => {
    const quiet = `bell: ./quiet.ts, notebook: ./notebook.ts`
    using folder = projectFolder({
      'notebook.ts': notebook,
      'quiet.ts': bell.replace("throw new Error('the bell was set up')", ''),
      'carabiner.yaml': `host: { store: "sqlite:./store.db" }\nconnectors: { ${quiet} }\n`,
    })

    const { code, out, err } = await carabiner(['notebook', 'hosted'], { cwd: folder.path })

    assert.equal(code, 0, err)
    assert.equal(out, 'hosted,startup\n')
  })

  it('is refused on a store that ends with its process', async () => {
    using folder = project('memory:', withBell)

    for (const name of ['alone', 'hosted']) {
      const { code, err } = await carabiner(['notebook', name], { cwd: folder.path })
      assert.equal(code, 1)
      assert.match(err, /the memory: store ends with its process/)
    }
  })
})
