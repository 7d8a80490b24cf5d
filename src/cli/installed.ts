import type { AssembledConnector } from '../assembly/assembly.ts'
import { builtInConnectors } from '../assembly/built-in.ts'
import { CarabinerError } from '../errors.ts'
import type { CliContext } from './context.ts'
import { assemblyFile, hasAssembly, shownPath } from './context.ts'
import { loadForCommand, readAssembly } from './load.ts'

/** A connector that can be used here: built in, or named by the assembly. */
export type InstalledConnector = Pick<AssembledConnector, 'id' | 'connector' | 'source'>

/** The connectors of the assembly, where there is one, and the built-in ones it does not use. */
export async function installedConnectors(
  context: CliContext,
): Promise<readonly InstalledConnector[]> {
  return withBuiltIn(
    hasAssembly(context) ? (await loadForCommand(context)).assembly.connectors : [],
  )
}

/**
 * Those that stanzas can be written for: what an assembly lacks may be just the stanza of a connector that it names, so one that is not
 * valid is no hindrance where all that is asked for is built in.
 */
export async function connectorsForStanzas(
  context: CliContext,
  names: readonly string[],
): Promise<readonly InstalledConnector[]> {
  const builtIn = await withBuiltIn([])
  const needsAssembly = names.length === 0 || names.some((name) => !has(builtIn, name))
  if (needsAssembly || !hasAssembly(context)) return installedConnectors(context)

  const file = assemblyFile(context)
  const result = await readAssembly(context, file)
  if (result.kind === 'valid') return withBuiltIn(result.assembly.connectors)
  const { terminal } = context
  terminal.say(`${shownPath(context, file)} is not valid as it is (\`carabiner validate\`)`)
  return builtIn
}

function has(installed: readonly InstalledConnector[], name: string): boolean {
  return installed.some(({ connector }) => connector.name === name)
}

async function withBuiltIn(
  assembled: readonly AssembledConnector[],
): Promise<readonly InstalledConnector[]> {
  const builtIn = await builtInConnectors()
  const used = new Set(assembled.map(({ connector }) => connector.name))
  const unused = builtIn
    .filter(({ name }) => !used.has(name))
    .map((connector) => ({ id: connector.name, connector, source: 'built-in' }))
  return [...assembled, ...unused]
}

/** @throws {CarabinerError} CONNECTOR_UNKNOWN */
export function findInstalled(
  installed: readonly InstalledConnector[],
  name: string,
): InstalledConnector {
  const found = installed.find(({ id, connector }) => id === name || connector.name === name)
  if (found !== undefined) return found
  const known = installed.map(({ id }) => id).join(', ')
  throw new CarabinerError(
    'CONNECTOR_UNKNOWN',
    `no connector \`${name}\` here: expected one of ${known}`,
  )
}
