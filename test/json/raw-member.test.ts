import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { rawItems, rawMember } from '../../src/json/raw-member.ts'

describe('rawMember', () => {
  it('keeps numbers, spaces and escapes as they were written', () => {
    const text = '{"a": 1.0, "b" : [1e2 , {"a": 2}] , "c":"\\u0041\\"}"}'

    assert.equal(rawMember(text, 'a'), '1.0')
    assert.equal(rawMember(text, 'b'), '[1e2 , {"a": 2}]')
    assert.equal(rawMember(text, 'c'), '"\\u0041\\"}"')
  })

  it('finds nothing that is not a member of the object itself', () => {
    assert.equal(rawMember('{"a":{"b":1},"c":"b"}', 'b'), undefined)
    assert.equal(rawMember('{}', 'b'), undefined)
  })

  it('takes the last of several, and knows a name by what it says', () => {
    assert.equal(rawMember('{"a":1,"\\u0061":2}', 'a'), '2')
  })

  it('says what JSON.parse says, for any object, however it is indented', () => {
    const object = fc.dictionary(fc.string(), fc.jsonValue())
    fc.assert(
      fc.property(object, fc.integer({ min: 0, max: 3 }), (value, indent) => {
        const text = JSON.stringify(value, null, indent)
        for (const [name, member] of Object.entries(JSON.parse(text))) {
          assert.deepEqual(JSON.parse(rawMember(text, name) ?? ''), member)
        }
      }),
    )
  })
})

describe('rawItems', () => {
  it('keeps each item as it was written', () => {
    assert.deepEqual(rawItems('[1.0 , "a,]\\"" , {"b" : [2e1]}, null]'), [
      '1.0',
      '"a,]\\""',
      '{"b" : [2e1]}',
      'null',
    ])
    assert.deepEqual(rawItems('[ ]'), [])
  })

  it('says what JSON.parse says, for any array, however it is indented', () => {
    fc.assert(
      fc.property(fc.array(fc.jsonValue()), fc.integer({ min: 0, max: 3 }), (items, indent) => {
        const text = JSON.stringify(items, null, indent)
        assert.deepEqual(
          rawItems(text).map((item) => JSON.parse(item)),
          JSON.parse(text),
        )
      }),
    )
  })
})
