import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { Type } from 'typebox'
import { Validator } from '../../src/schema/validator.ts'

const order = Type.Object(
  { id: Type.String({ format: 'uuid' }), amount: Type.Number({ minimum: 0 }) },
  { additionalProperties: false },
)

describe('the validator', () => {
  it('examines a value as it is, and names the member that is missing', () => {
    const schema = Type.Object({ size: Type.Number({ default: 3 }), name: Type.String() })
    const given = {}

    const findings = new Validator({ allErrors: true }).examine(schema)(given)

    assert.deepEqual(
      findings.map(({ keyword, property }) => [keyword, property]),
      [
        ['required', 'size'],
        ['required', 'name'],
      ],
    )
    assert.deepEqual(given, {})
  })

  it('takes a condition that only names what must be there', () => {
    const schema = { required: ['amount'] }

    assert.equal(new Validator().problem(schema), undefined)
    assert.equal(new Validator().compile(schema)({ amount: 1 }).length, 0)
    assert.equal(new Validator().compile(schema)({}).length, 1)
  })

  it('takes for a date-time what can be read as a moment', () => {
    const check = new Validator().compile({ type: 'string', format: 'date-time' })
    const misfits = (...texts: readonly string[]): readonly string[] =>
      texts.filter((text) => check(text).length > 0)

    const good = ['2026-01-01T12:00:00Z', '2026-01-01t12:00:00.123z', '2026-01-01T12:00:00-05:30']
    const bad = ['2026-01-01T12:00:00+05', '2026-01-01\n12:00:00Z', '2026-02-30T12:00:00Z']
    assert.deepEqual(misfits(...good, ...bad), bad)
    for (const text of good) assert.ok(!Number.isNaN(Date.parse(text)))
  })

  it('has nothing to say about a value that matches', () => {
    const check = new Validator().compile(order)

    assert.deepEqual(check({ id: '0195b2a8-0000-7000-8000-000000000000', amount: 1 }), [])
  })

  it('reports the first mismatch, or all of them when asked', () => {
    const wrong = { id: 'x', amount: '1', extra: true }

    assert.equal(new Validator().compile(order)(wrong).length, 1)
    assert.deepEqual(new Validator({ allErrors: true }).compile(order)(wrong), [
      { pointer: '', message: 'must not have `extra`' },
      { pointer: '/id', message: 'must be a uuid' },
      { pointer: '/amount', message: 'must be a number, is a string' },
    ])
  })

  it('makes one check per schema object', () => {
    const validator = new Validator()

    assert.equal(validator.compile(order), validator.compile(order))
    assert.notEqual(validator.compile(order), validator.compileWithDefaults(order))
  })

  it('fills defaults in only where asked, and before it looks for what is required', () => {
    const schema = Type.Object({ limit: Type.Number({ default: 512 }) })
    const given = {}

    assert.equal(new Validator().compile(schema)(given).length, 1)
    assert.deepEqual(new Validator().compileWithDefaults(schema)(given), [])
    assert.deepEqual(given, { limit: 512 })
  })

  it('does not take an inherited property for the value own', () => {
    const schema = Type.Object({ toString: Type.Unknown() })

    assert.deepEqual(new Validator().compile(schema)({}), [
      { pointer: '', message: 'must have `toString`' },
    ])
  })

  it('understands the tuples that TypeBox writes, and does not touch the schema', () => {
    const schema = Type.Object({ pair: Type.Tuple([Type.Number(), Type.String()]) })
    const before = JSON.stringify(schema)
    const check = new Validator().compile(schema)

    assert.deepEqual(check({ pair: [1, 'a'] }), [])
    assert.equal(check({ pair: [1, 2] })[0]?.pointer, '/pair/1')
    assert.equal(check({ pair: [1, 'a', 3] })[0]?.pointer, '/pair')
    assert.equal(JSON.stringify(schema), before)
  })

  it('accepts every object for a schema without properties, and nothing else', () => {
    const check = new Validator().compile(Type.Object({}))

    assert.deepEqual(check({ anything: 1 }), [])
    for (const other of [null, [], 'text', 1, undefined]) {
      assert.deepEqual(check(other), [{ pointer: '', message: 'must be an object' }])
    }
  })

  it('accepts anything for a schema that says nothing', () => {
    const check = new Validator().compile(Type.Unknown({ description: 'whatever' }))

    for (const value of [null, [], 'text', 1, undefined, {}]) assert.deepEqual(check(value), [])
  })

  it('still refuses additional properties on an object that declares none', () => {
    const check = new Validator().compile(Type.Object({}, { additionalProperties: false }))

    assert.deepEqual(check({ a: 1 }), [{ pointer: '', message: 'must not have `a`' }])
  })

  it('tolerates our own keyword', () => {
    const schema = { type: 'string', 'x-carabiner': { secret: true }, minLength: 2 }

    assert.equal(new Validator().compile(schema)('a').length, 1)
  })
})

