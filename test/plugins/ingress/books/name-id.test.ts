import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { nameId, nameIdBeside, nameIdInOrder } from '../../../../plugins/ingress/books/name-id.ts'

const uuidOfOwnMaking = /^[\da-f]{8}-[\da-f]{4}-8[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/
const delivery = '01a20292-11bd-7600-8387-34709fcffec6'

const ways: Readonly<Record<string, (name: string) => string>> = {
  nameId,
  nameIdInOrder,
  nameIdBeside: (name) => nameIdBeside(delivery, name),
}

for (const [way, idOf] of Object.entries(ways)) {
  describe(way, () => {
    it('makes one UUID of each name, and another one of another', () => {
      const name = fc.oneof(
        fc.string({ unit: 'binary' }),
        fc.nat(99).map((count) => `evt-${count}`),
      )
      fc.assert(
        fc.property(name, name, (one, other) => {
          assert.match(idOf(one), uuidOfOwnMaking)
          assert.equal(idOf(one) === idOf(other), one === other)
        }),
      )
    })
  })
}

describe('the order of ids', () => {
  it('is that of names that are counted up', () => {
    const ids = Array.from({ length: 1_000 }, (_, count) => nameIdInOrder(`evt-7${count + 1_000}`))

    assert.deepEqual(ids, ids.toSorted())
  })

  it('is that of the ids they stand beside', () => {
    const later = '01a20292-11be-7000-8000-000000000000'

    assert.ok(nameIdBeside(delivery, 'b') < nameIdBeside(later, 'a'))
  })
})
