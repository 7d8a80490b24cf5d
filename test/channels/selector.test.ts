import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { matchesSelector, parseSelector } from '../../src/channels/selector.ts'
import { parseGlob } from '../../src/quantity/glob.ts'

describe('a selector', () => {
  const cases: [selector: string | RegExp, matches: string[], not: string[]][] = [
    ['orders', ['orders'], ['orders.created', 'order', 'Orders']],
    ['orders.*', ['orders.created', 'orders.created.eu'], ['orders', 'my.orders.created']],
    ['*', ['anything'], []],
    ['a*b*c', ['abc', 'aXbYc', 'abbcc'], ['ab', 'acb', 'abcd']],
    ['aa*aa', ['aaaa', 'aaxaa'], ['aaa']],
    ['/orders\\.(new|old)/', ['orders.new'], ['orders.newer', 'xorders.new']],
    ['/a|b.+/', ['a', 'bx'], ['ax', 'ab']],
    [/orders/i, ['ORDERS'], ['orders.x']],
  ]
  for (const [selector, matches, not] of cases) {
    it(`${selector} is matched whole`, () => {
      const parsed = parseSelector(selector)

      for (const name of matches) assert.equal(matchesSelector(parsed, name), true, name)
      for (const name of not) assert.equal(matchesSelector(parsed, name), false, name)
    })
  }

  const refused: [selector: string | RegExp, why: RegExp][] = [
    ['', /not a channel name/],
    ['order created', /not a channel name/],
    ['order?*', /`\?` cannot stand in a glob/],
    ['/(/', /Unterminated group|Invalid regular expression/],
    ['/a)(?:b/', /Invalid regular expression|Unmatched/],
    ['//', /it is empty/],
    ['/abc', /closing `\/` is missing/],
    ['/abc/g', /flag `g` means nothing/],
    ['/(a+)+b/', /repeats a group/],
    ['/(a|a)*b/', /repeats a group/],
    ['/([a-z]?x)+/', /repeats a group/],
    ['/(a)\\1/', /refers back/],
    ['/.*.*.*.*x/', /repeats too much/],
    [`/${'a?'.repeat(40)}/`, /repeats too much/],
    [`/${'(a|a)'.repeat(30)}/`, /repeats too much/],
    [`/${'a'.repeat(201)}/`, /more than 200/],
  ]
  for (const [selector, why] of refused) {
    it(`${String(selector).slice(0, 30)} is refused`, () => {
      assert.throws(() => parseSelector(selector), { code: 'CHANNEL_INVALID', message: why })
    })
  }

  it('that is accepted takes less than a second of the processor for the worst names', () => {
    const names = ['a'.repeat(253), `${'a'.repeat(252)}b`, 'ab'.repeat(126)]
    const expressions = ['/.*.*.*b/', '/a*a*a*c/', '/a+a?a?a?a+a+c/', '/(a|a)(a|a)(a|a).*.*x/']

    for (const expression of expressions) {
      const selector = parseSelector(expression)
      const began = process.cpuUsage()
      for (const name of names) matchesSelector(selector, name)
      assert.ok(process.cpuUsage(began).user < 1_000_000, expression)
    }
  })
})

describe('a glob', () => {
  it('matches as the regular expression that says the same', () => {
    const letters = fc.string({ unit: fc.constantFrom('a', 'b', '.'), maxLength: 8 })
    const pattern = fc.string({
      unit: fc.constantFrom('a', 'b', '.', '*'),
      minLength: 1,
      maxLength: 6,
    })

    fc.assert(
      fc.property(pattern, letters, (text, name) => {
        const parsed = parseGlob(text)
        const same = new RegExp(`^${text.replaceAll('.', '\\.').replaceAll('*', '.*')}$`)

        assert.equal(parsed.kind === 'glob' && parsed.glob.matches(name), same.test(name))
      }),
      { numRuns: 2_000 },
    )
  })
})
