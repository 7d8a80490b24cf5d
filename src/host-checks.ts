import type { Check } from './connector/check.ts'
import type { DeliveryEngine } from './delivery/engine.ts'
import { CarabinerError } from './errors.ts'

/** Of the missing endpoints, those that a message names. */
const named = 10

/** What the host checks of itself, beside the checks of its connectors. */
export function hostChecks(engine: Pick<DeliveryEngine, 'missingEndpoints'>): readonly Check[] {
  return [
    {
      id: 'endpoints',
      name: 'Every delivery that waits has its endpoint in the assembly',
      severity: 'warning',
      tags: ['deliveries'],
      hint: 'bring the endpoint back, or `carabiner deliveries cancel` what waits for it; it is dead after `host.retention`',
      run: () => refuseMissing(engine),
    },
  ]
}

async function refuseMissing(engine: Pick<DeliveryEngine, 'missingEndpoints'>): Promise<void> {
  const missing = await engine.missingEndpoints()
  if (missing.length === 0) return
  const shown = missing.slice(0, named).map(({ endpoint, waiting }) => `${endpoint} (${waiting})`)
  const more = missing.length > named ? [`and ${missing.length - named} more`] : []
  throw new CarabinerError(
    'ENDPOINT_UNKNOWN',
    `deliveries wait for endpoints that are not in the assembly: ${[...shown, ...more].join(', ')}`,
  )
}
