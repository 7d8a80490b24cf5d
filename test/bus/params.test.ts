import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { Type } from 'typebox'
import { defineEvent } from '../../src/bus/event.ts'
import { type Params, type ParamsReader, paramsReader } from '../../src/bus/params.ts'
import { EventParamsError } from '../../src/errors.ts'
import { Validator } from '../../src/schema/validator.ts'
import { adjust, openBus } from '../helpers/open-bus.ts'

const anything = defineEvent('anything', { params: Type.Object({ value: Type.Unknown() }) })

async function seenBy(given: unknown): Promise<unknown> {
  const { bus } = openBus()
  bus.declare(anything, 'a')
  let seen: unknown
  bus.register('a', 'on', anything, ({ params }) => {
    seen = params.value
  })
  await bus.dispatch(anything, { value: given })
  return seen
}

function isFrozenThrough(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return true
  return Object.isFrozen(value) && Object.values(value).every(isFrozenThrough)
}

function reading(read: ParamsReader, given: unknown): { params: Params } | { errors: unknown } {
  try {
    return { params: read(given) }
  } catch (error) {
    if (error instanceof EventParamsError) return { errors: error.errors }
    throw error
  }
}

describe('params', () => {
  it('are an equal, deeply frozen copy; what the caller owns is left alone', async () => {
    await fc.assert(
      fc.asyncProperty(fc.jsonValue(), async (given) => {
        const before = JSON.stringify(given)

        const seen = await seenBy(given)

        assert.equal(JSON.stringify(seen), before)
        assert.equal(isFrozenThrough(seen), true)
        assert.equal(JSON.stringify(given), before)
        if (typeof given === 'object' && given !== null && Object.keys(given).length > 0) {
          assert.notEqual(seen, given)
          assert.equal(Object.isFrozen(given), false)
        }
      }),
      { numRuns: 200 },
    )
  })

  it('do not change when the caller changes what it gave', async () => {
    const { bus } = openBus()
    bus.declare(anything, 'a')
    let seen: unknown
    bus.register('a', 'on', anything, ({ params }) => {
      seen = params.value
    })
    const given = { list: [1] }

    const dispatching = bus.dispatch(anything, { value: given })
    given.list.push(2)
    await dispatching

    assert.deepEqual(seen, { list: [1] })
  })

  it('get the defaults of the signature, the caller’s object does not', async () => {
    const { bus } = openBus()
    const event = defineEvent('preset', {
      params: Type.Object({
        mode: Type.String({ default: 'soft' }),
        deep: Type.Object({ a: Type.Array(Type.Number()) }),
      }),
    })
    bus.declare(event, 'a')
    let seen: unknown
    bus.register('a', 'on', event, ({ params }) => {
      seen = params
    })
    const given = { deep: { a: [1] } }

    await bus.dispatch('preset', given)

    assert.deepEqual(seen, { mode: 'soft', deep: { a: [1] } })
    assert.equal(isFrozenThrough(seen), true)
    assert.deepEqual(given, { deep: { a: [1] } })
  })

  it('are read the same whether or not the signature is one that is read in one go', () => {
    const simple = fc.oneof(
      fc.constantFrom(Type.String(), Type.Boolean(), Type.Number()),
      fc.record({ minimum: fc.integer({ min: -3, max: 0 }) }).map((limit) => Type.Number(limit)),
      fc.record({ maximum: fc.integer({ min: 0, max: 3 }) }).map((limit) => Type.Number(limit)),
    )
    const field = simple.chain((schema) => fc.constantFrom(schema, Type.Optional(schema)))
    const name = fc.constantFrom('a', 'b', 'c', '__proto__', 'constructor', 'toString')
    const value = fc.oneof(
      fc.constantFrom('', 'x', true, null, undefined, Number.NaN, Infinity, 1n, {}, [], () => {}),
      fc.integer({ min: -5, max: 5 }),
    )
    const given = fc.oneof(
      fc.array(fc.tuple(name, value), { maxLength: 5 }).map((fields) => Object.fromEntries(fields)),
      fc.constantFrom(null, undefined, [], 'x', new Map(), Object.create({ a: 'x' })),
    )
    const validator = new Validator()
    fc.assert(
      fc.property(fc.dictionary(name, field), given, (fields, params) => {
        const signature = Type.Object(fields)
        const more = Type.Object(fields, { additionalProperties: true })

        const inOneGo = reading(paramsReader('event', signature, validator), params)

        assert.deepEqual(inOneGo, reading(paramsReader('event', more, validator), params))
        assert.ok('errors' in inOneGo || isFrozenThrough(inOneGo.params))
      }),
      { numRuns: 500 },
    )
  })

  it('that do not match are refused with the places', async () => {
    const { bus } = openBus()

    await assert.rejects(bus.dispatch('adjust', { amount: -1 }), (error) => {
      assert.ok(error instanceof EventParamsError)
      assert.deepEqual(error.errors, [{ pointer: '/amount', message: 'must be >= 0' }])
      return true
    })
    for (const wrong of [undefined, null, [], 'x', 1, {}]) {
      await assert.rejects(bus.dispatch('adjust', wrong), { code: 'EVENT_PARAMS_INVALID' })
    }
  })

  const code: [name: string, value: unknown][] = [
    ['function', () => {}],
    ['symbol', Symbol('x')],
    ['Map', new Map()],
    ['Promise', Promise.resolve()],
  ]
  for (const [name, value] of code) {
    it(`refuse a ${name}: it is no data`, async () => {
      for (const given of [value, [value], { a: value }]) {
        await assert.rejects(seenBy(given), {
          code: 'EVENT_PARAMS_INVALID',
          message: /must be data/,
        })
      }
    })
  }

  it('refuse what contains itself', async () => {
    const given: Record<string, unknown> = {}
    given['self'] = given

    await assert.rejects(seenBy(given), { code: 'EVENT_PARAMS_INVALID', message: /nested deeper/ })
  })

  it('keep a key named __proto__ a key', async () => {
    const seen = await seenBy(JSON.parse('{"__proto__":{"admin":true}}'))

    assert.equal(JSON.stringify(seen), '{"__proto__":{"admin":true}}')
    assert.equal((seen as { admin?: boolean }).admin, undefined)
  })

  it('copy dates and bytes', async () => {
    const date = new Date(0)
    const bytes = Uint8Array.of(1)

    const seen = await seenBy({ date, bytes })
    date.setTime(1)
    bytes[0] = 2

    assert.deepEqual(seen, { date: new Date(0), bytes: Uint8Array.of(1) })
  })

  it('are handed on in a dispatch inside, as they are', async () => {
    const { bus } = openBus()
    bus.declare(anything, 'a')
    bus.register('a', 'on', adjust, async ({ params }) => {
      return (await bus.dispatch(anything, { value: params })).kind
    })

    const outcome = await bus.dispatch(adjust, { amount: 1 })

    assert.equal(outcome.kind, 'completed')
  })
})
