import { copyFileSync, mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { bundle } from '../../tools/bundle.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
/** Inside the repository, so that dependencies are found from there. */
const folder = join(root, '.cache/program')

/** Bundles this package as it ships, without declarations. Resolves to the file of its command line. */
export async function buildProgram(): Promise<string> {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  copyFileSync(join(root, 'package.json'), join(folder, 'package.json'))
  await bundle(join(folder, 'dist'))
  return join(folder, 'dist/src/cli/main.js')
}
