import type { Clock } from '../clock.ts'
import { CarabinerError, messageOf } from '../errors.ts'
import type { Check } from './check.ts'

/** What is checked: a connector, or the host itself. */
export interface Checked {
  readonly id: string
  readonly checks: readonly Check[]
  readonly config: unknown
}

/** What became of one check. */
export interface CheckResult {
  /** `<connector id>.<check id>`. */
  readonly id: string
  /** `host` for a check of the host itself. */
  readonly connector: string
  readonly name: string
  readonly severity: Check['severity']
  readonly tags: readonly string[]
  /** `skipped`: an earlier critical check of the connector failed. */
  readonly status: 'passed' | 'failed' | 'skipped'
  readonly message: string | null
  readonly hint: string | null
  readonly remedy: string | null
  readonly durationMs: number
}

/** Which checks are run: all that match every field given. */
export interface CheckSelection {
  readonly connectors?: readonly string[]
  /** Namespaced (`db.reachable`) or plain ids. */
  readonly ids?: readonly string[]
  readonly tags?: readonly string[]
}

/**
 * Refuses a selection that names what is not there: checking nothing would look like success.
 *
 * @throws {CarabinerError} CONNECTOR_UNKNOWN, or USAGE for a check's id or a tag
 */
export function refuseUnknown(parts: readonly Checked[], selection: CheckSelection): void {
  const { connectors = [], ids = [], tags = [] } = selection
  const known = parts.map(({ id }) => id)
  const stranger = connectors.find((id) => !known.includes(id))
  if (stranger !== undefined) {
    const expected = `expected one of ${known.join(', ')}`
    throw new CarabinerError('CONNECTOR_UNKNOWN', `no connector \`${stranger}\`: ${expected}`)
  }
  const all = parts.flatMap(({ id, checks }) => checks.map((check) => ({ id, check })))
  for (const wanted of ids) {
    if (all.some(({ id, check }) => isNamed(check, id, wanted))) continue
    const names = all.map(({ id, check }) => `${id}.${check.id}`).join(', ')
    throw new CarabinerError('USAGE', `no check \`${wanted}\`: expected one of ${names}`)
  }
  for (const tag of tags) {
    if (all.some(({ check }) => check.tags.includes(tag))) continue
    const names = [...new Set(all.flatMap(({ check }) => check.tags))].join(', ')
    throw new CarabinerError('USAGE', `no check has the tag \`${tag}\`: expected one of ${names}`)
  }
}

/** Runs checks one after another; a failed critical one skips the rest of its connector's. */
export async function runChecks(
  parts: readonly Checked[],
  selection: CheckSelection,
  clock: Clock,
  signal: AbortSignal,
): Promise<readonly CheckResult[]> {
  const results: CheckResult[] = []
  for (const part of parts) {
    if (selection.connectors?.includes(part.id) === false) continue
    let stopped = false
    for (const check of part.checks) {
      if (!isSelected(check, part.id, selection)) continue
      const result: CheckResult = stopped
        ? describe(check, part.id, 'skipped', 'an earlier critical check failed', 0)
        : await runCheck(check, part, clock, signal)
      results.push(result)
      stopped ||= result.status === 'failed' && check.severity === 'critical'
    }
  }
  return results
}

/** Whether nothing failed that matters: a failed warning never blocks readiness. */
export function isReady(results: readonly CheckResult[]): boolean {
  return results.every((result) => result.status === 'passed' || result.severity === 'warning')
}

async function runCheck(
  check: Check,
  { id, config }: Checked,
  clock: Clock,
  signal: AbortSignal,
): Promise<CheckResult> {
  const startedAt = clock.monotonic()
  const took = (): number => Math.round(clock.monotonic() - startedAt)
  try {
    const answer = await check.run({ config, signal })
    if (answer !== false) return describe(check, id, 'passed', null, took())
    return describe(check, id, 'failed', 'the check returned false', took())
  } catch (error) {
    return describe(check, id, 'failed', messageOf(error), took())
  }
}

function isSelected(check: Check, connector: string, selection: CheckSelection): boolean {
  const { ids, tags } = selection
  if (ids?.some((id) => isNamed(check, connector, id)) === false) return false
  return tags?.some((tag) => check.tags.includes(tag)) !== false
}

function isNamed(check: Check, connector: string, id: string): boolean {
  return id === check.id || id === `${connector}.${check.id}`
}

function describe(
  check: Check,
  connector: string,
  status: CheckResult['status'],
  message: string | null,
  durationMs: number,
): CheckResult {
  const { name, severity, tags, hint = null, remedy = null } = check
  const id = `${connector}.${check.id}`
  return { id, connector, name, severity, tags, status, message, hint, remedy, durationMs }
}
