import type { Clock } from './clock.ts'
import type { Check } from './connector/check.ts'
import {
  type CheckResult,
  type CheckSelection,
  refuseUnknown,
  runChecks,
} from './connector/run-checks.ts'
import type { DeliveryEngine } from './delivery/engine.ts'
import { CarabinerError } from './errors.ts'
import type { Generation } from './generation.ts'
import { completed } from './lifecycle-event.ts'

/** Of the missing endpoints, those that a message names. */
const named = 10

/**
 * Runs the host's own checks and those of an assembly's connectors, framed by the event `check`.
 *
 * @throws {CarabinerError} CONNECTOR_UNKNOWN, USAGE: the selection names what is not there; CONNECTOR_FAILED: `check` did not complete
 */
export async function checkHost(
  { bus, connectors, assembly }: Generation,
  engine: DeliveryEngine,
  clock: Clock,
  selection: CheckSelection,
): Promise<readonly CheckResult[]> {
  const { ids, tags } = selection
  const instances = assembly.connectors.filter(({ id }) =>
    connectors.some((started) => started.id === id),
  )
  const parts = [
    { id: 'host', checks: hostChecks(engine), config: undefined },
    ...instances.map(({ id, connector: { checks = [] }, config }) => ({ id, checks, config })),
  ]
  refuseUnknown(parts, selection)
  const params = { ...(ids && { ids: [...ids] }), ...(tags && { tags: [...tags] }) }
  await completed(bus.dispatch('check', params, { phases: ['before', 'on'] }))
  const results = await runChecks(parts, selection, clock, new AbortController().signal)
  await bus.dispatch('check', params, { phases: ['after'] })
  return results
}

/** What the host checks of itself, beside the checks of its connectors. */
function hostChecks(engine: Pick<DeliveryEngine, 'missingEndpoints'>): readonly Check[] {
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
