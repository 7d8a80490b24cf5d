import { globSync, readFileSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build, type Metafile, type Plugin } from 'esbuild'

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

/** Writes the JavaScript of this package into a folder, which is `dist` of the one that holds package.json. */
export function bundle(outdir: string): Promise<{ metafile: Metafile }> {
  return build({
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
    outdir,
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

function packageOf(specifier: string): string {
  const [first = '', second = ''] = specifier.split('/')
  return first.startsWith('@') ? `${first}/${second}` : first
}
