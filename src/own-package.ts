import { readFileSync } from 'node:fs'
import { findPackageJSON } from 'node:module'

/** The version of this package, as its package.json says. */
export function packageVersion(): string {
  const file = findPackageJSON(import.meta.url)
  if (file === undefined) return '0.0.0'
  const { version } = JSON.parse(readFileSync(file, 'utf8')) as { readonly version: string } // our own package.json
  return version
}
