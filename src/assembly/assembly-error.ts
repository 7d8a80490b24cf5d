import { CarabinerError } from '../errors.ts'
import type { Problem } from './problem.ts'

/** An assembly that cannot run, with everything that is wrong with it. */
export class AssemblyError extends CarabinerError {
  override readonly name: string = 'AssemblyError'
  /** At least one. */
  readonly problems: readonly Problem[]

  constructor(problems: readonly Problem[]) {
    super('ASSEMBLY_INVALID', problems.map(inWords).join('; '))
    this.problems = problems
  }
}

function inWords({ path, message, expected }: Problem): string {
  return `${path}: ${message}, expected ${expected}`
}
