// biome-ignore-all lint/suspicious/noTemplateCurlyInString: `${…}` is what an assembly may contain
import assert from 'node:assert/strict'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { loadAssembly } from '../../src/assembly/load-assembly.ts'
import { Validator } from '../../src/schema/validator.ts'
import { AssemblyFile, testBuiltIn } from '../helpers/assembly-file.ts'

const mine = `
import { defineConnector, defineEvent, Duration, Rate, Secret, SecretList, Size } from 'carabiner'
import { Type } from 'typebox'
import { fallback } from './fallback.ts'

export const adjust = defineEvent('adjust', { params: Type.Object({ amount: Type.Number() }) })

export default defineConnector({
  name: 'mine',
  config: Type.Object({
    limit: Type.Number({ default: fallback }),
    wait: Duration({ default: '1.5s' }),
    most: Size({ default: '64KiB' }),
    rate: Type.Optional(Rate({ default: false })),
    key: Type.Optional(Secret()),
    keys: Type.Optional(SecretList()),
    text: Type.Optional(Type.String()),
    either: Type.Optional(Type.Union([Type.Null(), Duration()])),
    label: Type.Optional(Type.Union([Type.Number(), Type.String()])),
    on: Type.Optional(Type.Boolean()),
    headers: Type.Optional(Type.Record(Type.String(), Type.String())),
  }),
  events: [adjust],
  setup() {},
})
`

async function withMine(yaml: string): Promise<AssemblyFile> {
  const file = new AssemblyFile(yaml)
  await file.write('mine.ts', mine)
  await file.write('fallback.ts', 'export const fallback: number = 512\n')
  return file
}

async function configOf(stanza: string, env?: Record<string, string>): Promise<unknown> {
  using file = await withMine(`connectors: [./mine.ts]\nmine: ${stanza}\n`)
  const { connectors } = await file.assembly(env)
  return connectors[0]?.config
}

