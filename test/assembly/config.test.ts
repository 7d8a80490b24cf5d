import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { parse } from 'yaml'
import { builtInConnectors } from '../../src/assembly/built-in.ts'
import { generateStanza } from '../../src/assembly/generate.ts'
import { printConfig } from '../../src/assembly/print-config.ts'
import { compareForReload } from '../../src/assembly/reload.ts'
import { AssemblyFile, testBuiltIn } from '../helpers/assembly-file.ts'

const secretive = [
  'host: { server: { management_key: [hunter2-hunter2-1, { name: ops, key: hunter2-hunter2-2 }] } }',
  'connectors: { meter: meter, courier: courier }',
  'meter: { key: hunter2-3, every: 90s }',
  'courier:',
  '  - name: a',
  '    events: [measure]',
  '    url: https://me:hunter2-4@example.com/in?token=hunter2-5',
  '    secret: [hunter2-6, h2]',
  '    headers: { authorization: hunter2-7, x-team: platform }',
].join('\n')

describe('the effective configuration', () => {
  it('has defaults filled in, quantities as people write them, and no secret', async () => {
    using file = new AssemblyFile(secretive)

    const text = printConfig(await file.assembly(), [], 'yaml')

    assert.doesNotMatch(text, /hunter2|h2/)
    const { host, meter, courier } = parse(text)
    assert.partialDeepStrictEqual(host, { retention: '30d', server: { body_limit: '1MiB' } })
    assert.deepEqual(host.server.management_key, ['••••', { name: 'ops', key: '••••' }])
    assert.deepEqual(meter, { limit: 512, every: '90s', pause: 0, key: '••••' })
    assert.deepEqual(courier, [
      {
        name: 'a',
        events: ['measure'],
        url: 'https://••••@example.com/in?token=••••',
        secret: ['••••', '••••'],
        timeout: '10s',
        limit: '64KiB',
        headers: { authorization: '••••', 'x-team': 'platform' },
      },
    ])
  })

  it('prints one key alone, several under their names, as YAML or JSON', async () => {
    using file = new AssemblyFile('connectors: [meter]\n')
    const assembly = await file.assembly()

    assert.equal(printConfig(assembly, ['host.server.port'], 'yaml'), '8484\n')
    assert.deepEqual(JSON.parse(printConfig(assembly, ['meter.limit', 'host.name'], 'json')), {
      'meter.limit': 512,
      'host.name': 'carabiner',
    })
  })

  it('refuses a key that is not there', async () => {
    using file = new AssemblyFile('connectors: [meter]\n')
    const assembly = await file.assembly()

    assert.throws(() => printConfig(assembly, ['meter.nope'], 'yaml'), { code: 'USAGE' })
  })

  it('is an assembly again', async () => {
    using file = new AssemblyFile('connectors: [meter]\nmeter: { every: 1h30m }\n')
    const before = await file.assembly()
    using again = new AssemblyFile(printConfig(before, [], 'yaml'))

    const after = await again.assembly()

    assert.deepEqual(
      after.connectors.map(({ config }) => config),
      before.connectors.map(({ config }) => config),
    )
  })
})

describe('a generated stanza', () => {
  for (const defaults of [false, true]) {
    for (const id of ['courier', 'meter', 'second']) {
      it(`of ${id} ${defaults ? 'with defaults ' : ''}is valid`, async () => {
        const name = id === 'second' ? 'meter' : id
        const connector = (await builtInConnectors(testBuiltIn)).find((each) => each.name === name)
        assert.ok(connector)
        const stanza = generateStanza({ id, connector, defaults }).replaceAll(
          'change-this',
          'measure',
        )
        using file = new AssemblyFile(`connectors: { ${id}: ${name}, m: meter }\n${stanza}`)

        assert.deepEqual(await file.problems(), [])
      })
    }
  }
})

describe('a reload', () => {
  it('needs a restart for another store and other listeners, and for nothing else', async () => {
    using one = new AssemblyFile('host: { store: "memory:" }\nconnectors: []\n')
    using two = new AssemblyFile(
      'host: { store: sqlite:./x.db, server: { port: 1 } }\nconnectors: []\n',
    )
    using three = new AssemblyFile('host: { store: memory, retention: 1d }\nconnectors: []\n')

    const changes = compareForReload(await one.assembly(), await two.assembly())
    const nothing = compareForReload(await one.assembly(), await three.assembly())

    assert.deepEqual(changes, ['host.store', 'host.server.listeners'])
    assert.deepEqual(nothing, [])
  })
})
