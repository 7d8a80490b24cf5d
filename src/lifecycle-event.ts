import type { Outcome } from './bus/outcome.ts'
import { CarabinerError } from './errors.ts'

/** Waits for an event of the host's own life. @throws {CarabinerError} CONNECTOR_FAILED when it did not complete */
export async function completed(dispatched: Promise<Outcome>): Promise<void> {
  const outcome = await dispatched
  if (outcome.kind === 'completed' || outcome.kind === 'parked') return
  const why =
    outcome.kind === 'cancelled'
      ? `cancelled by ${outcome.by}: ${outcome.reason}`
      : outcome.failures.map(({ connector, message }) => `${connector}: ${message}`).join('; ')
  throw new CarabinerError('CONNECTOR_FAILED', `\`${outcome.event}\` did not complete: ${why}`)
}

const lifecycleEvents: ReadonlyMap<string, string> = new Map([
  ['startup', 'when it starts'],
  ['check', 'when its checks are run (`carabiner check`)'],
  ['shutdown', 'when it stops'],
])

/**
 * Refuses to let others dispatch an event of the host's life: its connectors would believe that it starts or stops.
 *
 * @throws {CarabinerError} USAGE
 */
export function refuseLifecycleEvent(name: string): void {
  const when = lifecycleEvents.get(name)
  if (when === undefined) return
  throw new CarabinerError('USAGE', `\`${name}\` is dispatched by the host itself, ${when}`)
}
