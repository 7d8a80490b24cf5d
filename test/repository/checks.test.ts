import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('../../', import.meta.url))

/** A check that looks at nothing says "ok" too: each rule is shown a violation and has to report it. */
describe('the checks of this repository', () => {
  const planted: readonly { rule: string; what: string; files: Record<string, string> }[] = [
    {
      rule: 'noRestrictedImports',
      what: 'the bus importing the store',
      files: {
        'src/bus/planted.ts': "import type { A } from '../store/a.ts'\nexport type B = A\n",
      },
    },
    {
      rule: 'noRestrictedImports',
      what: 'the store importing the delivery engine',
      files: {
        'src/store/planted.ts': "import type { A } from '../delivery/a.ts'\nexport type B = A\n",
      },
    },
    {
      rule: 'noRestrictedImports',
      what: 'callbacks that need a host',
      files: {
        'src/host.ts': 'export type A = 1\n',
        'src/callbacks/planted.ts': "import type { A } from '../host.ts'\nexport type B = A\n",
      },
    },
    {
      rule: 'noRestrictedImports',
      what: 'what is parked importing the delivery engine',
      files: {
        'src/parking/planted.ts': "import type { A } from '../delivery/a.ts'\nexport type B = A\n",
      },
    },
    {
      rule: 'noRestrictedImports',
      what: 'the assembly importing the host',
      files: {
        'src/assembly/planted.ts': "import type { A } from '../host.ts'\nexport type B = A\n",
      },
    },
    {
      rule: 'noRestrictedImports',
      what: 'a plugin reaching into src',
      files: {
        'plugins/x/index.ts': "import type { A } from '../../src/index.ts'\nexport type B = A\n",
      },
    },
    {
      rule: 'noRestrictedImports',
      what: 'the host naming a plugin',
      files: {
        'src/host.ts': "import type { A } from '../plugins/webhooks/index.ts'\nexport type B = A\n",
      },
    },
    {
      rule: 'noRestrictedImports',
      what: 'the bus naming a plugin',
      files: {
        'src/bus/x.ts':
          "import type { A } from '../../plugins/webhooks/index.ts'\nexport type B = A\n",
      },
    },
    {
      rule: 'noImportCycles',
      what: 'a cycle of type-only imports',
      files: {
        'src/one.ts': "import type { Two } from './two.ts'\nexport type One = Two | 1\n",
        'src/two.ts': "import type { One } from './one.ts'\nexport type Two = One[]\n",
      },
    },
    {
      rule: 'noDefaultExport',
      what: 'a default export',
      files: { 'src/x.ts': 'export default 1\n' },
    },
    { rule: 'noExplicitAny', what: 'any', files: { 'src/x.ts': 'export type X = any\n' } },
    {
      rule: 'noProcessEnv',
      what: 'the environment read outside the command line',
      files: { 'src/x.ts': "export const x: unknown = process.env['X']\n" },
    },
    { rule: 'noConsole', what: 'console', files: { 'src/x.ts': "console.log('x')\n" } },
    {
      rule: 'noFloatingPromises',
      what: 'a promise nobody awaits',
      files: {
        'src/x.ts': 'async function a(): Promise<void> {}\nexport function b(): void {\n  a()\n}\n',
      },
    },
    {
      rule: 'useFilenamingConvention',
      what: 'a file name that is not kebab-case',
      files: { 'src/camelCase.ts': 'export const x = 1\n' },
    },
  ]
  for (const { rule, what, files } of planted) {
    it(`${rule} reports ${what}`, () => {
      using folder = plant(files)

      const { output, status } = biome(folder.path)

      assert.notEqual(status, 0, output)
      assert.match(output, new RegExp(rule))
    })
  }

  it('biome reports nothing where nothing is wrong', () => {
    using folder = plant({ 'src/x.ts': 'export const x = 1\n' })

    const { output, status } = biome(folder.path)

    assert.equal(status, 0, output)
    assert.match(output, /Checked 1 file/)
  })

  it('the compiler reports what node could not strip, and lost types', () => {
    using folder = plant({
      'src/x.ts': 'export enum X {\n  A,\n}\nexport const y: string = [1][0]\n',
    })

    symlinkSync(join(root, 'node_modules'), join(folder.path, 'node_modules'))

    const { output, status } = run('tsc', ['-p', folder.path, '--singleThreaded'], folder.path)

    assert.notEqual(status, 0, output)
    assert.match(output, /TS1294/) // erasableSyntaxOnly
    assert.match(output, /TS2322/)
  })

  it('knip reports an export that nobody uses', () => {
    using folder = plant({
      'src/index.ts': "export { used } from './x.ts'\n",
      'src/x.ts': 'export const used = 1\nexport const unused = 2\n',
      'package.json': '{ "name": "planted", "type": "module", "exports": "./src/index.ts" }\n',
      'knip.json': '{ "entry": ["src/index.ts"], "project": ["src/**/*.ts"] }\n',
    })

    const { output, status } = run('knip', ['--directory', folder.path], folder.path)

    assert.notEqual(status, 0, output)
    assert.match(output, /unused/)
  })
})

function biome(cwd: string): { output: string; status: number | null } {
  return run('biome', ['lint', '--error-on-warnings', 'src', 'plugins'], cwd)
}

function run(
  tool: string,
  args: readonly string[],
  cwd: string,
): { output: string; status: number | null } {
  const { stdout, stderr, status } = spawnSync(join(root, 'node_modules/.bin', tool), args, {
    cwd,
    encoding: 'utf8',
    env: { ...process.env, NO_COLOR: '1' },
  })
  return { output: stdout + stderr, status }
}

/** A folder with this repository's configuration and the given files. */
function plant(files: Readonly<Record<string, string>>): { path: string } & Disposable {
  const path = mkdtempSync(join(tmpdir(), 'planted-'))
  const configuration = JSON.parse(readFileSync(join(root, 'biome.json'), 'utf8'))
  writeFileSync(
    join(path, 'biome.json'),
    JSON.stringify({ ...configuration, $schema: undefined, vcs: { enabled: false } }),
  )
  cpSync(join(root, 'tsconfig.json'), join(path, 'tsconfig.json'))
  mkdirSync(join(path, 'src'))
  mkdirSync(join(path, 'plugins'))
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(path, name)), { recursive: true })
    writeFileSync(join(path, name), text)
  }
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true }) }
}
