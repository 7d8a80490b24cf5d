import assert from 'node:assert/strict'
import { renameSync, writeFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { spawnCarabiner } from '../helpers/cli.ts'
import { adjusterSource, projectFolder } from '../helpers/start-host.ts'

const assembly = (limit: string): string => `
host: { store: 'memory:', server: { port: 0, management_key: key-key-key-key-key } }
connectors: { adjuster: ./adjuster.ts }
adjuster: { limit: ${limit} }
`

describe('carabiner run --watch', () => {
  it('goes over to the file when it changes, however editors write it, and keeps the old one when it is bad', async () => {
    using folder = projectFolder({
      'carabiner.yaml': assembly('10'),
      'adjuster.ts': adjusterSource,
    })
    const args = ['run', '--watch', '--json']
    await using host = spawnCarabiner(args, { cwd: folder.path })
    const { listeners } = JSON.parse(await host.line())
    const statusOf = async (amount: number): Promise<number> => {
      const response = await fetch(`${listeners[0].url}/api/v1/dispatch/adjust`, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          'x-internal-api-key': 'key-key-key-key-key',
        },
        body: JSON.stringify({ component: 'web', amount }),
      })
      return response.status
    }
    assert.equal(await statusOf(20), 409)

    writeFileSync(folder.file('next.yaml'), assembly('30'))
    renameSync(folder.file('next.yaml'), folder.file('carabiner.yaml'))
    await host.said(/reloaded carabiner\.yaml/)
    assert.equal(await statusOf(20), 200)

    writeFileSync(folder.file('carabiner.yaml'), assembly('lots'))
    await host.said(/the old assembly goes on/)
    assert.match(host.err(), /carabiner\.yaml:4:\d+: /)
    assert.equal(await statusOf(20), 200)
  })
})

describe('paths on the command line', () => {
  it('start where the user stands, also when npm has gone elsewhere', async () => {
    using folder = projectFolder({ 'mine.yaml': "host: { store: 'memory:' }\nconnectors: []\n" })
    using elsewhere = projectFolder({})

    const args = ['validate', 'mine.yaml', '--json']
    await using validate = spawnCarabiner(args, {
      cwd: elsewhere.path,
      env: { INIT_CWD: folder.path },
    })

    assert.equal(await validate.exit(), 0)
  })
})
