import { copyFileSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { bundle } from '../../tools/bundle.ts'

const root = fileURLToPath(new URL('../../', import.meta.url))
/** Inside the repository, so that dependencies are found from there. */
const cache = join(root, '.cache')

/** This package as it ships, without declarations; gone when it is disposed. */
export interface BuiltProgram extends Disposable {
  /** The file of its command line. */
  readonly main: string
}

export async function buildProgram(): Promise<BuiltProgram> {
  mkdirSync(cache, { recursive: true })
  const folder = mkdtempSync(join(cache, 'program-'))
  copyFileSync(join(root, 'package.json'), join(folder, 'package.json'))
  await bundle(join(folder, 'dist'))
  return {
    main: join(folder, 'dist/src/cli/main.js'),
    [Symbol.dispose]: () => rmSync(folder, { recursive: true }),
  }
}
