import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { fitsPlainly, isPlain } from '../../src/schema/plain-schema.ts'
import { Validator } from '../../src/schema/validator.ts'

type Schema = Readonly<Record<string, unknown>>

const names = ['a', 'b', 'toString']
const aLimit = fc.integer({ min: -2, max: 3 })
const aCount = fc.integer({ min: 0, max: 3 })
const aSimpleValue = fc.constantFrom<unknown>(null, true, false, '', 'a', '😀', 0, 1, 1.5, -1)

/** Schemas of every keyword that the walk knows. */
const { schema: aSchema } = fc.letrec<{ schema: Schema; properties: Schema }>((tie) => ({
  properties: fc.dictionary(fc.constantFrom(...names), tie('schema'), { maxKeys: 2 }),
  schema: fc.oneof(
    { maxDepth: 3, depthIdentifier: 'schema' },
    fc.constant({}),
    fc
      .constantFrom('array', 'boolean', 'integer', 'null', 'number', 'object', 'string')
      .map((type) => ({ type })),
    fc.record({ const: aSimpleValue }),
    fc.record({ enum: fc.uniqueArray(aSimpleValue, { minLength: 1, maxLength: 3 }) }),
    fc.record({ minimum: aLimit, exclusiveMaximum: aLimit }),
    fc.record({ exclusiveMinimum: aLimit, maximum: aLimit }),
    fc.record({ minLength: aCount }),
    fc.record({ type: fc.constant('string'), maxLength: aCount }),
    fc.record({ items: tie('schema'), minItems: aCount, uniqueItems: fc.boolean() }),
    fc.record({ type: fc.constant('array'), maxItems: aCount }),
    fc.record({ minProperties: aCount, maxProperties: aCount }),
    fc
      .record({
        properties: tie('properties'),
        additionalProperties: fc.oneof(fc.boolean(), tie('schema')),
        type: fc.constant('object'),
      })
      .map((schema) => ({ ...schema, required: Object.keys(schema.properties).slice(0, 1) })),
  ),
}))

const { value: aValue } = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 3, depthIdentifier: 'value' },
    aSimpleValue,
    fc.constantFrom(undefined, Number.NaN, Number.POSITIVE_INFINITY, new Date(0)),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom(...names, 'c'), tie('value'), { maxKeys: 3 }),
  ),
}))

describe('a plain schema', () => {
  it('is never fitted by a value that the compiled one refuses', () => {
    let fitting = 0
    fc.assert(
      fc.property(aSchema, aValue, (schema, value) => {
        assert.ok(isPlain(schema))
        if (!fitsPlainly(schema, value)) return

        fitting += 1
        assert.deepEqual(compiled(schema)(value), [])
      }),
      { numRuns: 500 },
    )
    assert.ok(fitting > 50, `only ${fitting} of 500 fitted`)
  })

  it('is fitted by the data that a host checks at every start', () => {
    const strings = { type: 'array', items: { type: 'string' }, uniqueItems: true }
    const schema = { type: 'object', required: ['ids'], properties: { ids: strings } }

    assert.ok(fitsPlainly(schema, { ids: ['a', 'b'], others: 1 }))
    assert.ok(!fitsPlainly(schema, { ids: ['a', 'a'] }))
    assert.ok(!fitsPlainly(schema, {}))
  })

  for (const schema of [
    { pattern: '^a' },
    { format: 'uuid' },
    { $ref: '#' },
    { type: ['string', 'null'] },
    { enum: [[]] },
    { minimum: '1' },
    { type: 'toString' },
    { hasOwnProperty: 'type' },
    { required: ['a'] },
    { properties: { a: { not: {} } } },
    true,
  ]) {
    it(`is not ${JSON.stringify(schema)}`, () => {
      assert.ok(!isPlain(schema))
    })
  }
})

describe('a check', () => {
  it('says the same before and after it is worth compiling', () => {
    const check = new Validator().compile({ type: 'object', maxProperties: 1 })

    for (let call = 0; call < 40; call += 1) {
      assert.deepEqual(check({ a: 1 }), [])
      assert.deepEqual(
        check({ a: 1, b: 2 }).map(({ pointer }) => pointer),
        [''],
      )
    }
  })
})

/** With defaults filled in, of which there are none, a check is compiled from its first use. */
function compiled(schema: object): (value: unknown) => readonly unknown[] {
  return new Validator().compileWithDefaults(schema)
}
