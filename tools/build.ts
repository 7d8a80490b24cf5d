/**
 * `npm run build`: declarations by the compiler, JavaScript by esbuild, into `dist/`.
 *
 * Our own modules are bundled around the entry points and split where they are loaded late. The layout of `dist` is that of the
 * sources, so that `ownPath` finds both. Packages that every start needs go in too, and are therefore no dependencies: what comes
 * in few files starts fast.
 */
import { chmodSync, globSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build, type Metafile, type Plugin } from 'esbuild'
import { writeDeclarations } from './declarations.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const dist = join(root, 'dist')

const { dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))

/** Both a dependency, for its types and its other entry points, and part of `dist`: it comes in 700 files. */
const bundledDependency = 'typebox'

/** The folder of the package that a file belongs to. */
const packageFolder = /^(.*\/)?node_modules\/(@[^/]+\/)?[^/]+\//

/** Leaves what package.json calls a dependency to be resolved where it is installed; every other package goes in. */
const dependenciesStayOutside: Plugin = {
  name: 'dependencies-stay-outside',
  setup({ onResolve }) {
    // yaml's own choice for Node is CommonJS: three times as much code, none of it shaken off.
    onResolve({ filter: /^yaml$/ }, () => ({
      path: join(root, 'node_modules/yaml/browser/index.js'),
    }))
    onResolve({ filter: /^[^./]/ }, ({ path }) => {
      const name = packageOf(path)
      const isOutside = Object.hasOwn(dependencies, name) && name !== bundledDependency
      return isOutside ? { path, external: true } : undefined
    })
  },
}

/** What CommonJS packages require of Node itself: an ES module has no `require`. */
const nodeForCommonJs: Plugin = {
  name: 'node-for-commonjs',
  setup({ onLoad, onResolve }) {
    onResolve({ filter: /./ }, ({ kind, path }) =>
      kind === 'require-call' && isBuiltin(path) ? { path, namespace: 'node' } : undefined,
    )
    onLoad({ filter: /./, namespace: 'node' }, ({ path }) => ({
      contents: `module.exports = process.getBuiltinModule(${JSON.stringify(path)})`,
    }))
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
      'src/client.ts',
      'src/receiver.ts',
      'src/testing.ts',
      'src/typebox.ts',
      'src/cli/main.ts',
      'src/cli/register.ts',
      ...globSync('plugins/*/{index,api}.ts', { cwd: root }),
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
    plugins: [nodeForCommonJs, dependenciesStayOutside],
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
