import type { ConfigureCommand, Run } from '../command.ts'
import { assemblyFile, shownPath } from '../context.ts'
import { exitCode } from '../exit.ts'
import { readAssembly, sayProblems } from '../load.ts'

export const configureValidate: ConfigureCommand = (command, act) => {
  command.argument('[file]', 'the assembly').action(act(validate))
}

const validate: Run = async (context, _options, file) => {
  const path = assemblyFile(context, typeof file === 'string' ? file : undefined)
  const result = await readAssembly(context, path)
  const problems = result.kind === 'invalid' ? result.problems : []

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
