import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { Type } from 'typebox'
import { defineEvent } from '../../src/bus/event.ts'
import { EventParamsError } from '../../src/errors.ts'
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
