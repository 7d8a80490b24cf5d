import { readFileSync } from 'node:fs'

const root = new URL('../../', import.meta.url)

/** What a program loads with a file. */
export interface Loaded {
  /** Relative to the repository. */
  readonly files: readonly string[]
  readonly packages: readonly string[]
}

/** The files that a program loads with `file`, and what they import from outside; types are stripped and load nothing. */
export function loadedBy(file: string): Loaded {
  const seen = { files: new Set<string>(), packages: new Set<string>() }
  follow(new URL(file, root), seen)
  return {
    files: Array.from(seen.files, (href) => href.slice(root.href.length)),
    packages: [...seen.packages].toSorted(),
  }
}

function follow(file: URL, seen: { files: Set<string>; packages: Set<string> }): void {
  if (seen.files.has(file.href)) return
  seen.files.add(file.href)
  // Examples in comments import too.
  const source = readFileSync(file, 'utf8').replaceAll(/^ \*.*$/gm, '')
  const statements = source.matchAll(/^(?:import|export)(?! type)\b[^;'"]*?from '([^']+)'/gms)
  for (const [, name = ''] of statements) {
    if (name.startsWith('.')) follow(new URL(name, file), seen)
    else seen.packages.add(name)
  }
}
