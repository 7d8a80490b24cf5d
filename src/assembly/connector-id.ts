/** What an id may look like. */
export const connectorId: RegExp = /^[a-z][a-z0-9_-]{0,63}$/

/** Ids that mean something else in the file, and the commands `carabiner ID …` would hide. */
export const reservedIds: ReadonlySet<string> = new Set([
  'host',
  'connectors',
  'config',
  'audit',
  'check',
  'deliveries',
  'dispatch',
  'explain',
  'generate',
  'help',
  'init',
  'keys',
  'listen',
  'run',
  'schema',
  'show',
  'test',
  'validate',
  'version',
])

/** Why a text cannot be the id of a connector; `undefined`: it can. */
export function idProblem(id: string): { message: string; expected: string } | undefined {
  if (!connectorId.test(id)) {
    return { message: `\`${id}\` cannot be an id`, expected: connectorId.source }
  }
  if (id.startsWith('x-')) {
    return { message: `\`${id}\` cannot be an id: x- keys are ignored`, expected: 'another id' }
  }
  if (!reservedIds.has(id)) return undefined
  const use = id === 'host' || id === 'connectors' ? 'a key of the assembly itself' : 'a command'
  return { message: `\`${id}\` cannot be an id: it is ${use}`, expected: 'another id' }
}
