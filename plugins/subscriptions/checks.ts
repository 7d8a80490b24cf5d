import { type Check, checkProxy, systemClock } from 'carabiner'
import type { SubscriptionsConfig } from './config.ts'

/** What deliveries to subscribers depend on. */
export const checks: readonly Check<SubscriptionsConfig>[] = [
  {
    id: 'proxy',
    name: 'The proxy of `egress` takes connections',
    severity: 'common',
    tags: ['deliveries'],
    hint: 'deliveries to subscribers wait until it does',
    health: ({ egress }) => typeof egress.proxy === 'string',
    async run({ config: { egress } }) {
      // Without one of their own, deliveries go through that of the host, which looks at it itself.
      if (typeof egress.proxy === 'string') await checkProxy(egress.proxy, systemClock)
    },
  },
]
