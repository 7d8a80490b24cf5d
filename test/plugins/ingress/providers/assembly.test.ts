import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { builtInProviders } from '../../../../plugins/ingress/providers/providers.ts'
import { signatureSchemes } from '../../../../src/index.ts'
import { AssemblyFile } from '../../../helpers/assembly-file.ts'
import { readPage } from '../../../helpers/code-blocks.ts'

const plugins = fileURLToPath(new URL('../../../../plugins', import.meta.url))

/** What is wrong with an integration that has these lines; the first of them is line 6. */
async function problemsIn(lines: readonly string[]) {
  using file = new AssemblyFile(
    [
      'host: { store: "memory:" }',
      'connectors: { ingress: ingress }',
      'ingress:',
      '  integrations:',
      "    - callback_url: 'https://example.com/'",
      ...lines.map((line) => `      ${line}`),
    ].join('\n'),
  )
  const loaded = await file.load({ EMPTY: '' }, plugins)
  return loaded.kind === 'valid' ? [] : loaded.problems
}

/** As `line:column path`. */
async function problemsOf(...lines: readonly string[]): Promise<readonly string[]> {
  const problems = await problemsIn(lines)
  return problems.map(({ line, column, path }) => `${line}:${column} ${path}`)
}

describe('a provider in an assembly', () => {
  const wrong: readonly (readonly [what: string, lines: readonly string[], problem: string])[] = [
    ['no secret', ['provider: github'], '5:7 ingress.integrations[0]'],
    ['an empty secret', ['provider: github', 'secret: ""'], '7:15 ingress.integrations[0].secret'],
    [
      'a secret of spaces',
      ['provider: github', 'secret: "  "'],
      '7:15 ingress.integrations[0].secret',
    ],
    [
      'a variable that is empty',
      // biome-ignore lint/suspicious/noTemplateCurlyInString: a variable that is empty
      ['provider: acme', 'secret: ${EMPTY}'],
      '7:15 ingress.integrations[0].secret',
    ],
    [
      'an empty secret in a list',
      ['provider: acme', 'secret: [a, ""]'],
      '7:19 ingress.integrations[0].secret[1]',
    ],
    ['an empty list', ['provider: acme', 'secret: []'], '7:15 ingress.integrations[0].secret'],
    ['a wrong name', ['provider: githb', 'secret: s'], '6:17 ingress.integrations[0].provider'],
    [
      'a name for no path',
      ['provider: Git/Hub', 'secret: s'],
      '6:17 ingress.integrations[0].provider',
    ],
    [
      'a pointer that is none',
      ['provider: orders', 'secret: s', 'verify: { scheme: acme }', 'normalize: { type: type }'],
      '9:26 ingress.integrations[0].normalize.type',
    ],
    [
      'a scheme that is none',
      ['provider: orders', 'secret: s', 'verify: { scheme: md5 }', 'normalize: { type: /type }'],
      '8:25 ingress.integrations[0].verify.scheme',
    ],
    [
      'a word in the place of none',
      ['provider: acme', 'verify: no'],
      '7:15 ingress.integrations[0].verify',
    ],
  ]

  for (const [what, lines, problem] of wrong) {
    it(`is refused at its place for ${what}`, async () => {
      assert.deepEqual(await problemsOf(...lines), [problem])
    })
  }

  it('says in its place what a pointer looks like', async () => {
    const lines = ['provider: orders', 'secret: s', 'verify: { scheme: acme }']
    const [wrong] = await problemsIn([...lines, 'normalize: { type: order.created }'])
    const [missing] = await problemsIn([...lines, 'normalize: { id: /id }'])

    assert.equal(wrong?.expected, 'a text such as /event/type or /order/id')
    assert.match(String(missing?.expected), /^a text such as \/event\/type/)
  })

  it('is taken with everything that can be said of it', async () => {
    const none = await problemsOf(
      'provider: orders',
      'secret: [new, old]',
      'verify: { scheme: hmac, header: X-Mac, algorithm: sha1, encoding: base64, prefix: "v=" }',
      'normalize: { id: { header: X-Id }, type: { value: t }, occurredAt: /t, subject: /s, data: "" }',
      'sign_with: { scheme: standard, secret: s }',
    )

    assert.deepEqual(none, [])
    assert.deepEqual(
      await problemsOf('provider: slack', 'secret: s', 'verify: { tolerance: 10m }'),
      [],
    )
    assert.deepEqual(await problemsOf('provider: acme', 'verify: none'), [])
  })
})

describe('docs/providers.md', () => {
  it('has every provider and every signature scheme', () => {
    const page = readPage('docs/providers.md')
    const schemes = signatureSchemes.map(({ name }) => name).filter((name) => name !== 'awa')
    const words = [...builtInProviders.keys(), ...schemes, 'hmac', 'none', 'tolerance']

    assert.deepEqual(
      words.filter((word) => !page.includes(`\`${word}`)),
      [],
    )
  })
})
