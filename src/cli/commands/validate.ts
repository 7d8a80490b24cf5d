import { relative } from 'node:path'
import type { ConfigureCommand, Run } from '../command.ts'
import { assemblyFile } from '../context.ts'
import { exitCode } from '../exit.ts'
import { readAssembly, sayProblems } from '../load.ts'

export const configureValidate: ConfigureCommand = (command, act) => {
  command.argument('[file]', 'the assembly').action(act(validate))
}

const validate: Run = async (context, _options, file) => {
  const path = assemblyFile(context, typeof file === 'string' ? file : undefined)
  const result = await readAssembly(context, path)
  const shown = relative(context.cwd, path) || path
  const problems = result.kind === 'invalid' ? result.problems : []
  const listed = problems.map((problem) => ({
    ...problem,
    file: relative(context.cwd, problem.file),
  }))

  if (context.options.json) {
    const rows = listed.map(({ excerpt: _, ...problem }) => problem)
    context.terminal.printJson({ valid: problems.length === 0, problems: rows })
  } else if (problems.length === 0) {
    context.terminal.print(`valid: ${shown}`)
  } else {
    sayProblems(context.terminal, listed)
  }
  return problems.length === 0 ? exitCode.done : exitCode.failed
}
