import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { describeRetryPolicy, retryPolicies } from '../../src/delivery/retry-policy.ts'

describe('docs/retries.md', () => {
  it('tells the schedule of every preset as it is', async () => {
    const page = await readFile(join(import.meta.dirname, '../../docs/retries.md'), 'utf8')
    const told = Object.fromEntries(
      [...page.matchAll(/^\| `(\w+)` +\| (.+?) +\|$/gm)].map(([, name, schedule]) => [
        name,
        schedule,
      ]),
    )
    const real = Object.fromEntries(
      Object.entries(retryPolicies).map(([name, policy]) => [name, describeRetryPolicy(policy)]),
    )

    assert.deepEqual(told, real)
  })
})
