import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Ajv2020 } from 'ajv/dist/2020.js'
import fc from 'fast-check'
import { parseDuration } from '../../src/quantity/duration.ts'
import { parseRate } from '../../src/quantity/rate.ts'
import { Duration, Rate, Secret, SecretList, Size } from '../../src/quantity/schemas.ts'
import { parseSize } from '../../src/quantity/size.ts'

const ajv = new Ajv2020({ keywords: ['x-carabiner'] })
const units = [
  'ns',
  'us',
  'ms',
  's',
  'm',
  'h',
  'd',
  'w',
  'kB',
  'KiB',
  'MB',
  'B',
  '/s',
  '/m',
  '/d',
  ' ',
  '',
]
const written = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.integer({ min: -2, max: 100 }),
  fc.constantFrom(0, 1e-9, 5e-10, 1e12, 1.1e12, false as const),
  fc
    .array(
      fc.tuple(
        fc.constantFrom('0', '1', '05', '1.5', '-1', '.5', '0.0'),
        fc.constantFrom(...units),
      ),
      {
        minLength: 1,
        maxLength: 3,
      },
    )
    .map((parts) => parts.flat().join('')),
  fc.string({ maxLength: 6 }),
)

function takes(parse: () => unknown): boolean {
  try {
    parse()
    return true
  } catch {
    return false // a refusal is what is asked for here
  }
}

describe('the schema of a quantity', () => {
  // Proof of the casts: a parser refuses what is of another type too, as the schema does.
  const kinds = [
    ['Duration()', Duration(), (text: unknown) => parseDuration(text as string)],
    [
      'Duration({ zero })',
      Duration({ zero: true }),
      (text: unknown) => parseDuration(text as string, { zero: true }),
    ],
    ['Size()', Size(), (text: unknown) => parseSize(text as string)],
    ['Rate()', Rate(), (text: unknown) => parseRate(text as string)],
  ] as const
  for (const [name, schema, parse] of kinds) {
    it(`${name} refuses exactly what its parser refuses`, () => {
      const matches = ajv.compile(schema)

      fc.assert(
        fc.property(written, (value) => {
          assert.equal(
            matches(value),
            takes(() => parse(value)),
          )
        }),
        { numRuns: 1000 },
      )
    })
  }

  it('Secret() and SecretList() refuse what is empty', () => {
    const one = ajv.compile(Secret())
    const list = ajv.compile(SecretList())

    assert.deepEqual([one('s'), one(''), one(5)], [true, false, false])
    assert.deepEqual(
      [list('s'), list(['s', 't']), list([]), list(['']), list('')],
      [true, true, false, false, false],
    )
  })
})
