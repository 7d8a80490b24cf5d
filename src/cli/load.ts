import type { Assembly } from '../assembly/assembly.ts'
import { loadAssembly } from '../assembly/load-assembly.ts'
import type { Problem } from '../assembly/problem.ts'
import { type HostOptions, type RunningHost, startHost } from '../host.ts'
import { createLogger, type HostLogger } from '../log.ts'
import { Validator } from '../schema/validator.ts'
import { assemblyFile, type CliContext, shownPath } from './context.ts'
import { CommandExit, exitCode } from './exit.ts'

export interface LoadedAssembly {
  readonly assembly: Assembly
  readonly validator: Validator
}

/** Reads the assembly the command is about; prints its problems and ends the command when it is invalid. */
export async function loadForCommand(context: CliContext, named?: string): Promise<LoadedAssembly> {
  const result = await readAssembly(context, assemblyFile(context, named))
  if (result.kind === 'valid') {
    context.terminal.redactWith(result.assembly.redactor)
    return result
  }
  sayProblems(context, result.problems)
  throw new CommandExit(exitCode.failed)
}

export type ReadAssembly =
  | ({ readonly kind: 'valid' } & LoadedAssembly)
  | { readonly kind: 'invalid'; readonly problems: readonly Problem[] }

/** Reads an assembly with a validator of its own. */
export async function readAssembly(context: CliContext, file: string): Promise<ReadAssembly> {
  const validator = new Validator({ allErrors: true })
  const result = await loadAssembly(file, { env: context.env, validator })
  return result.kind === 'valid' ? { ...result, validator } : result
}

/** Every problem with its place and excerpt, on standard error. */
export function sayProblems(
  context: Pick<CliContext, 'terminal' | 'cwd'>,
  problems: readonly Problem[],
): void {
  for (const problem of problems) sayProblem(context, problem)
  context.terminal.say(problems.length === 1 ? '1 problem' : `${problems.length} problems`)
}

/** What will not work though the host starts, each with its place and excerpt, on standard error. */
export function sayWarnings(
  context: Pick<CliContext, 'terminal' | 'cwd'>,
  warnings: readonly Problem[],
): void {
  for (const warning of warnings) sayProblem(context, warning, 'warning: ')
}

function sayProblem(
  context: Pick<CliContext, 'terminal' | 'cwd'>,
  { file, line, column, message, expected, excerpt }: Problem,
  kind = '',
): void {
  const { terminal } = context
  const place = terminal.styleErr('bold', `${shownPath(context, file)}:${line}:${column}:`)
  terminal.say(`${place} ${kind}${message}`)
  if (excerpt !== '') terminal.say(excerpt.replaceAll(/^/gm, '  '))
  if (expected !== '') terminal.say(`  expected: ${expected}`)
}

/** The logger of a command: `--log-level`, else the assembly's level; on standard error, without secrets. */
export async function commandLogger(
  context: CliContext,
  assembly: Assembly,
  quietest?: 'warn',
): Promise<HostLogger> {
  const { level, format } = assembly.host.log
  const pretty = format === 'pretty' || (format === 'auto' && context.terminal.errIsTerminal)
  return createLogger({
    level: context.options.logLevel ?? quietest ?? level,
    format: pretty ? 'pretty' : 'json',
    name: assembly.host.name,
    redactor: assembly.redactor,
    write: (line) => context.terminal.sayRaw(line),
  })
}

/** A host without listeners for one command, delivering only what the command commits. */
export async function startCommandHost(
  context: CliContext,
  loaded: LoadedAssembly,
  given: Pick<HostOptions, 'store'> = {},
): Promise<RunningHost> {
  const log = await commandLogger(context, loaded.assembly, 'warn')
  return startHost({ ...loaded, ...given, log, listen: false, deliver: false })
}