describe('an assembly', () => {
  it('names both kinds of store to somebody who wants a third', async () => {
    using file = new AssemblyFile('host: { store: mysql://db/orders }\nconnectors: []\n')

    const [problem] = await file.problems()

    assert.match(problem?.expected ?? '', /sqlite:\S+ or postgres:\S+/)
  })

  it('takes the certificates in the URL of a store from its own folder', async () => {
    const url = 'postgres://db/orders?sslmode=verify-full&sslrootcert=ca.pem'
    using file = new AssemblyFile(`host: { store: '${url}' }\nconnectors: []\n`)
    await file.write('ca.pem', '')

    const { host } = await file.assembly()

    assert.equal(new URL(host.store).searchParams.get('sslrootcert'), join(file.folder, 'ca.pem'))
  })

  it('has the defaults of the contract', async () => {
    using file = new AssemblyFile('connectors: []\n')

    const { host } = await file.assembly()

    assert.deepEqual(host, {
      name: 'carabiner',
      store: `sqlite:${join(file.folder, 'data/carabiner.db')}`,
      auditKeys: [],
      shutdownTimeoutMs: 30_000,
      eventTimeoutMs: 30_000,
      retentionMs: 30 * 86_400_000,
      log: { level: 'info', format: 'auto' },
      egress: { default: 'trusted', allow: [], http: true, ports: 'any', proxy: null },
      deliveries: {
        bodyLimit: 1_048_576,
        keptReply: 8_192,
        replyHeaderBytes: 16_384,
        replyHeaderLines: 256,
        window: 1_000,
      },
      server: {
        publicUrl: null,
        managementKeys: [],
        allowUnauthenticated: false,
        trustedProxies: [],
        bodyLimit: 1_048_576,
        cors: false,
        listeners: [
          {
            host: '127.0.0.1',
            port: 8484,
            serve: ['public', 'management', 'callbacks', 'metrics'],
            tls: undefined,
          },
        ],
      },
    })
  })

  it('loads a connector file from any folder, with the files it imports', async () => {
    using file = await withMine('connectors: [./mine.ts]\n')

    const { connectors, events } = await file.assembly()

    assert.deepEqual(
      connectors.map(({ id, source }) => [id, source]),
      [['mine', './mine.ts']],
    )
    assert.ok(events.some(({ name }) => name === 'adjust'))
  })

  it('loads one in a folder that npm init made CommonJS', async () => {
    using file = await withMine('connectors: [./mine.ts]\n')
    await file.write('package.json', '{ "type": "commonjs" }')

    assert.deepEqual(await file.problems(), [])
  })

  it('loads the connectors of a package by the carabiner key of its package.json', async () => {
    using file = new AssemblyFile('connectors: [some-connectors]\n')
    const folder = 'node_modules/some-connectors'
    await file.write(
      `${folder}/package.json`,
      '{ "type": "module", "carabiner": "./lib/index.js" }',
    )
    await file.write(
      `${folder}/lib/index.js`,
      'import { defineConnector } from "carabiner"\nconst make = (name) => defineConnector({ name, setup() {} })\nexport default [make("one"), make("two")]',
    )

    const { connectors } = await file.assembly()

    assert.deepEqual(
      connectors.map(({ id }) => id),
      ['one', 'two'],
    )
  })

  it('without `connectors` makes the built-in ones active that have a stanza', async () => {
    using file = new AssemblyFile('x-note: { a: 1 }\nmeter:\n')

    const { connectors } = await file.assembly()

    assert.deepEqual(
      connectors.map(({ id, source }) => [id, source]),
      [['meter', 'built-in']],
    )
  })

  it('takes one connector twice under two ids, each with its configuration', async () => {
    using file = new AssemblyFile(
      'connectors: { first: meter, second: meter }\nfirst: { limit: 1 }\nsecond: { limit: 2 }\n',
    )

    const { connectors } = await file.assembly()

    assert.deepEqual(
      connectors.map(({ config }) => (config as { limit: number }).limit),
      [1, 2],
    )
  })

  it('takes a connector again that has changed since it was first imported', async () => {
    using file = new AssemblyFile('connectors: { mine: ./mine.ts }\n')
    await file.write('mine.ts', 'export default {')
    assert.equal((await file.problems()).length, 1)

    await file.write(
      'mine.ts',
      mine.replace("import { fallback } from './fallback.ts'", 'const fallback = 1'),
    )

    assert.deepEqual(await file.problems(), [])
  })

  it('knows the line of what it spells out', async () => {
    using file = await withMine('connectors: [./mine.ts]\nmine:\n  keys: [a, b]\n')

    const assembly = await file.assembly()

    assert.deepEqual(assembly.position(['mine', 'keys', 1]), { line: 3, column: 13 })
    assert.equal(assembly.position(['mine', 'limit']), undefined)
  })

  it('tells all problems at once, in the order of the file', async () => {
    using file = await withMine(
      [
        'host: { nmae: x, retention: soon }',
        'connectors: { mine: ./mine.ts, courier: courier, other: ./nope.ts }',
        'mine: { limit: much, key: ${NOPE}, limit: 4 }',
        'courier:',
        '  - { name: A, url: !nope x, secret: [] }',
        'stray: {}',
      ].join('\n'),
    )

    const problems = await file.problems()

    assert.deepEqual(
      problems.map(({ line, path }) => `${line} ${path}`),
      [
        '1 host.nmae',
        '1 host.retention',
        '2 connectors.other',
        '3 mine.limit',
        '3 mine.key',
        '3 mine.limit',
        '5 courier[0].events',
        '5 courier[0].name',
        '5 ',
        '5 courier[0].secret',
        '6 stray',
      ],
    )
  })

  it('lets connectors check what is usable of a stanza that has other faults', async () => {
    using file = new AssemblyFile(
      'courier:\n  - { name: a, events: [nope], url: x, secret: s, mood: off }\n  - { nme: b }\n  - { name: c, events: [startup, nada], url: x, secret: "${NOPE}" }\n',
    )

    const problems = await file.problems()

    assert.deepEqual(
      problems.filter(({ message }) => /unknown event/.test(message)).map(({ path }) => path),
      ['courier[0].events[0]', 'courier[2].events[1]'],
    )
  })

  it('is invalid when its file or the .env beside it cannot be read', async () => {
    using file = new AssemblyFile('host: {}\n')
    await file.write('.env/note', '')
    const [unreadable] = await file.problems()
    const missing = await loadAssembly(file.folder, {
      env: {},
      builtInFolder: testBuiltIn,
      validator: new Validator(),
    })

    assert.match(unreadable?.message ?? '', /\.env beside the file cannot be read/)
    assert.equal(missing.kind, 'invalid')
  })

  it('tells of a package that is no plugin', async () => {
    using file = new AssemblyFile('connectors: [one, two]\n')
    await file.write('node_modules/one/package.json', '{ "name": "one" }')
    await file.write('node_modules/two/package.json', '{')

    const messages = (await file.problems()).map(({ message }) => message)

    assert.match(messages[0] ?? '', /the package `one` brings no connectors/)
    assert.match(messages[1] ?? '', /importing two failed/)
  })

  it('refuses bytes that are no UTF-8, at their line', async () => {
    using file = new AssemblyFile(Buffer.from('host:\n  name: \xe9t\xe9\n', 'latin1'))

    const [problem] = await file.problems()

    assert.deepEqual([problem?.line, problem?.column, problem?.expected], [2, 9, 'UTF-8'])
  })
})

