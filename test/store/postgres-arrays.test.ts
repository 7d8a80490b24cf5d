import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { after, describe, it } from 'node:test'
import fc from 'fast-check'
import {
  binaryArray,
  byteStrings,
  doubles,
  type ElementType,
  integers,
  texts,
  uuids,
} from '../../src/store/postgres/binary-array.ts'
import { connect, testPostgres } from '../helpers/postgres.ts'

const server = testPostgres({ fsync: false })
const url = server.database()
after(() => server[Symbol.asyncDispose]())

/** What PostgreSQL has as text: no NUL, no half of a surrogate pair. */
const text = fc
  .string({ unit: 'binary' })
  .filter((value) => !value.includes('\0') && value.isWellFormed())

describe('an array in the binary format', () => {
  it('is read by the server as it was given', async () => {
    await using client = await connect(await url)
    const told = async <T>(type: ElementType<T>, name: string, values: readonly (T | null)[]) => {
      const { rows } = await client.query<{ told: unknown }>(`SELECT $1::${name}[] AS told`, [
        binaryArray(type, values),
      ])
      return rows[0]?.told
    }
    const row = fc.record({
      number: fc.option(fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 })),
      time: fc.option(fc.double({ noNaN: true })),
      name: fc.option(text),
      bytes: fc.option(fc.uint8Array()),
      id: fc.option(fc.uuid()),
    })

    await fc.assert(
      fc.asyncProperty(fc.array(row), async (rows) => {
        const column = <K extends keyof (typeof rows)[number]>(name: K) =>
          rows.map((each) => each[name])
        const bytes = column('bytes').map((value) => value && Buffer.from(value))

        assert.deepEqual(await told(integers, 'integer', column('number')), column('number'))
        assert.deepEqual(await told(doubles, 'double precision', column('time')), column('time'))
        assert.deepEqual(await told(texts, 'text', column('name')), column('name'))
        assert.deepEqual(await told(byteStrings, 'bytea', column('bytes')), bytes)
        assert.deepEqual(await told(uuids, 'uuid', column('id')), column('id'))
      }),
      { numRuns: 50 },
    )
  })

  it('takes no id that is not a UUID', () => {
    const id = randomUUID()

    for (const value of ['', 'hooks/audit', id.slice(1), `${id}0`, id.replace(/.$/, 'g')]) {
      assert.throws(() => binaryArray(uuids, [id, value]), /expected a UUID/)
    }
  })
})
