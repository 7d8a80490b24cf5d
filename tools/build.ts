/**
 * `npm run build`: declarations by the compiler, JavaScript by esbuild, into `dist/`.
 *
 * Our own modules are bundled around the entry points and split where they are loaded late; of the dependencies only typebox goes
 * in. The layout of `dist` is that of the sources, so that `ownPath` finds both.
 */
import { spawnSync } from 'node:child_process'
import { globSync, rmSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { build, type Plugin } from 'esbuild'

const root = fileURLToPath(new URL('..', import.meta.url))
const bundled = /^typebox(\/|$)/
const bare = /^[^./]/

/** Leaves every package but the bundled ones to be resolved where it is installed. */
const packagesStayOutside: Plugin = {
  name: 'packages-stay-outside',
  setup({ onResolve }) {
    onResolve({ filter: bare }, ({ path, resolveDir }) =>
      bundled.test(path) || resolveDir.includes('node_modules')
        ? undefined
        : { path, external: true },
    )
  },
}

rmSync(new URL('../dist', import.meta.url), { recursive: true, force: true })

const types = spawnSync('tsc', ['-p', 'tsconfig.build.json'], { cwd: root, stdio: 'inherit' })
if (types.status !== 0) process.exit(1)

await build({
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
  outdir: 'dist',
  chunkNames: 'src/chunks/[name]-[hash]',
  bundle: true,
  splitting: true,
  format: 'esm',
  platform: 'node',
  target: 'node24',
  conditions: ['source'],
  plugins: [packagesStayOutside],
  legalComments: 'inline',
  logLevel: 'warning',
})
