import { isReady } from '../../connector/run-checks.ts'
import { type RunningHost, startHost } from '../../host.ts'
import type { ConfigureCommand, Run } from '../command.ts'
import type { CliContext } from '../context.ts'
import { CommandExit, exitCode } from '../exit.ts'
import { commandLogger, loadForCommand } from '../load.ts'
import { Reloads } from '../reloads.ts'
import { expectShortLives } from '../short-lived.ts'
import { sayResults } from './check.ts'

interface RunFlags {
  readonly check?: boolean
  readonly watch?: boolean
}

export const configureRun: ConfigureCommand = (command, act) => {
  command
    .option('--check', 'run the checks first, and start only when they are ready')
    .option('--watch', 'go over to the assembly whenever its file changes')
    .action(act(run))
}

const run: Run<RunFlags> = async (context, flags) => {
  const reloads = new Reloads(context)
  using _hangUps = context.onHangUp(() => reloads.ask())
  const loaded = await loadForCommand(context)
  using _changes = flags.watch === true ? reloads.watch(loaded.assembly.file) : undefined
  const log = await commandLogger(context, loaded.assembly)
  const host = await startHost({
    ...loaded,
    log,
    ...(flags.check === true && { beforeReady: (started) => passChecks(context, started) }),
  })
  try {
    announce(context, host)
    reloads.begin(host)
    await expectShortLives()
    await aborted(context.signal)
    return exitCode.done
  } finally {
    await host.stop(String(context.signal.reason ?? 'stop'))
  }
}

/** @throws {CommandExit} 1 when a check failed that matters */
async function passChecks(context: CliContext, host: RunningHost): Promise<void> {
  const results = await host.check({})
  sayResults(context, results)
  if (!isReady(results)) throw new CommandExit(exitCode.failed)
}

function announce({ terminal, options }: CliContext, host: RunningHost): void {
  if (options.json) terminal.printJson({ kind: 'listening', listeners: host.listeners }, true)
  for (const { url, serve } of host.listeners) {
    terminal.say(`listening on ${url} (${serve.join(' ')})`)
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}