describe('the configuration of a connector', () => {
  it('has quantities parsed and defaults filled in', async () => {
    const config = await configOf('{ wait: 1h30m, rate: 120/m, keys: one }')

    assert.deepEqual(config, {
      limit: 512,
      wait: 5_400_000,
      most: 65_536,
      rate: { count: 120, perMs: 60_000 },
      keys: ['one'],
    })
  })

  it('may be left out, or be empty', async () => {
    assert.deepEqual(await configOf(''), { limit: 512, wait: 1500, most: 65_536, rate: undefined })
  })

  it('reads quantities in the branch of a union that fits', async () => {
    const configs = await Promise.all(
      ['null', '2s', '3'].map((text) => configOf(`{ either: ${text} }`)),
    )

    assert.deepEqual(
      configs.map((config) => (config as { either: unknown }).either),
      [null, 2000, 3000],
    )
  })

  it('merges what an anchor holds, its own keys first', async () => {
    using file = await withMine(
      'x-base: &base { limit: 1, text: shared }\nconnectors: [./mine.ts]\nmine:\n  <<: *base\n  limit: 2\n',
    )

    const [connector] = (await file.assembly()).connectors

    assert.partialDeepStrictEqual(connector?.config, { limit: 2, text: 'shared' })
  })
})

describe('a reference', () => {
  const cases: readonly (readonly [string, Record<string, string>, Record<string, unknown>])[] = [
    ['{ limit: ${N} }', { N: '7' }, { limit: 7 }],
    ['{ limit: !env N }', { N: '7.5' }, { limit: 7.5 }],
    ['{ on: ${B:-true} }', {}, { on: true }],
    ['{ wait: ${W} }', { W: '10' }, { wait: 10_000 }],
    ['{ wait: ${W} }', { W: '10s' }, { wait: 10_000 }],
    ['{ rate: ${R} }', { R: 'false' }, { rate: undefined }],
    ['{ label: ${N} }', { N: '7' }, { label: '7' }],
    ['{ text: ${N} }', { N: '7' }, { text: '7' }],
    ['{ text: "a ${N}${M:-b}" }', { N: '7', M: '' }, { text: 'a 7b' }],
    ['{ text: ${T:-a: b #c, [d]} }', {}, { text: 'a: b #c, [d]' }],
    ['{ text: "$${N} ${N}" }', { N: '${M}' }, { text: '${N} ${M}' }],
    ['{ text: !file note.txt }', {}, { text: 'from a file' }],
    ['{}', { CARABINER_MINE_LIMIT: '9', CARABINER_MINE_TEXT: '5' }, { limit: 9, text: '5' }],
    ['{ limit: 1 }', { CARABINER_MINE_LIMIT: '9' }, { limit: 1 }],
    ['{ text: ${FROM_FILE} ${BOTH} }', { BOTH: 'env' }, { text: 'dotenv env' }],
  ]
  for (const [stanza, env, expected] of cases) {
    it(`${stanza} with ${JSON.stringify(env)}`, async () => {
      const written = stanza === '{}' ? '' : `mine: ${stanza}\n`
      using file = await withMine(`connectors: [./mine.ts]\n${written}`)
      await file.write('note.txt', 'from a file\n')
      await file.write('.env', 'FROM_FILE=dotenv\nBOTH=dotenv\n')

      const [connector] = (await file.assembly(env)).connectors

      assert.partialDeepStrictEqual(connector?.config, expected)
    })
  }

  it('is text, whatever is put in: never YAML, never another reference', async () => {
    using file = await withMine(
      'connectors: [./mine.ts]\nmine: { text: ${T}, keys: ["${T}"], key: "<${T}>" }\n',
    )

    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          fc.string({ minLength: 1 }),
          fc.constantFrom(
            '[a, b]',
            '{ a: b }',
            '*x',
            '!env HOME',
            '# c',
            'null',
            '7',
            "'",
            '"',
            '\n- a',
            '${T}',
            '$${T}',
          ),
        ),
        async (text) => {
          const [connector] = (await file.assembly({ T: text })).connectors

          assert.partialDeepStrictEqual(connector?.config, { text, keys: [text], key: `<${text}>` })
        },
      ),
      { numRuns: 60 },
    )
  })
})

