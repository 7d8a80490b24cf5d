import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { canonicalJson, canonicalJsonOf } from '../../../src/delivery/signing/canonical-json.ts'

/** Source and what Python 3's `json.dumps(json.loads(source), sort_keys=True, separators=(',', ':'))` makes of it. */
const asPython = [
  ['1', '1'],
  ['1.0', '1.0'],
  ['-0', '0'],
  ['-0.0', '-0.0'],
  ['-0e0', '-0.0'],
  ['0.10', '0.1'],
  ['1E5', '100000.0'],
  ['1e+2', '100.0'],
  ['0.0001', '0.0001'],
  ['1e-5', '1e-05'],
  ['1e-7', '1e-07'],
  ['-12.5E-7', '-1.25e-06'],
  ['9999999999999998.0', '9999999999999998.0'],
  ['1e16', '1e+16'],
  ['9007199254740993.0', '9007199254740992.0'],
  ['9007199254740993', '9007199254740993'],
  ['12345678901234567890123456789', '12345678901234567890123456789'],
  ['1e22', '1e+22'],
  ['5e-324', '5e-324'],
  ['1.7976931348623157e308', '1.7976931348623157e+308'],
  [' { "b" : [ ] , "a" : { } } ', '{"a":{},"b":[]}'],
  ['{"a":1,"a":2.0}', '{"a":2.0}'],
  ['{"a":2.0,"a":1}', '{"a":1}'],
  ['{"a":{"x":1.0},"a":{"x":1,"y":2.50}}', '{"a":{"x":1,"y":2.5}}'],
  ['{"10":1.0,"9":2.0,"b":1}', '{"10":1.0,"9":2.0,"b":1}'],
  ['{"__proto__":{"a":1.0},"b":2.0}', '{"__proto__":{"a":1.0},"b":2.0}'],
  ['{"length":1.0,"0":2}', '{"0":2,"length":1.0}'],
  ['{"aa":1,"a":2,"B":3}', '{"B":3,"a":2,"aa":1}'],
  ['"\\/\\u0041\\u007f\\u0000\\u001f\\b\\f"', '"/A\\u007f\\u0000\\u001f\\b\\f"'],
  ['"\\ud800"', '"\\ud800"'],
  [
    '{"\\ud800":1,"\\ue000":2,"\\ud800\\udc00":3,"\\udfff":4}',
    '{"\\ud800":1,"\\udfff":4,"\\ue000":2,"\\ud800\\udc00":3}',
  ],
  ['[true,false,null]', '[true,false,null]'],
] as const

describe('canonicalJson', () => {
  for (const [source, canonical] of asPython) {
    it(`writes ${source} as Python does`, () => {
      assert.equal(canonicalJson(source), canonical)
    })
  }

  for (const source of [
    '',
    '{',
    '[1,]',
    'NaN',
    'Infinity',
    '01',
    '1.',
    "'a'",
    '"\n"',
    '\ufeff1',
    '1e400',
  ]) {
    it(`has no form for ${JSON.stringify(source)}`, () => {
      assert.equal(canonicalJson(source), undefined)
    })
  }

  it('has no form for bytes that are not UTF-8', () => {
    assert.equal(canonicalJson(Buffer.from([0x22, 0xc3, 0x28, 0x22])), undefined)
    assert.equal(canonicalJson(Buffer.from([0x22, 0xed, 0xa0, 0x80, 0x22])), undefined)
  })

  it('goes 1,000 levels deep and no deeper', () => {
    const nested = (levels: number) => '['.repeat(levels) + ']'.repeat(levels)

    assert.equal(canonicalJson(nested(1_000)), nested(1_000))
    assert.equal(canonicalJson(nested(1_001)), undefined)
    assert.equal(canonicalJson(nested(500_000)), undefined)
  })

  it('keeps the value, is ASCII, and is its own canonical form', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 4 }), (source) => {
        const canonical = canonicalJson(source) ?? assert.fail('no form')

        assert.deepEqual(JSON.parse(canonical), withoutNegativeZero(JSON.parse(source)))
        assert.match(canonical, /^[\x20-\x7e]*$/)
        assert.equal(canonicalJson(canonical), canonical)
      }),
    )
  })

  it('does not depend on spaces, escapes or the order of keys', () => {
    const object = fc.dictionary(fc.string({ unit: 'binary' }), fc.double({ noNaN: true }))
    fc.assert(
      fc.property(object, (value) => {
        const finite = Object.entries(value).filter(([, each]) => Number.isFinite(each))
        const reversed = Object.fromEntries([...finite].reverse())

        const forth = canonicalJsonOf(Object.fromEntries(finite))
        const back = canonicalJson(JSON.stringify(reversed, null, 3))

        assert.equal(forth, back)
      }),
    )
  })
})

describe('canonicalJsonOf', () => {
  it('takes a value as JSON.stringify does', () => {
    assert.equal(
      canonicalJsonOf({ b: -0, a: [undefined, 1.5, 1e21] }),
      '{"a":[null,1.5,1e+21],"b":0}',
    )
  })

  for (const value of [undefined, () => 1, 1n]) {
    it(`refuses a ${typeof value}`, () => {
      assert.throws(() => canonicalJsonOf(value), TypeError)
    })
  }
})

/** `-0` is an integer in JSON text, and Python has no negative one. */
function withoutNegativeZero(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value))
}
