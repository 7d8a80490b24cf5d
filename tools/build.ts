/**
 * `npm run build`: declarations by the compiler, JavaScript by esbuild, into `dist/`.
 *
 * Our own modules are bundled around the entry points and split where they are loaded late. The layout of `dist` is that of the
 * sources, so that `ownPath` finds both. Packages that every start needs and that come in many files go in too; the rest is
 * resolved where it is installed.
 */
import { chmodSync, globSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build, type Metafile, type Plugin } from 'esbuild'
import { writeDeclarations } from './declarations.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const dist = join(root, 'dist')

const bundled = [
  'ajv',
  'ajv-formats',
  'commander',
  'fastest-levenshtein',
  'typebox',
  'uuid',
  'yaml',
]

/** The folder of the package that a file belongs to. */
const packageFolder = /^(.*\/)?node_modules\/(@[^/]+\/)?[^/]+\//

/** Leaves every package but the bundled ones, and what those need, to be resolved where it is installed. */
const packagesStayOutside: Plugin = {
  name: 'packages-stay-outside',
  setup({ onResolve }) {
    // yaml's own choice for Node is CommonJS: three times as much code, none of it shaken off.
    onResolve({ filter: /^yaml$/ }, () => ({
      path: join(root, 'node_modules/yaml/browser/index.js'),
    }))
    onResolve({ filter: /^[^./]/ }, ({ path, resolveDir }) =>
      resolveDir.includes('node_modules') || bundled.includes(packageOf(path))
        ? undefined
        : { path, external: true },
    )
  },
}

rmSync(dist, { recursive: true, force: true })
writeDeclarations(dist)
const { metafile } = await bundle()
writeFileSync(join(dist, 'third-party-licenses.txt'), licensesOf(metafile))
chmodSync(join(dist, 'src/cli/main.js'), 0o755)

function bundle(): Promise<{ metafile: Metafile }> {
  return build({
    absWorkingDir: root,
    entryPoints: [
      'src/index.ts',
      'src/receiver.ts',
      'src/testing.ts',
      'src/typebox.ts',
      'src/cli/main.ts',
      'src/cli/register.ts',
      ...globSync('plugins/*/index.ts', { cwd: root }),
    ],
    outbase: '.',
    outdir: dist,
    chunkNames: 'src/chunks/[name]-[hash]',
    bundle: true,
    splitting: true,
    format: 'esm',
    platform: 'node',
    target: 'node24',
    conditions: ['source'],
    plugins: [packagesStayOutside],
    metafile: true,
    logLevel: 'warning',
  })
}

/** Each bundled package's licence, which asks to be kept with the code. */
function licensesOf({ inputs }: Metafile): string {
  const folders = Object.keys(inputs).flatMap((file) => packageFolder.exec(file)?.[0] ?? [])
  return [...new Set(folders)].sort().map(licenseOf).join('\n')
}

function licenseOf(folder: string): string {
  const { name, version, license } = JSON.parse(
    readFileSync(join(root, folder, 'package.json'), 'utf8'),
  )
  const [file] = globSync('{LICENSE,LICENCE,license}*', { cwd: join(root, folder) })
  if (file === undefined) throw new Error(`${name} goes into dist and has no licence file`)
  const text = readFileSync(join(root, folder, file), 'utf8').trim()
  return `${name} ${version} (${license})\n\n${text}\n`
}

function packageOf(specifier: string): string {
  const [first = '', second = ''] = specifier.split('/')
  return first.startsWith('@') ? `${first}/${second}` : first
}
