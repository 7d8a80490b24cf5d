import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { describe, it } from 'node:test'
import { fileURLToPath } from 'node:url'

const program = fileURLToPath(new URL('../helpers/short-lived-process.ts', import.meta.url))

/** What V8 says of places in the code whose objects it takes for long-lived ones. */
function said(...args: string[]): string {
  const node = ['--conditions=source', '--trace-pretenuring', '--trace-pretenuring-statistics']
  const { stdout, status } = spawnSync(process.execPath, [...node, program, ...args])
  assert.equal(status, 0)
  return stdout.toString()
}

describe('a host that runs', () => {
  it('has V8 take nothing for long-lived before it has lived long', () => {
    assert.match(said(), /tenure/)
    assert.doesNotMatch(said('told'), /tenure/)
  })
})
