import type { Check } from 'carabiner'
import type { IngressConfig } from './config.ts'

/** What works, and is better otherwise. */
export const checks: readonly Check<IngressConfig>[] = [
  {
    id: 'verified',
    name: 'Webhooks of every provider are verified',
    severity: 'warning',
    tags: ['security'],
    hint: 'whoever knows the URL of a provider with `verify: none` can make events of it',
    run: ({ config }) => unverifiedProviders(config).length === 0,
  },
]

/** Those of which anything is taken. */
export function unverifiedProviders({ integrations }: IngressConfig): readonly string[] {
  return integrations
    .filter(({ verify, active }) => active && verify === 'none')
    .map(({ provider }) => provider)
}