describe('a secret', () => {
  it('stands in no problem, wherever it was written', async () => {
    using file = await withMine(
      [
        'host: { server: { management_key: hunter2-hunter2-hunter2, prt: 1 } }',
        'connectors: [./mine.ts]',
        'mine:',
        '  kye: hunter2-x',
        '  keys: [hunter2-a, 5, hunter2-b]',
        '  key: [hunter2-c]',
        '  limit: http://me:hunter2-d@host/?token=hunter2-e',
        '  text: [hunter2-f, "${MY_TOKEN}"]',
        '  secert: hunter2-g',
        '  headers: { authorization: [hunter2-h] }',
      ].join('\n'),
    )

    const problems = await file.problems({ MY_TOKEN: 'hunter2-token' })

    assert.equal(problems.length, 8)
    assert.doesNotMatch(JSON.stringify(problems), /hunter2-(?!x|f)/)
  })

  it('stands in no problem of a file that does not parse', async () => {
    using file = new AssemblyFile(
      'webhooks:\n  secret: "hunter2\n  token: @hunter2\nlist:\n  secrets:\n    - @hunter2\n',
    )

    const problems = await file.problems()

    assert.ok(problems.length > 0)
    assert.doesNotMatch(JSON.stringify(problems), /hunter2/)
  })

  it('is taken out of any text by the redactor, however it is escaped', async () => {
    using file = await withMine(
      'connectors: [./mine.ts]\nmine: { key: "a\\"b/c d&e", headers: { authorization: Bearer abcdefgh }, text: short }\n',
    )

    const { redactor } = await file.assembly()

    const text = `a"b/c d&e ${JSON.stringify('a"b/c d&e')} ${encodeURIComponent('a"b/c d&e')} abcdefgh short https://u:p@h/?q=1&r=2#f`
    assert.equal(redactor.text(text), '•••• "••••" •••• •••• short https://••••@h/?q=••••&r=••••#f')
    assert.deepEqual(redactor.value({ a: ['abcdefgh', 5] }), { a: ['••••', 5] })
  })
})
