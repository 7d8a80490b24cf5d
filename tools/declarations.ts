import { spawnSync } from 'node:child_process'
import { globSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = fileURLToPath(new URL('..', import.meta.url))
const relativeImport = /(\b(?:from|import\() ?)'(\.{1,2}\/[^']+)\.ts'/g

/** Writes the declarations of what users import, with the names that the JavaScript beside them has. */
export function writeDeclarations(folder: string): void {
  const tsc = join(root, 'node_modules/.bin/tsc')
  // Its threads would check the same types again, each for itself.
  const args = ['-p', 'tsconfig.build.json', '--outDir', folder, '--singleThreaded']
  const { status } = spawnSync(tsc, args, { cwd: root, stdio: 'inherit' })
  if (status !== 0) process.exit(1)

  // TypeScript rewrites the imports of JavaScript (`rewriteRelativeImportExtensions`) but not those of declarations.
  for (const name of globSync('**/*.d.ts', { cwd: folder })) {
    const file = join(folder, name)
    writeFileSync(file, readFileSync(file, 'utf8').replaceAll(relativeImport, "$1'$2.js'"))
  }
}
