import { AssemblyError } from '../../assembly/assembly-error.ts'
import type { Problem } from '../../assembly/problem.ts'
import { ConnectorError, messageOf } from '../../errors.ts'
import type { ConfigureCommand, Run } from '../command.ts'
import { assemblyFile, type CliContext, shownPath } from '../context.ts'
import { exitCode } from '../exit.ts'
import { type LoadedAssembly, readAssembly, sayProblems, sayWarnings } from '../load.ts'
import { rehearseAssembly } from '../rehearsal.ts'

interface ValidateFlags {
  readonly setup: boolean
}

export const configureValidate: ConfigureCommand = (command, act) => {
  command
    .argument('[file]', 'the assembly')
    .option('--no-setup', 'only read the file: do not set connectors up to see what they handle')
    .action(act(validate))
}

const validate: Run<ValidateFlags> = async (context, { setup }, file) => {
  const path = assemblyFile(context, typeof file === 'string' ? file : undefined)
  const result = await readAssembly(context, path)
  const problems =
    result.kind === 'invalid' ? result.problems : await findSetupProblems(context, result, setup)

  if (result.kind === 'valid') sayWarnings(context, result.assembly.warnings)
  if (context.options.json) {
    const rows = problems.map(({ excerpt: _, ...problem }) => ({
      ...problem,
      file: shownPath(context, problem.file),
    }))
    context.terminal.printJson({ valid: problems.length === 0, problems: rows })
  } else if (problems.length === 0) {
    context.terminal.print(`valid: ${shownPath(context, path)}`)
  } else {
    sayProblems(context, problems)
  }
  return problems.length === 0 ? exitCode.done : exitCode.failed
}

/** What only shows when connectors are set up: handlers of unknown events, and connectors that would not start. */
async function findSetupProblems(
  context: CliContext,
  loaded: LoadedAssembly,
  setup: boolean,
): Promise<readonly Problem[]> {
  context.terminal.redactWith(loaded.assembly.redactor)
  if (!setup) return []
  try {
    await using _rehearsal = await rehearseAssembly(context, loaded)
    return []
  } catch (error) {
    const failures = error instanceof AggregateError ? (error.errors as unknown[]) : [error]
    return failures.flatMap((failure) => problemsOf(failure, loaded))
  }
}

function problemsOf(failure: unknown, { assembly }: LoadedAssembly): readonly Problem[] {
  if (failure instanceof AssemblyError) return failure.problems
  if (!(failure instanceof ConnectorError)) throw failure
  const expected = 'a connector that can be set up here (--no-setup does not try)'
  return assembly.problemsOf(failure.connector, [{ message: messageOf(failure), expected }])
}
