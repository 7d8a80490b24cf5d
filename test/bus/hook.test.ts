import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { Type } from 'typebox'
import { builtInEvents } from '../../src/bus/built-in-events.ts'
import { newDispatchId } from '../../src/bus/dispatch-id.ts'
import { defineEvent } from '../../src/bus/event.ts'
import { parseHook, phases, printHook } from '../../src/bus/phase.ts'

const word = fc.stringMatching(/^[a-z][a-z0-9_]{0,8}$/)
const name = fc
  .tuple(word, fc.array(fc.tuple(fc.constantFrom('.', '-'), word), { maxLength: 3 }))
  .map(([first, rest]) => first + rest.map(([mark, next]) => mark + next).join(''))

describe('a hook', () => {
  it('is read and printed without loss', () => {
    fc.assert(
      fc.property(fc.constantFrom(...phases), name, (phase, event) => {
        const hook = { phase, event }

        assert.deepEqual(parseHook(printHook(hook)), hook)
        assert.deepEqual(parseHook(`${phase}:${event}`), hook)
      }),
    )
  })

  it('of the on phase is printed as the bare name', () => {
    assert.equal(printHook(parseHook('on:measure')), 'measure')
  })

  const refused: [text: string, why: RegExp][] = [
    ['BEFORE:adjust', /the phase is written `before`/],
    [' before:measure', /contains a space/],
    ['before: measure', /contains a space/],
    ['before:', /no event after the `:`/],
    [':measure', /no phase before the `:`/],
    [':', /no phase/],
    ['after:on:measure', /more than one `:`/],
    ['all:measure', /no phase `all`/],
    ['', /is empty/],
    ['before:Measure', /not an event name/],
    ['before:a..b', /not an event name/],
    [`before:${'x'.repeat(65)}`, /at most 64/],
  ]
  for (const [text, why] of refused) {
    it(`written \`${text.slice(0, 20)}\` is refused, saying why`, () => {
      assert.throws(() => parseHook(text), { code: 'HOOK_INVALID', message: why })
    })
  }
})

describe('an event definition', () => {
  it('is frozen and carries its defaults', () => {
    const event = defineEvent('order.created')

    assert.equal(Object.isFrozen(event), true)
    const { timeoutMs, reentrant, around } = event
    assert.deepEqual(
      { timeoutMs, reentrant, around },
      {
        timeoutMs: undefined,
        reentrant: false,
        around: undefined,
      },
    )
  })

  it('has its timeout in milliseconds', () => {
    assert.equal(defineEvent('a', { timeout: '1.5s' }).timeoutMs, 1_500)
    assert.equal(defineEvent('a', { timeout: 2 }).timeoutMs, 2_000)
    assert.throws(() => defineEvent('a', { timeout: 0 }), { code: 'QUANTITY_INVALID' })
  })

  for (const bad of ['', 'A', '1a', 'a.', '.a', 'a..b', 'a b', 'a:b', 'x'.repeat(65), 'ä']) {
    it(`cannot be called \`${bad.slice(0, 10)}\``, () => {
      assert.throws(() => defineEvent(bad), { code: 'EVENT_NAME_INVALID' })
    })
  }

  it('can have a name of 64 characters', () => {
    assert.equal(defineEvent('x'.repeat(64)).name.length, 64)
  })

  it('refuses what it does not understand', () => {
    assert.throws(() => defineEvent('a', { parms: Type.Object({}) } as never), /no option `parms`/)
    assert.throws(() => defineEvent('a', { params: Type.String() } as never), /object schema/)
    assert.throws(() => defineEvent('a', { around: 1 } as never), /must be a function/)
  })

  it('exists for what every host has', () => {
    assert.deepEqual(
      builtInEvents().map((event) => event.name),
      ['startup', 'check', 'deliveries.redeliver', 'shutdown'],
    )
  })
})

describe('the id of a dispatch', () => {
  it('is a UUIDv7 and never comes twice', () => {
    const ids = Array.from({ length: 20_000 }, (_, at) => newDispatchId(Math.floor(at / 6_000)))

    assert.equal(new Set(ids).size, ids.length)
    for (const id of ids) {
      assert.match(id, /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    }
  })

  it('counts up within a millisecond', () => {
    const ids = Array.from({ length: 4_000 }, () => newDispatchId(-5))

    assert.deepEqual(ids, ids.toSorted())
  })
})
