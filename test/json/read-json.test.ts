import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { readJson } from '../../src/json/read-json.ts'

const read = (text: string) => readJson(Buffer.from(text), 'once')
const refused = (pointer: string, message: string) => ({ kind: 'refused', pointer, message })

describe('readJson', () => {
  it('reads whatever JSON.stringify writes, unless a key is poison', () => {
    const json = fc.jsonValue({ noUnicodeString: false }).filter((value) => {
      const text = JSON.stringify(value)
      return !text.includes('__proto__') && !text.includes('constructor')
    })
    fc.assert(
      fc.property(json, fc.integer({ min: 0, max: 2 }), (value, spaces) => {
        const text = JSON.stringify(value, null, spaces)
        assert.deepEqual(read(text), { kind: 'value', value: JSON.parse(text) })
      }),
    )
  })

  it('finds the name that comes twice, wherever it stands and however it is written', () => {
    assert.deepEqual(read('{"a":1,"a":1}'), refused('/a', 'is there twice'))
    assert.deepEqual(
      read('[0,{"b":[{"x/~":1,"\\u0078\\/~":2}]}]'),
      refused('/1/b/0/x~1~0', 'is there twice'),
    )
    assert.deepEqual(read('{"":1,"b":{"":{}},"":2}'), refused('/', 'is there twice'))
  })

  it('takes the last of them where that is asked for', () => {
    const value = { a: 2 }
    assert.deepEqual(readJson(Buffer.from('{"a":1,"a":2}'), 'last'), { kind: 'value', value })
  })

  it('takes colons, brackets and quotes in texts for what they are', () => {
    const value = { 'a:b{': '":"[[', '\\': '\\":', c: ['}', { 'a:b{': ':' }] }
    assert.deepEqual(read(JSON.stringify(value)), { kind: 'value', value })
  })

  it('refuses a member that comes twice in any object', () => {
    const objects = fc.dictionary(fc.string(), fc.jsonValue(), { minKeys: 1 })
    fc.assert(
      fc.property(objects, fc.nat(), (object, at) => {
        const names = Object.keys(object).filter((name) => name !== 'constructor')
        fc.pre(names.length > 0 && !JSON.stringify(object).includes('__proto__'))
        const name = JSON.stringify(names[at % names.length])
        const text = JSON.stringify(object)
        assert.equal(read(`${text.slice(0, -1)},${name}:0}`).kind, 'refused')
      }),
    )
  })

  for (const [name, text, expected] of [
    ['what is no JSON', '{"a":}', refused('', 'is not JSON')],
    ['nothing', '', refused('', 'is not JSON')],
    [
      'a number beyond any double',
      '{"a":[1,{"b":1e999}]}',
      refused('/a/1/b', 'is a number that is too large'),
    ],
    ['one below', '-1e999', refused('', 'is a number that is too large')],
    [
      'a prototype',
      '{"a":{"__proto__":1}}',
      refused('/a', 'has a key `__proto__` or `constructor.prototype`'),
    ],
    [
      'one behind an escape',
      '{"\\u005f_proto__":1}',
      refused('', 'has a key `__proto__` or `constructor.prototype`'),
    ],
    [
      'another way to one',
      '{"constructor":{"prototype":1}}',
      refused('', 'has a key `__proto__` or `constructor.prototype`'),
    ],
    [
      'what is too deep',
      `${'['.repeat(257)}${']'.repeat(257)}`,
      refused('', 'is nested deeper than 256'),
    ],
    ['what is far too deep', '['.repeat(1_000_000), refused('', 'is nested deeper than 256')],
  ] as const) {
    it(`refuses ${name}`, () => assert.deepEqual(read(text), expected))
  }

  it('refuses what is not UTF-8', () => {
    assert.deepEqual(readJson(Uint8Array.of(0x22, 0xff, 0x22), 'once'), refused('', 'is not UTF-8'))
  })

  it('takes what is just deep enough', () => {
    assert.equal(read(`${'['.repeat(256)}${']'.repeat(256)}`).kind, 'value')
  })
})
