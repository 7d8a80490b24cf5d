import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { loadedBy } from '../helpers/loaded-by.ts'

const allowed = /^src\/(?:receiver\.ts|receiver\/|errors\.ts|delivery\/signing\/)/

describe('carabiner/receiver', () => {
  it('loads nothing of a host', () => {
    const { files, packages } = loadedBy('src/receiver.ts')

    assert.deepEqual(
      files.filter((path) => !allowed.test(path)),
      [],
    )
    assert.ok(files.includes('src/delivery/signing/standard.ts'))
    assert.deepEqual(packages, ['@noble/hashes/blake3.js', 'node:crypto'])
  })
})
