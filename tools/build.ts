/**
 * `npm run build`: declarations by the compiler, JavaScript by esbuild, into `dist/`.
 *
 * Our own modules are bundled around the entry points and split where they are loaded late. The layout of `dist` is that of the
 * sources, so that `ownPath` finds both. Packages that every start needs go in too, and are therefore no dependencies: what comes
 * in few files starts fast.
 */
import { chmodSync, globSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Metafile } from 'esbuild'
import { bundle } from './bundle.ts'
import { writeDeclarations } from './declarations.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const dist = join(root, 'dist')

/** The folder of the package that a file belongs to. */
const packageFolder = /^(.*\/)?node_modules\/(@[^/]+\/)?[^/]+\//

rmSync(dist, { recursive: true, force: true })
writeDeclarations(dist)
const { metafile } = await bundle(dist)
writeFileSync(join(dist, 'third-party-licenses.txt'), licensesOf(metafile))
chmodSync(join(dist, 'src/cli/main.js'), 0o755)

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
