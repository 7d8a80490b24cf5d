import type { Assembly } from './assembly/assembly.ts'
import { AssemblyError } from './assembly/assembly-error.ts'
import type { AnyEvent } from './bus/event.ts'
import type { StrayHandler } from './connector/create-scope.ts'
import type { StartFailure } from './connector/lifecycle.ts'
import { ConnectorError } from './errors.ts'

/**
 * What a start that failed is told as: all of it at once.
 *
 * Handlers of unknown events are mistakes of the assembly, each where the file names the connector; alone they are thrown alone.
 */
export function startError(
  failures: readonly StartFailure[],
  assembly: Assembly,
): AssemblyError | AggregateError {
  const strays = failures.filter((failure) => failure.kind === 'stray')
  const problems = strays.flatMap(({ id, handler }) => strayProblems(id, handler, assembly))
  const refused = problems.length === 0 ? [] : [new AssemblyError(problems)]
  const failed = failures
    .filter((failure) => failure.kind === 'failed')
    .map(({ id, error }) => new ConnectorError(id, error))

  const [alone] = refused
  if (alone !== undefined && failed.length === 0) return alone
  const errors = [...refused, ...failed]
  return new AggregateError(errors, errors.map(({ message }) => message).join('; '))
}

/** Known events that an expectation lists. */
const listed = 12

function strayProblems(
  id: string,
  { hook, message }: StrayHandler,
  assembly: Assembly,
): ReturnType<Assembly['problemsOf']> {
  const source = assembly.connectors.find((each) => each.id === id)?.source ?? id
  return assembly.problemsOf(id, [
    {
      message: `\`${id}\` (${source}) has a handler for \`${hook}\`: ${message}`,
      expected: `an event that a connector here declares: ${listEvents(assembly.events)}`,
    },
  ])
}

function listEvents(events: readonly AnyEvent[]): string {
  const names = events.slice(0, listed).map(({ name }) => `\`${name}\``)
  if (events.length > listed) names.push(`${events.length - listed} more`)
  return names.join(', ')
}
