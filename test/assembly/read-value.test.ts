import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { Type } from 'typebox'
import type { JsonSchema } from '../../src/assembly/json-schema.ts'
import { readValue } from '../../src/assembly/read-value.ts'
import { assemblySchema } from '../../src/assembly/schema.ts'
import { treeOf } from '../../src/assembly/tree.ts'
import { defineConnector } from '../../src/connector/define-connector.ts'
import { Duration, Rate, SecretList, Size } from '../../src/quantity/schemas.ts'
import { Validator } from '../../src/schema/validator.ts'

const closed = { additionalProperties: false }
const Config = Type.Object({
  a: Type.Optional(Type.Integer({ minimum: 0, maximum: 5 })),
  b: Type.Union([Type.Literal('x'), Type.Literal('y'), Type.Null()]),
  c: Type.Number({ default: 1, exclusiveMinimum: 0, multipleOf: 0.5 }),
  d: Type.Optional(Duration({ zero: true })),
  e: Type.Optional(Size()),
  f: Type.Optional(Rate()),
  g: Type.Optional(SecretList()),
  h: Type.Optional(Type.Array(Type.String({ maxLength: 2 }), { minItems: 1, uniqueItems: true })),
  i: Type.Optional(Type.Record(Type.String({ pattern: '^k' }), Type.Boolean())),
  j: Type.Optional(
    Type.Intersect([
      Type.Object({ p: Type.String() }),
      Type.Object({ q: Type.Optional(Type.Number()) }),
    ]),
  ),
  k: Type.Optional(
    Type.Union([
      Type.Object({ kind: Type.Literal('x'), p: Type.String() }, closed),
      Type.Object({ kind: Type.Literal('y'), q: Type.Boolean() }, closed),
      Type.Array(Type.Integer()),
    ]),
  ),
  l: Type.Optional(Type.Tuple([Type.String(), Type.Number()])),
})

const scalar = fc.constantFrom<unknown[]>(
  'x',
  'y',
  'abc',
  '',
  '10s',
  '64KiB',
  '50/s',
  0,
  1,
  2.5,
  -1,
  9,
  true,
  false,
  null,
)
const small = fc.oneof(
  { weight: 5, arbitrary: scalar },
  fc.array(scalar, { maxLength: 3 }),
  fc.dictionary(fc.constantFrom('kind', 'p', 'q', 'kk'), scalar),
)
const keys = ['a', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l'] as const
const written = fc
  .tuple(
    fc.constantFrom<unknown[]>('x', null, 'z'),
    fc.uniqueArray(fc.constantFrom(...keys), { maxLength: 2 }),
    fc.array(small, { minLength: 2, maxLength: 2 }),
  )
  .map(([b, chosen, values]) =>
    Object.fromEntries([['b', b], ...chosen.map((key, at) => [key, values[at]])]),
  )

describe('reading a value under a schema', () => {
  it('refuses exactly what the published JSON Schema refuses', () => {
    const schema: JsonSchema = { ...Config }
    const validator = new Validator()
    const connector = defineConnector({ name: 'c', config: Config, setup() {} })
    const check = validator.compile(assemblySchema([{ id: 'c', connector }]))

    fc.assert(
      fc.property(written, (value) => {
        const place = { offset: 0, end: 0 }
        const { faults } = readValue(schema, treeOf(value, place), [], { validator, onSecret() {} })

        const mismatches = check({ c: value })

        assert.equal(
          faults.length === 0,
          mismatches.length === 0,
          JSON.stringify([faults, mismatches]),
        )
      }),
      {
        numRuns: 3000,
        // A tuple that is too long was once taken.
        examples: [[{ b: 'x', l: ['x', 9, 'x'] }]],
      },
    )
  })
})
