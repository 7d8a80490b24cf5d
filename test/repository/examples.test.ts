import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { after, describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'
import { parse } from 'yaml'
import { projectFiles } from '../../src/cli/init/project.ts'
import { AssemblyFile } from '../helpers/assembly-file.ts'
import { makeCertificate } from '../helpers/certificate.ts'
import {
  blocksOf,
  type CodeBlock,
  examplesOfSources,
  pages,
  readPage,
} from '../helpers/code-blocks.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
/** Inside the repository, so that `carabiner` is found from there. */
const workbench = join(root, '.cache/examples')

/** What fragments use without saying where it comes from. */
const surroundings = `
declare const { after, before, log, on, publish, publishEvery, subscribe }: import('carabiner').Scope
declare const adjust: import('carabiner').EventDefinition<
  'adjust',
  import('typebox').TObject<{ component: import('typebox').TString; amount: import('typebox').TNumber }>
>
declare const adjuster: import('carabiner').Connector
declare const order: { readonly id: string }
declare const request: Request
declare const response: import('node:http').ServerResponse
declare const secret: string
`

const webhook =
  'events: after:check\n    name: fragment\n    url: https://example.com/\n    secret: a-secret-of-the-fragment'

const compilerOptions = {
  rootDir: root,
  declaration: false,
  // A fragment ends before what it declares is used.
  noUnusedLocals: false,
  noUnusedParameters: false,
}

describe('code in pages and doc comments', () => {
  after(() => rmSync(workbench, { recursive: true, force: true }))

  it('compiles, all of it, and would not if a block were wrong', () => {
    const blocks = [...pages().flatMap((file) => blocksOf(file, 'ts')), ...examplesOfSources()]
    assert.ok(blocks.length > 15, `only ${blocks.length} found`)
    const wrong = { file: 'docs/wrong.md', line: 3, text: "import { no } from 'carabiner'\n" }

    const [complaint, ...others] = compile([...blocks, wrong])

    assert.match(complaint ?? '', /^docs\/wrong\.md-3\.ts\(3,10\).*TS2305/)
    assert.deepEqual(others, [])
  })
})

describe('YAML in pages', () => {
  for (const block of pages().flatMap((file) => blocksOf(file, 'yaml'))) {
    const assembly = assemblyAround(parse(block.text), block.text)
    if (assembly === undefined) continue // for another program: Prometheus, systemd
    it(`loads: ${block.file}:${block.line}`, async () => {
      using file = new AssemblyFile(assembly)
      await Promise.all(
        Object.entries(connectorFiles()).map(([name, text]) => file.write(name, text)),
      )

      const loaded = await file.load(variablesOf(block.text), join(root, 'plugins'))

      assert.deepEqual(loaded.kind === 'invalid' ? loaded.problems : [], [])
    })
  }
})

describe('links in pages', () => {
  for (const page of pages()) {
    it(`lead somewhere: ${page}`, () => {
      assert.deepEqual(deadLinks(page), [])
    })
  }
})

/** Compiles blocks with this repository's settings; what the compiler has to say about them, line by line. */
function compile(blocks: readonly CodeBlock[]): readonly string[] {
  rmSync(workbench, { recursive: true, force: true })
  for (const { file, line, text } of blocks) {
    const target = join(workbench, `${file}-${line}.ts`)
    mkdirSync(dirname(target), { recursive: true })
    // Its first line of code is on the same line as in its page.
    writeFileSync(target, `${'\n'.repeat(line - 1)}${text}\nexport {}\n`)
  }
  writeFileSync(join(workbench, 'surroundings.d.ts'), surroundings)
  const config = { extends: join(root, 'tsconfig.json'), compilerOptions, include: ['.'] }
  writeFileSync(join(workbench, 'tsconfig.json'), JSON.stringify(config))
  const tsc = join(root, 'node_modules/.bin/tsc')
  const args = ['-p', workbench, '--singleThreaded'] // half the work: checkers share nothing
  const { stdout, stderr } = spawnSync(tsc, args, { cwd: workbench, encoding: 'utf8' })
  return `${stdout}${stderr}`.split('\n').filter((line) => line !== '')
}

/** The block as an assembly: what is missing around a fragment is put there. */
function assemblyAround(block: Record<string, unknown>, text: string): string | undefined {
  if ('scrape_configs' in block) return undefined // Prometheus
  if ('backoff' in block) {
    return assemblyAround(
      { webhooks: [] },
      `webhooks:\n  - ${webhook}\n${text.replaceAll(/^/gm, '    ')}`,
    )
  }
  const connectors = 'webhooks' in block ? '{ webhooks: webhooks }' : '{}'
  return 'connectors' in block ? text : `${text}\nconnectors: ${connectors}\n`
}

/** The connectors that pages speak of. */
function connectorFiles(): Readonly<Record<string, string>> {
  const [adjuster] = blocksOf('docs/connectors.md', 'ts')
  const [orders] = blocksOf('docs/callbacks.md', 'ts')
  const greeter = projectFiles({ managementKey: '', webhookSecret: '' }).find(
    ({ path }) => path === 'connectors/greeter.ts',
  )
  assert.ok(adjuster !== undefined && orders !== undefined && greeter !== undefined)
  const { cert, key } = makeCertificate()
  return {
    'certificates/client.pem': cert,
    'certificates/client-key.pem': key,
    'certificates/bank-ca.pem': cert,
    'adjuster.ts': adjuster.text,
    'orders.ts': orders.text,
    'plugins/adjuster.ts': adjuster.text,
    'connectors/greeter.ts': greeter.text,
  }
}

function variablesOf(text: string): Record<string, string> {
  const names = [...text.matchAll(/\$\{(\w+)\}/g)].map(([, name = '']) => name)
  const values = names.map((name) => [name, `the-value-of-${name}`])
  return { ...Object.fromEntries(values), CALLBACK_SECRET: '07'.repeat(32) }
}

function deadLinks(page: string): readonly string[] {
  const links = [...readPage(page).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target)
  return links.filter((link) => {
    if (/^[a-z]+:/.test(link)) return false
    const [path = '', heading] = link.split('#')
    const target = path === '' ? page : join(dirname(page), path)
    if (!existsSync(join(root, target))) return true
    return heading !== undefined && !headingsOf(target).includes(heading)
  })
}

/** The anchors of a page's headings, as GitHub makes them. */
function headingsOf(page: string): readonly string[] {
  return [...readPage(page).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  )
}
