import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { orderKeyOf, pointerProblem } from '../../../plugins/webhooks/order-key.ts'

const bytes = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value))

describe('the order key of a message', () => {
  it('is missing when no order is wanted', () => {
    assert.equal(orderKeyOf(false, bytes({ a: 1 })), undefined)
  })

  it('is one for all under true', () => {
    assert.equal(orderKeyOf(true, bytes({ a: 1 })), orderKeyOf(true, bytes('other')))
  })

  it('is the value at the pointer', () => {
    const body = bytes({ params: { component: 'web', 'a/b': { '~': 7 } }, list: ['x'] })

    assert.equal(orderKeyOf('/params/component', body), '"web"')
    assert.equal(orderKeyOf('/params/a~1b/~0', body), '7')
    assert.equal(orderKeyOf('/list/0', body), '"x"')
    assert.equal(orderKeyOf('/list/00', body), undefined)
    assert.equal(orderKeyOf('/params/nothing', body), undefined)
    assert.equal(orderKeyOf('/params/constructor', body), undefined)
  })

  it('tells 1 from "1"', () => {
    assert.notEqual(orderKeyOf('/id', bytes({ id: 1 })), orderKeyOf('/id', bytes({ id: '1' })))
  })

  it('is missing for a message that is not JSON', () => {
    assert.equal(orderKeyOf('/id', new Uint8Array([0xff, 0x00])), undefined)
  })

  it('is short, and equal only for equal values', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 400 }), fc.string({ maxLength: 400 }), (one, other) => {
        const [first, second] = [one, other].map((id) => orderKeyOf('/id', bytes({ id })))
        assert.ok((first?.length ?? 0) <= 128)
        assert.equal(first === second, one === other)
      }),
    )
  })
})

describe('a JSON Pointer', () => {
  it('begins with a slash and escapes with ~0 and ~1', () => {
    assert.equal(pointerProblem('/params/a~1b~0'), undefined)
    for (const wrong of ['', 'params', '/a~', '/a~2'])
      assert.notEqual(pointerProblem(wrong), undefined)
  })
})
