import assert from 'node:assert/strict'
import { after, describe, it } from 'node:test'
import { callbackConformance } from '../../src/callbacks/conformance/conformance.ts'
import { openStore } from '../../src/store/open-store.ts'
import { servers } from './servers.ts'

const store = await openStore('memory:')

for (const [name, start] of Object.entries(servers)) {
  describe(`callbacks over HTTP, mounted in ${name}`, { concurrency: 8 }, () => {
    const conformance = callbackConformance({ store, start })
    after(() => conformance[Symbol.asyncDispose]())

    for (const each of conformance.cases) it(each.name, () => each.run())
  })
}

describe('the cases', () => {
  const { cases } = callbackConformance({ store, start: () => Promise.reject(new Error('unused')) })

  it('are many, each with a name of its own', () => {
    assert.ok(cases.length >= 150)
    assert.equal(new Set(cases.map(({ name }) => name)).size, cases.length)
  })
})
