import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { capabilitiesOf, intentTypesOf } from '../../../plugins/subscriptions/capabilities.ts'
import { countersOf, countersOfTallies } from '../../../plugins/subscriptions/counters.ts'
import { cursorOf, entryOf, placeOf } from '../../../plugins/subscriptions/cursor.ts'
import {
  EventTypes,
  eventTypePattern,
  selectorPattern,
  selectorsFor,
} from '../../../plugins/subscriptions/event-types.ts'
import { RouteError } from '../../../src/connector/route-answer.ts'
import { newId } from '../../../src/ids.ts'

const word = fc.stringMatching(/^[A-Za-z][A-Za-z0-9_-]{0,5}$/)
const aType = fc
  .array(word, { minLength: 1, maxLength: 4 })
  .map((words) => words.join('.'))
  .filter((type) => new RegExp(eventTypePattern).test(type))
const aSelector = fc.oneof(
  fc.constant('*'),
  aType,
  aType.map((type) => `${type}.*`),
  word.map((prefix) => `${prefix}.*`),
)

/** What a selector means, told apart from how it is looked up. */
function matches(selector: string, type: string): boolean {
  if (selector === '*') return true
  return selector.endsWith('.*') ? type.startsWith(selector.slice(0, -1)) : selector === type
}

describe('event types', () => {
  it('are found under exactly the selectors that match them', () => {
    fc.assert(
      fc.property(aType, fc.array(aSelector), (type, selectors) => {
        const found = new Set(selectorsFor(type))
        const prefixes = type.split('.').map((_, at, words) => `${words.slice(0, at).join('.')}.*`)
        for (const selector of [...selectors, ...prefixes.slice(1), '*', type]) {
          assert.equal(found.has(selector), matches(selector, type), `${selector} of ${type}`)
        }
      }),
    )
  })

  it('have selectors that are themselves written as selectors are', () => {
    fc.assert(
      fc.property(aType, (type) => {
        for (const selector of selectorsFor(type))
          assert.match(selector, new RegExp(selectorPattern))
      }),
    )
  })

  it('that are listed are taken, and the prefixes that some of them have', () => {
    const types = new EventTypes(['inbox.thread_created', 'invite.accepted'])

    const taken = ['inbox.thread_created', 'inbox.*', '*', 'invite.*']
    const refused = ['inbox.thread', 'inbox', 'in.*', 'inbox.thread.*', 'inbox.thread_created.*']
    assert.deepEqual(
      taken.filter((each) => !types.acceptsSelector(each)),
      [],
    )
    assert.deepEqual(
      refused.filter((each) => types.acceptsSelector(each)),
      [],
    )
    assert.equal(types.accepts('*'), false)
  })

  it('may be any that are names, when any are taken', () => {
    const types = new EventTypes('any')

    assert.deepEqual(
      ['abc', 'A_1-b.c', 'a'.repeat(100), 'ab', '9ab', 'a b c', 'a'.repeat(101), 'a*c'].map(
        (type) => types.accepts(type),
      ),
      [true, true, true, false, false, false, false, false],
    )
  })
})

describe('capabilities', () => {
  it('are what the connector brings, and the connectors with long enough names', () => {
    const own = capabilitiesOf([])
    assert.deepEqual(capabilitiesOf(['ab', 'abc', 'webhooks.events', 'abc']), [...own, 'abc'])
  })

  it('name an intent for each event, or those that are configured', () => {
    const events = ['order.created', 'order-created', 'adjust'].map((name) => ({ name }))

    assert.deepEqual(intentTypesOf(events, []), ['intent.order_created.v1', 'intent.adjust.v1'])
    assert.deepEqual(intentTypesOf(events, ['intent.x.v1']), ['intent.x.v1'])
  })
})

describe('counters', () => {
  const states = ['pending', 'sending', 'delivered', 'dead', 'cancelled'] as const

  it('always add up, counted one by one or from tallies', () => {
    const aDelivery = fc.record({ state: fc.constantFrom(...states), attempts: fc.nat(3) })
    fc.assert(
      fc.property(fc.array(aDelivery), (deliveries) => {
        const counters = countersOf(deliveries)
        const count = (state: string): number =>
          deliveries.filter((each) => each.state === state).length
        const tally = {
          pending: count('pending'),
          sending: count('sending'),
          delivered: count('delivered'),
          dead: count('dead'),
          cancelled: count('cancelled'),
          attempted: deliveries.filter(({ attempts }) => attempts > 0).length,
        }

        const { queued_deliveries: queued, delivered, pending, dead_lettered: dead } = counters
        assert.equal(delivered + pending + dead, queued)
        assert.deepEqual(countersOfTallies([tally]), counters)
      }),
    )
  })
})

describe('a cursor', () => {
  it('leads back to its place, for whoever shows it in their own listing', () => {
    const place = { entry: entryOf('agent://acme/ops', 1_700_000_000_000), id: newId() }

    assert.deepEqual(placeOf('agent://acme/ops', cursorOf(place)), place)
    const theirs = placeOf('agent://rival/bot', cursorOf(place))
    assert.ok(theirs.entry.startsWith('agent://rival/bot\n'))
  })

  it('is nothing else', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        assert.throws(
          () => placeOf('agent://a', text),
          (error) => error instanceof RouteError && error.refusal.status === 422,
        )
      }),
    )
  })
})
