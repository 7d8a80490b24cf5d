import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { loadedBy } from '../helpers/loaded-by.ts'

const allowed =
  /^src\/(?:callbacks\.ts|callbacks\/[^/]+|receiver\/webhook-request\.ts|errors\.ts|ids\.ts|clock\.ts|timer\.ts|turns\.ts|json\/|delivery\/signing\/)/

describe('carabiner/callbacks', () => {
  it('loads neither a host, nor a store, nor a framework', () => {
    const { files, packages } = loadedBy('src/callbacks.ts')

    assert.deepEqual(
      files.filter((path) => !allowed.test(path)),
      [],
    )
    assert.ok(files.includes('src/callbacks/fastify-callbacks.ts'))
    assert.deepEqual(packages, [
      '@noble/hashes/blake3.js',
      'node:crypto',
      'node:perf_hooks',
      'uuid',
    ])
  })
})
