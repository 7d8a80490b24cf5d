import { defineConnector, defineEvent } from 'carabiner'
import { Type } from 'typebox'

/** The dangerous action of the demonstration: changing a component's memory. */
export const adjust = defineEvent('adjust', {
  description: 'Changes the memory of one component',
  params: Type.Object({
    component: Type.String({ minLength: 1, description: 'Name of the component' }),
    amount: Type.Number({ minimum: 0, description: 'Memory in MiB' }),
  }),
  result: Type.Object({ applied: Type.Number() }),
})

export default defineConnector({
  name: 'adjuster',
  description: 'Applies adjustments',
  config: Type.Object({
    limit: Type.Number({
      default: 512,
      description: 'The most memory a component may get, in MiB',
    }),
  }),
  events: [adjust],
  setup({ config, before, on, log }) {
    const memory = new Map<string, number>()

    before(adjust, ({ params, cancel }) => {
      if (params.amount > config.limit)
        cancel(`at most ${config.limit} MiB`, { limit: config.limit })
    })
    on(adjust, ({ params }) => {
      memory.set(params.component, params.amount)
      log.info({ component: params.component, amount: params.amount }, 'adjusted')
      return { applied: params.amount }
    })
  },
})
