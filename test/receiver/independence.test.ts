import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { describe, it } from 'node:test'

const root = new URL('../../', import.meta.url)
const allowed = /^src\/(?:receiver\.ts|receiver\/|errors\.ts|delivery\/signing\/)/

/** The files that a program loads with `file`, and what they import from outside; types are stripped and load nothing. */
function loadedBy(file: URL, files: Set<string> = new Set(), packages: Set<string> = new Set()) {
  if (files.has(file.href)) return { files, packages }
  files.add(file.href)
  // Examples in comments import too.
  const source = readFileSync(file, 'utf8').replaceAll(/^ \*.*$/gm, '')
  const statements = source.matchAll(/^(?:import|export)(?! type)\b[^;'"]*?from '([^']+)'/gms)
  for (const [, name = ''] of statements) {
    if (name.startsWith('.')) loadedBy(new URL(name, file), files, packages)
    else packages.add(name)
  }
  return { files, packages }
}

describe('carabiner/receiver', () => {
  it('loads nothing of a host', () => {
    const { files, packages } = loadedBy(new URL('src/receiver.ts', root))

    const paths = Array.from(files, (href) => href.slice(root.href.length))
    assert.deepEqual(
      paths.filter((path) => !allowed.test(path)),
      [],
    )
    assert.ok(paths.includes('src/delivery/signing/standard.ts'))
    assert.deepEqual([...packages].toSorted(), ['@noble/hashes/blake3.js', 'node:crypto'])
  })
})
