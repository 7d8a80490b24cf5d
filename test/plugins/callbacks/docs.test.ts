import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { CallbacksConfig } from '../../../plugins/callbacks/config.ts'
import { callbacks } from '../../../plugins/callbacks/connector.ts'
import { managementRoutes } from '../../../plugins/callbacks/routes/management.ts'
import { readPage } from '../../helpers/code-blocks.ts'
import { type StartedProject, startProject } from '../../helpers/start-host.ts'
import {
  answerIn,
  commandsIn,
  openTerminal,
  type Terminal,
  withoutChance,
} from '../subscriptions/docs-page.ts'
import { managementKey, secret } from './callbacks-host.ts'

const file = 'docs/callbacks.md'
const page = readPage(file)
/** What is followed: the page's part about hosts. */
const part = page.slice(page.indexOf('## In a host\n'), page.indexOf('## Security\n'))
/** What the page has its reader make up. */
const made = { MANAGEMENT_KEY: managementKey, CALLBACK_SECRET: secret }

describe(`${file}, in a host`, () => {
  let project: StartedProject
  let terminal: Terminal
  before(async () => {
    const [, yaml = ''] = /```yaml\n(.*?)```/s.exec(part) ?? []
    const [, orders = ''] = /```ts\n(.*?)```/s.exec(part) ?? []
    project = await startProject(yaml.replace('server: {', 'server: { port: 0,'), {
      listen: true,
      env: made,
      files: { 'orders.ts': orders },
    })
    terminal = openTerminal(project.folder.path)
  })
  after(() => project[Symbol.asyncDispose]())

  const commands = commandsIn(part)

  it('shows every call, every setting and every command there is', () => {
    const called = [...part.matchAll(/\$API(\/[^ "?]+)/g)].map(([, path = '']) => path)
    const { properties } = Object(CallbacksConfig)

    const missing = managementRoutes.filter(({ path }) => {
      const pattern = new RegExp(`^${path.replaceAll(/:\w+/g, '[^/]+')}$`)
      return !called.some((each) => pattern.test(each))
    })
    assert.deepEqual(missing, [])
    const words = [
      ...Object.keys(properties).map((key) => `\`${key}\``),
      ...(callbacks.commands ?? []).map(({ name }) => `\`carabiner callbacks ${name}`),
    ]
    assert.equal(words.length, 11)
    assert.deepEqual(
      words.filter((word) => !part.includes(word)),
      [],
    )
  })

  for (const { line, script, answer } of commands) {
    it(`line ${line} of it: ${script.split('\n', 1)}`, async () => {
      if (/^carabiner run/.test(script)) return // runs already
      const text = script.replaceAll('http://127.0.0.1:8484', project.url)

      const out = await terminal.run(text, made)

      if (answer === undefined) return
      const got = answerIn(out.replace(/^202\n/, ''))
      assert.deepEqual(withoutIds(got), withoutIds(answer), JSON.stringify(got.body))
    })
  }
})

/** With names in place of what is different each time. */
function withoutIds(value: unknown): unknown {
  const text = JSON.stringify(withoutChance(value))
  return JSON.parse(text.replaceAll(/not found: [\da-f-]{36}/g, 'not found: ID'))
}
