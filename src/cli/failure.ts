import { AssemblyError } from '../assembly/assembly-error.ts'
import { CarabinerError, messageOf } from '../errors.ts'
import type { CliContext } from './context.ts'
import { type ExitCode, exitCodeOf } from './exit.ts'
import { sayProblems } from './load.ts'

/** Says on standard error what went wrong, every part of it. @returns what the process ends with */
export function sayFailure(error: unknown, context: CliContext): ExitCode {
  const { terminal, options } = context
  const debugging = options.logLevel === 'debug' || options.logLevel === 'trace'
  const failures = error instanceof AggregateError ? (error.errors as unknown[]) : [error]
  for (const failure of failures) {
    if (failure instanceof AssemblyError) sayProblems(context, failure.problems)
    else terminal.say(`${terminal.styleErr('red', 'error:')} ${messageOf(failure)}`)
    if (debugging) for (const stack of stacksOf(failure)) terminal.say(stack)
  }
  if (!debugging && failures.some(isForeign)) {
    terminal.say('(--log-level debug shows where)')
  }
  return exitCodeOf(failures[0])
}

/** Where an error was thrown, and each error that led to it. */
function stacksOf(error: unknown): readonly string[] {
  if (!(error instanceof Error)) return []
  return [error.stack ?? '', ...stacksOf(error.cause).map((stack) => `caused by ${stack}`)]
}

/** Whether the mistake is in code that is not the host's: only its place tells what to do. */
function isForeign(error: unknown): boolean {
  if (!(error instanceof CarabinerError)) return true
  return error.code === 'CONNECTOR_FAILED' && error.cause !== undefined && isForeign(error.cause)
}
