import { systemClock } from '../../clock.ts'
import { type CheckResult, type CheckSelection, isReady } from '../../connector/run-checks.ts'
import type { RunningHost } from '../../host.ts'
import { parseDuration } from '../../quantity/duration.ts'
import type { ConfigureCommand, Run } from '../command.ts'
import type { CliContext } from '../context.ts'
import { exitCode } from '../exit.ts'
import { printListing } from '../listing.ts'
import { loadForCommand, startCommandHost } from '../load.ts'
import { renderTable } from '../table.ts'

interface CheckFlags {
  readonly connector?: readonly string[]
  readonly id?: readonly string[]
  readonly tag?: readonly string[]
  readonly wait?: string
}

export const configureCheck: ConfigureCommand = (command, act) => {
  command
    .option('--connector <id...>', 'only the checks of these connectors')
    .option('--id <id...>', 'only these checks: connector.check, or check')
    .option('--tag <tag...>', 'only checks with one of these tags')
    .option('--wait <duration>', 'try again until ready, at most so long')
    .action(act(check))
}

const check: Run<CheckFlags> = async (context, flags) => {
  const loaded = await loadForCommand(context)
  const waitMs =
    flags.wait === undefined ? 0 : parseDuration(flags.wait, { zero: true, bareSeconds: true })

  await using host = await startCommandHost(context, loaded)
  const results = await checkUntilReady(host, selectionOf(flags), waitMs, context.signal)
  printResults(context, results)
  return isReady(results) ? exitCode.done : exitCode.failed
}

function printResults(context: CliContext, results: readonly CheckResult[]): void {
  printListing(context, results, columns)
  sayHints(context, results)
}

/** The same as progress: results on standard error. */
export function sayResults(context: CliContext, results: readonly CheckResult[]): void {
  if (results.length > 0) context.terminal.say(renderTable(results, columns))
  sayHints(context, results)
}

const columns = ['status', 'id', 'severity', 'name', 'message']

function sayHints(context: CliContext, results: readonly CheckResult[]): void {
  for (const { status, id, hint, remedy } of results) {
    if (status !== 'failed') continue
    if (hint !== null) context.terminal.say(`${id}: ${hint}`)
    if (remedy !== null) context.terminal.say(`${id}: try ${remedy}`)
  }
}

function selectionOf({ connector, id, tag }: CheckFlags): CheckSelection {
  return {
    ...(connector && { connectors: connector }),
    ...(id && { ids: id }),
    ...(tag && { tags: tag }),
  }
}

async function checkUntilReady(
  host: RunningHost,
  selection: CheckSelection,
  waitMs: number,
  signal: AbortSignal,
): Promise<readonly CheckResult[]> {
  const until = systemClock.monotonic() + waitMs
  for (;;) {
    const results = await host.check(selection)
    if (isReady(results) || systemClock.monotonic() >= until) return results
    await systemClock.sleep(Math.min(1000, Math.max(1, until - systemClock.monotonic())), signal)
  }
}
