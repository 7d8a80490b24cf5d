import { watch } from 'node:fs'
import { basename, dirname } from 'node:path'
import type { Assembly } from '../../assembly/assembly.ts'
import { compareForReload } from '../../assembly/reload.ts'
import { systemClock } from '../../clock.ts'
import { isReady } from '../../connector/run-checks.ts'
import { type RunningHost, startHost } from '../../host.ts'
import type { ConfigureCommand, Run } from '../command.ts'
import { type CliContext, shownPath } from '../context.ts'
import { CommandExit, exitCode } from '../exit.ts'
import { sayFailure } from '../failure.ts'
import { commandLogger, loadForCommand, readAssembly, sayProblems } from '../load.ts'
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
  const loaded = await loadForCommand(context)
  const log = await commandLogger(context, loaded.assembly)
  const host = await startHost({
    ...loaded,
    log,
    ...(flags.check === true && { beforeReady: (started) => passChecks(context, started) }),
  })
  try {
    using _reload = reloadOn(context, host, flags.watch === true)
    announce(context, host)
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

/** Reloads on SIGHUP, and with `watching` when the assembly's file changes. */
function reloadOn(context: CliContext, host: RunningHost, watching: boolean): Disposable {
  const stack = new DisposableStack()
  const started = host.assembly
  let last: Promise<void> = Promise.resolve()
  const reload = (): void => {
    last = last.then(() => reloadHost(context, host, started))
  }
  stack.use(context.onHangUp(reload))
  if (watching) stack.use(watchFile(host.assembly.file, reload))
  return stack
}

async function reloadHost(
  context: CliContext,
  host: RunningHost,
  started: Assembly,
): Promise<void> {
  const { terminal } = context
  const { file } = host.assembly
  const result = await readAssembly(context, file)
  if (result.kind === 'invalid') {
    sayProblems(context, result.problems)
    terminal.say('the old assembly goes on')
    return
  }
  for (const needs of compareForReload(started, result.assembly)) {
    terminal.say(`${needs} needs a restart: unchanged until then`)
  }
  try {
    terminal.redactWith(result.assembly.redactor)
    await host.reload(result.assembly, result.validator)
    terminal.say(`reloaded ${shownPath(context, file)}`)
  } catch (error) {
    sayFailure(error, context)
    terminal.say('the old assembly goes on')
  }
}

/** Calls `changed` when a file was written: editors replace files, so its folder is watched; several writes at once count as one. */
function watchFile(file: string, changed: () => void): Disposable {
  const name = basename(file)
  let settling: Disposable | undefined
  const watcher = watch(dirname(file), (_kind, changedName) => {
    if (changedName !== name) return
    settling?.[Symbol.dispose]()
    settling = systemClock.after(100, changed)
  })
  return {
    [Symbol.dispose]() {
      settling?.[Symbol.dispose]()
      watcher.close()
    },
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}
