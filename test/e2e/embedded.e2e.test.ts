import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { startEmbedded } from '../../docs/examples/embedded-host.ts'
import { receiver } from '../helpers/receiver.ts'
import { adjusterSource, projectFolder } from '../helpers/start-host.ts'

const secret = 'a-secret-of-this-test'
const yaml = (url: string, key = 'events') => `host:
  store: 'memory:'
  log: { level: debug }
  server: { port: 0 }
connectors: { adjuster: ./adjuster.ts, webhooks: webhooks }
webhooks: [{ name: told, ${key}: after:adjust, url: '${url}/${secret}', secret: ${secret} }]
`

describe('docs/examples/embedded-host.ts', () => {
  it('starts a host that finds the built-in connectors, and keeps secrets out of the log', async () => {
    await using to = await receiver()
    using folder = projectFolder({ 'carabiner.yaml': yaml(to.url), 'adjuster.ts': adjusterSource })
    const lines: string[] = []
    await using host = await startEmbedded(folder.file('carabiner.yaml'), {}, (line) =>
      lines.push(line),
    )

    const { kind } = await host.dispatch('adjust', { component: 'web', amount: 1 })
    const [told] = await to.requests(1)
    await host.stop()

    assert.equal(kind, 'completed')
    assert.equal(JSON.parse(told?.text ?? '').event, 'after:adjust')
    assert.match(lines.join(''), /"endpoint":"webhooks\/told"/)
    assert.doesNotMatch(lines.join(''), new RegExp(secret))
  })

  it('says what is wrong with the assembly', async () => {
    using folder = projectFolder({
      'carabiner.yaml': yaml('http://127.0.0.1:9', 'evnts'),
      'adjuster.ts': adjusterSource,
    })
    const starting = startEmbedded(folder.file('carabiner.yaml'), {}, () => {})

    await assert.rejects(starting, /is invalid: 6:\d+ .*unknown key `evnts`/)
  })

  it('stands in docs/dispatch.md', () => {
    const read = (path: string) =>
      readFileSync(new URL(`../../docs/${path}`, import.meta.url), 'utf8')

    assert.ok(read('dispatch.md').includes(read('examples/embedded-host.ts')))
  })
})
