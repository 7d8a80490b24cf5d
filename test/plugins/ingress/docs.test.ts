import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { IngressConfig } from '../../../plugins/ingress/config.ts'
import ingress from '../../../plugins/ingress/index.ts'
import { builtInProviders } from '../../../plugins/ingress/providers/providers.ts'
import { readPage } from '../../helpers/code-blocks.ts'
import { commandsIn } from '../subscriptions/docs-page.ts'
import { type DocsReader, openReader, withoutNews } from './docs-reader.ts'

const file = 'docs/ingress.md'

describe(file, () => {
  let reader: DocsReader
  before(async () => {
    reader = await openReader(file)
  })
  after(() => reader[Symbol.asyncDispose]())

  const commands = commandsIn(readPage(file))

  it('shows every call there is', () => {
    const scripts = commands.map(({ script }) => script).join('\n')
    const routes = Array.isArray(ingress.routes) ? ingress.routes : []
    const called = [...scripts.matchAll(/\$API(\/[^ "?]+)/g)].map(([, path = '']) => path)

    assert.ok(routes.length >= 11)
    const missing = routes.filter(({ path }) => {
      const pattern = new RegExp(`^${path.replaceAll(/:\w+/g, '[^/]+')}$`)
      return !called.some((each) => pattern.test(each))
    })
    assert.deepEqual(missing, [])
  })

  it('has every setting, every provider and every command', () => {
    const page = readPage(file)
    const { properties } = Object(IngressConfig)
    const settings = [
      ...Object.keys(properties),
      ...Object.keys(properties.integrations.items.properties),
    ]
    const names = (ingress.commands ?? []).map(({ name }) => `ingress ${name}`)

    const words = [...settings, ...builtInProviders.keys()]
    assert.ok(words.length > 20 && names.length === 4)
    assert.deepEqual(
      words.filter((word) => !page.includes(`\`${word}\``)),
      [],
    )
    assert.deepEqual(
      names.filter((name) => !page.includes(`carabiner ${name}`)),
      [],
    )
  })

  for (const { line, script, answer } of commands) {
    it(`line ${line}: ${script.split('\n', 1)}`, async () => {
      const got = await reader.follow(script)

      if (got === undefined) return
      assert.ok(answer !== undefined, 'the page does not say what it answers')
      assert.deepEqual(withoutNews(got), withoutNews(answer), JSON.stringify(got.body))
    })
  }

  it('has come to a receiver that found every signature valid', async () => {
    const requests = await reader.requests()

    assert.ok(requests.length >= 3, String(requests.length))
    for (const { signature, status } of requests) {
      assert.match(signature, /standard: verified/)
      assert.equal(status, 204)
    }
  })
})
