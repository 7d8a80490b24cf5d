import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'
import { carabiner } from '../helpers/cli.ts'
import { adjusterSource, projectFolder } from '../helpers/start-host.ts'

describe('carabiner generate', () => {
  it('prints a stanza that is a valid assembly as it stands', async () => {
    using folder = projectFolder({})
    const cwd = folder.path

    const printed = await carabiner(['generate', 'webhooks'], { cwd })
    const written = await carabiner(['generate', 'webhooks', '-o', 'new.yaml'], { cwd })

    assert.equal(printed.code, 0)
    assert.match(printed.out, /^webhooks:$/m)
    assert.equal(written.code, 0)
    assert.equal(readFileSync(folder.file('new.yaml'), 'utf8'), printed.out)
    assert.equal((await carabiner(['validate', 'new.yaml'], { cwd })).err, '')
  })

  it('makes a second instance under a name of its own, with every default written out', async () => {
    using folder = projectFolder({
      'carabiner.yaml': "host: { store: 'memory:' }\nconnectors: [./adjuster.ts]\n",
      'adjuster.ts': adjusterSource,
    })
    const cwd = folder.path

    const { code } = await carabiner(
      ['generate', 'second:adjuster', 'hooks:webhooks', '--defaults', '-o', 'new.yaml'],
      { cwd },
    )
    const text = readFileSync(folder.file('new.yaml'), 'utf8')

    assert.equal(code, 0)
    assert.match(text, /^connectors:\n {2}second: \.\/adjuster\.ts\n {2}hooks: webhooks$/m)
    assert.match(text, /^second:\n {2}limit: 512/m)
    assert.equal((await carabiner(['validate', 'new.yaml'], { cwd })).err, '')
  })

  it('asks before it overwrites, and appends when told to', async () => {
    using folder = projectFolder({ 'x.yaml': '# mine\n' })
    const cwd = folder.path
    const generate = ['generate', 'webhooks', '-o', 'x.yaml']
    const text = (): string => readFileSync(folder.file('x.yaml'), 'utf8')

    assert.equal((await carabiner(generate, { cwd, answer: 'no' })).code, 1)
    assert.equal((await carabiner(generate, { cwd })).code, 2)
    assert.equal(text(), '# mine\n')
    assert.equal((await carabiner([...generate, '--append'], { cwd })).code, 0)
    assert.match(text(), /^# mine\n\n[\s\S]*^webhooks:$/m)
    assert.equal((await carabiner(['validate', 'x.yaml'], { cwd })).err, '')
    const again = await carabiner([...generate, '--append'], { cwd })
    assert.deepEqual(again, {
      code: 2,
      out: '',
      err: 'error: x.yaml has `webhooks` already: `second:webhooks` gives another one an id of its own\n',
    })
    assert.equal((await carabiner(['generate', 'webhooks', 'webhooks'], { cwd })).code, 2)
    assert.equal((await carabiner([...generate, '--force'], { cwd })).code, 0)
    assert.doesNotMatch(text(), /mine/)
  })

  it('writes the stanza that an assembly lacks, which names the connector already', async () => {
    const lacking = "host: { store: 'memory:' }\nconnectors: [callbacks]\n"
    using folder = projectFolder({ 'carabiner.yaml': lacking })
    const cwd = folder.path
    const env = { CALLBACK_SECRET: '07'.repeat(32) }
    const file = ['--append', '-o', 'carabiner.yaml']

    assert.equal((await carabiner(['validate'], { cwd, env })).code, 1)
    const { code, err } = await carabiner(['generate', 'callbacks', ...file], { cwd, env })

    assert.equal(code, 0, err)
    assert.match(err, /^carabiner\.yaml is not valid as it is \(`carabiner validate`\)$/m)
    assert.equal((await carabiner(['validate'], { cwd, env })).out, 'valid: carabiner.yaml\n')
  })

  it('appends to a file that is not there yet as if it wrote it: valid as it stands', async () => {
    using folder = projectFolder({})
    const cwd = folder.path

    const { code } = await carabiner(['generate', 'mine:webhooks', '--append', '-o', 'x.yaml'], {
      cwd,
    })

    assert.equal(code, 0)
    assert.deepEqual(await carabiner(['validate', 'x.yaml'], { cwd }), {
      code: 0,
      out: 'valid: x.yaml\n',
      err: '',
    })
  })

  it('exits 2 for a file that cannot be written', async () => {
    using folder = projectFolder({ file: '' })

    const args = ['generate', 'webhooks', '-o', 'file/below.yaml']
    const { code, err } = await carabiner(args, { cwd: folder.path })

    assert.equal(code, 2)
    assert.match(err, /cannot write .*file\/below\.yaml/)
  })

  it('exits 2 for a connector that is not here and for an alias that is no id', async () => {
    using folder = projectFolder({})
    const cwd = folder.path

    const unknown = await carabiner(['generate', 'nope'], { cwd })
    const alias = await carabiner(['generate', 'Host!:webhooks'], { cwd })

    assert.equal(unknown.code, 2)
    assert.match(unknown.err, /expected one of .*webhooks/)
    assert.equal(alias.code, 2)
  })

  it('prints what the assembly answers over HTTP, and writes it', async () => {
    using folder = projectFolder({
      'carabiner.yaml': "host: { store: 'memory:' }\nconnectors: [./teller.ts]\n",
      'teller.ts': teller,
    })
    const cwd = folder.path

    const printed = await carabiner(['generate', 'openapi'], { cwd })
    const written = await carabiner(['generate', 'openapi', '-o', 'api.json'], { cwd })
    const again = await carabiner(['generate', 'openapi', '-o', 'api.json'], { cwd })
    const mixed = await carabiner(['generate', 'openapi', 'webhooks'], { cwd })

    assert.deepEqual([printed.code, written.code, again.code, mixed.code], [0, 0, 2, 2])
    const document = JSON.parse(printed.out)
    assert.equal(document.openapi, '3.1.1')
    assert.deepEqual(Object.keys(document.paths), ['/health', '/v1/tell/{what}'])
    assert.equal(readFileSync(folder.file('api.json'), 'utf8'), printed.out)
  })
})

const teller = `import { defineConnector } from 'carabiner'

export default defineConnector({
  name: 'teller',
  routes: [
    { method: 'GET', path: '/v1/tell/:what', operation: { id: 'tell', summary: 'Tell' }, handle: () => 'told' },
  ],
  setup() {},
})
`
