import { readFileSync } from 'node:fs'
import { findPackageJSON } from 'node:module'
import { dirname, join } from 'node:path'
import { CarabinerError } from './errors.ts'

/** Whether this process runs the sources, not the built JavaScript. */
const fromSources = import.meta.url.endsWith('.ts')

/** The version of this package, as its package.json says. */
export function packageVersion(): string {
  const { version } = JSON.parse(readFileSync(ownPackageFile(), 'utf8')) as { version: string } // our own package.json
  return version
}

/**
 * The absolute path of a file or folder of this package, whether it runs from its sources or built.
 *
 * @param source - below the package's folder, as the sources have it: `src/cli/register.ts`
 */
export function ownPath(source: string): string {
  const root = dirname(ownPackageFile())
  return fromSources ? join(root, source) : join(root, 'dist', source.replace(/\.ts$/, '.js'))
}

function ownPackageFile(): string {
  const file = findPackageJSON(import.meta.url)
  if (file !== undefined) return file
  throw new CarabinerError('CONNECTOR_FAILED', `no package.json above ${import.meta.url}`)
}
