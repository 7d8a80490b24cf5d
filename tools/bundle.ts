import { globSync, readFileSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type BuildOptions, build, type Metafile, type Plugin } from 'esbuild'
import { inOneChunkEach, layersOf } from './layers.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const { dependencies } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))

/** Both a dependency, for its types and its other entry points, and part of `dist`: it comes in 700 files. */
const bundledDependency = 'typebox'

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

/** What pino and commander load for what nothing here asks of them: logs in files and threads, commands in processes. */
const unused: Readonly<Record<string, RegExp>> = {
  pino: /^(sonic-boom|thread-stream|worker_threads)$/,
  commander: /^node:child_process$/,
}

/** Leaves out what is never used of the packages that go in: 5 % of a start. */
const unusedStaysOut: Plugin = {
  name: 'unused-stays-out',
  setup({ onLoad, onResolve }) {
    onResolve({ filter: /./ }, ({ importer, path }) => {
      const owner = packageOf(importer.split('/node_modules/').at(-1) ?? '')
      return unused[owner]?.test(path) === true ? { path, namespace: 'unused' } : undefined
    })
    onLoad({ filter: /./, namespace: 'unused' }, ({ path }) => ({
      contents: `module.exports = class { constructor() { throw new Error('${path} was left out') } }`,
    }))
  },
}

/**
 * Takes Node's own modules as CommonJS does. An import of one makes a module of it, for which every property is read, and some of
 * `fs` and `crypto` load much that nobody here asked for: 2 % of a start.
 */
const nodeAsCommonJs: Plugin = {
  name: 'node-as-commonjs',
  setup({ onLoad, onResolve }) {
    onResolve({ filter: /./ }, ({ kind, path }) =>
      isBuiltin(path)
        ? { path, namespace: kind === 'require-call' ? 'required' : 'imported', sideEffects: false }
        : undefined,
    )
    onLoad({ filter: /./, namespace: 'required' }, ({ path }) => ({
      contents: `module.exports = ${builtin(path)}`,
    }))
    onLoad({ filter: /./, namespace: 'imported' }, ({ path }) => ({ contents: asModule(path) }))
  },
}

/** The names that are imported remain of it; nobody imports a word that is no name. */
function asModule(path: string): string {
  const names = Object.keys(process.getBuiltinModule(path) ?? {}).filter(
    (name) => name !== 'default',
  )
  const exported = names.map(
    (name) => `export const ${name} = /* @__PURE__ */ (() => node.${name})()`,
  )
  return [`const node = ${builtin(path)}`, 'export default node', ...exported].join('\n')
}

function builtin(path: string): string {
  return `process.getBuiltinModule(${JSON.stringify(path)})`
}

const options: BuildOptions = {
  absWorkingDir: root,
  entryPoints: [
    'src/index.ts',
    'src/callbacks.ts',
    'src/client.ts',
    'src/receiver.ts',
    'src/testing.ts',
    'src/typebox.ts',
    'src/cli/main.ts',
    'src/cli/register.ts',
    ...globSync('plugins/*/{index,api}.ts', { cwd: root }),
  ],
  outbase: '.',
  chunkNames: 'src/chunks/[name]-[hash]',
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node24',
  conditions: ['source'],
  logLevel: 'warning',
}

/**
 * What is loaded together, the smallest first: what a program needs that sends events to a host, that receives, that runs a host, and
 * the command line. Split further, to the last file that one of them does not need, a start reads 40 files.
 */
const loadedTogether = [
  ['src/client.ts'],
  ['src/receiver.ts', 'src/callbacks.ts', 'src/cli/register.ts'],
  ['src/index.ts', 'src/typebox.ts'],
  ['src/cli/program.ts', 'src/cli/commands/check.ts'],
]

/** Writes the JavaScript of this package into a folder, which is `dist` of the one that holds package.json. */
export async function bundle(outdir: string): Promise<{ metafile: Metafile }> {
  const plugins = [unusedStaysOut, nodeAsCommonJs, dependenciesStayOutside]
  const { inputs } = await readInputs(plugins, outdir)
  const layers = inOneChunkEach(root, inputs, layersOf(inputs, loadedTogether))
  return build({ ...options, outdir, metafile: true, plugins: [layers, ...plugins] })
}

async function readInputs(plugins: Plugin[], outdir: string): Promise<Metafile> {
  const { metafile } = await build({ ...options, outdir, metafile: true, plugins, write: false })
  return metafile
}

function packageOf(specifier: string): string {
  const [first = '', second = ''] = specifier.split('/')
  return first.startsWith('@') ? `${first}/${second}` : first
}
