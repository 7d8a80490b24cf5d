import { describe, it } from 'node:test'
import { Type } from 'typebox'
import { defineEvent } from '../../src/bus/event.ts'
import { defineConnector } from '../../src/connector/define-connector.ts'
import type { Scope } from '../../src/connector/scope.ts'

const adjust = defineEvent('adjust', {
  params: Type.Object({ component: Type.String(), amount: Type.Number() }),
  result: Type.Object({ applied: Type.Number() }),
})

/** Never called: what is tested is whether it compiles. */
export function rightUse(scope: Scope): void {
  scope.before(adjust, ({ params, cancel }) => {
    if (params.amount > 1) cancel(`too much for ${params.component}`, { limit: 1 })
  })
  scope.on(adjust, async ({ params, signal }) => ({ applied: signal.aborted ? 0 : params.amount }))
  scope.after(adjust, ({ results }) => {
    for (const result of results) if ('value' in result) result.value?.applied.toFixed()
  })
  scope.on('startup', () => {})
  scope.before('shutdown', ({ params }) => void params.reason.length)
  scope.on('check', ({ params }) => void params.tags?.length)
  scope.on('of-another-connector', ({ params }) => params)
  void scope.dispatch(adjust, { component: 'web', amount: 1 }).then((outcome) => {
    if (outcome.kind === 'cancelled') return outcome.reason.length
    if (outcome.kind === 'parked') return outcome.waitingFor.length
    return outcome.results.length
  })
}

/** Never called either: each line below must not compile. */
export function wrongUse(scope: Scope): void {
  // @ts-expect-error there is no such param
  scope.before(adjust, ({ params }) => void params.amonut)
  // @ts-expect-error a number is no string
  scope.before(adjust, ({ params }) => void params.amount.length)
  // @ts-expect-error the result has the wrong type
  scope.on(adjust, () => ({ applied: 'much' }))
  // @ts-expect-error the result is missing
  scope.on(adjust, () => {})
  // @ts-expect-error the promised result has the wrong type
  scope.on(adjust, async () => ({ aplied: 1 }))
  // @ts-expect-error results are known only after
  scope.on(adjust, ({ results }) => ({ applied: results.length }))
  scope.before(adjust, (context) => {
    // @ts-expect-error params are read-only
    context.params = { component: '', amount: 1 }
  })
  // @ts-expect-error shutdown has a reason, no cause
  scope.on('shutdown', ({ params }) => void params.cause)
  // @ts-expect-error a reason is needed
  scope.before(adjust, ({ cancel }) => cancel())
  // @ts-expect-error a reason is a text
  scope.before(adjust, ({ cancel }) => cancel(403))
  // @ts-expect-error an option that does not exist
  scope.before(adjust, () => {}, { prioritty: 1 })
  // @ts-expect-error a param is missing
  void scope.dispatch(adjust, { component: 'web' })
  // @ts-expect-error a param has the wrong type
  void scope.dispatch(adjust, { component: 'web', amount: '1' })
  // @ts-expect-error there is no such phase
  void scope.dispatch(adjust, { component: 'web', amount: 1 }, { phases: ['befor'] })
  // @ts-expect-error params are an object
  defineEvent('x', { params: Type.String() })
}

export const connector: unknown = defineConnector({
  name: 'adjuster',
  config: Type.Object({ limit: Type.Number({ default: 512 }) }),
  events: [adjust],
  setup({ config, before }) {
    before(adjust, ({ params, cancel }) => {
      if (params.amount > config.limit) cancel(`at most ${config.limit}`)
    })
    // @ts-expect-error there is no such setting
    void config.limits
  },
})

describe('the types', () => {
  // `tsc` is the test: an unused @ts-expect-error is an error of `npm run check`.
  it('are checked by the compiler', () => {})
})