describe('what makes a schema unusable', () => {
  const cases: [schema: unknown, says: RegExp][] = [
    ['text', /is an object/],
    [{ type: 'strng' }, /type/],
    [{ minimum: '3' }, /minimum must be a number/],
    [{ type: 'string', format: 'no-such' }, /unknown format "no-such"/],
    [{ typo: 1 }, /unknown keyword: "typo"/],
    [{ $ref: '#/$defs/missing' }, /can't resolve reference/],
    [{ $async: true, type: 'string' }, /asynchronous/],
    [{ pattern: '(' }, /pattern|regular expression/i],
  ]
  for (const [schema, says] of cases) {
    it(`is said about ${JSON.stringify(schema)}`, () => {
      assert.match(new Validator().problem(schema) ?? 'nothing', says)
    })
  }

  it('is nothing for one that can be used', () => {
    assert.equal(new Validator().problem({ properties: { a: { minimum: 3 } } }), undefined)
    assert.equal(new Validator().problem(order), undefined)
  })

  it('throws at the first use when nobody asked', () => {
    const check = new Validator().compile({ type: 'string', format: 'no-such' })

    assert.throws(() => check('x'), { name: 'TypeError', message: /unknown format "no-such"/ })
  })
})

describe('the words for a mismatch in a union', () => {
  const strategy = Type.Union([
    Type.Object({ kind: Type.Literal('fixed'), waitMs: Type.Number() }),
    Type.Object({ kind: Type.Literal('doubling'), factor: Type.Number() }),
  ])
  const oneOrMany = Type.Union([
    Type.Object({ id: Type.String() }, { additionalProperties: false }),
    Type.Object(
      {
        state: Type.Union([Type.Literal('dead'), Type.Literal('delivered')]),
        from: Type.Optional(Type.String()),
      },
      { additionalProperties: false },
    ),
  ])
  const cases: [name: string, schema: object, value: unknown, expected: [string, string][]][] = [
    [
      'lists literals',
      Type.Union([Type.Literal('a'), Type.Literal('b')]),
      'c',
      [['', 'must be "a" or "b"']],
    ],
    [
      'lists types',
      Type.Union([Type.String(), Type.Array(Type.String())]),
      1,
      [['', 'must be a string or an array']],
    ],
    [
      'goes into the branch whose type fits',
      Type.Union([Type.String(), Type.Array(Type.String())]),
      ['a', 1],
      [['/1', 'must be a string, is a number']],
    ],
    [
      'goes into the branch whose tag fits',
      strategy,
      { kind: 'doubling', factor: 'x' },
      [['/factor', 'must be a number, is a string']],
    ],
    [
      'goes through a union in a union',
      Type.Union([Type.Boolean(), Type.Object({ size: Type.Union([Type.Number(), Type.Null()]) })]),
      { size: 'x' },
      [['/size', 'must be a number or null']],
    ],
    [
      'names the tags when it fits none',
      strategy,
      { kind: 'halving', factor: 2 },
      [['/kind', 'must be "fixed" or "doubling"']],
    ],
    [
      'takes literals below for no tag',
      oneOrMany,
      { state: 'ded' },
      [['/state', 'must be "dead" or "delivered"']],
    ],
    [
      'goes into the branch that knows the keys',
      oneOrMany,
      { from: 5 },
      [
        ['', 'must have `state`'],
        ['/from', 'must be a string, is a number'],
      ],
    ],
    [
      'goes into the branch with the fewest mistakes',
      oneOrMany,
      { state: 'dead', form: 'x' },
      [['', 'must not have `form`']],
    ],
    [
      'says what is missing when no branch is closer',
      oneOrMany,
      {},
      [['', 'must have `id` or `state`']],
    ],
    [
      'says so when no branch is closer and nothing is missing',
      Type.Union([Type.Object({ a: Type.Number() }), Type.Object({ a: Type.Null() })]),
      { a: 'x' },
      [['', 'must match one of the alternatives']],
    ],
    [
      'lists what a union in a union takes',
      Type.Union([Type.Union([Type.Literal('a'), Type.Literal('b')]), Type.Number()]),
      'c',
      [['', 'must be "a", "b" or a number']],
    ],
    [
      'says when too many match',
      { oneOf: [{ type: 'number' }, { type: 'integer' }] },
      1,
      [['', 'must match only one of the alternatives']],
    ],
  ]
  for (const [name, schema, value, expected] of cases) {
    it(name, () => {
      const said = new Validator({ allErrors: true }).compile(schema)(value)

      assert.deepEqual(
        said.map((each) => [each.pointer, each.message]),
        expected,
      )
    })
  }

  it('tells the first of very many', () => {
    const schema = Type.Array(Type.Union([Type.String(), Type.Null()]))

    const said = new Validator({ allErrors: true }).compile(schema)(Array(60_000).fill(7))

    assert.deepEqual(said[0], { pointer: '/0', message: 'must be a string or null' })
    assert.deepEqual(new Set(said.map(({ message }) => message)).size, 1)
    assert.ok(said.length <= 200)
  })

  it('is never empty for a value that does not match, and never quotes the value', () => {
    const schema = Type.Union([strategy, Type.Literal('off'), Type.Array(strategy)])
    const check = new Validator({ allErrors: true }).compile(schema)
    const secret = 'hunter2-hunter2'

    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const said = check([value, { kind: secret, waitMs: secret }])

        assert.notEqual(said.length, 0)
        assert.doesNotMatch(JSON.stringify(said), /hunter2/)
      }),
      { numRuns: 200 },
    )
  })
})
