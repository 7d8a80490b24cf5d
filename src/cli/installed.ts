import type { AssembledConnector } from '../assembly/assembly.ts'
import { builtInConnectors } from '../assembly/built-in.ts'
import { CarabinerError } from '../errors.ts'
import type { CliContext } from './context.ts'
import { hasAssembly } from './context.ts'
import { builtInFolder, loadForCommand } from './load.ts'

/** A connector that can be used here: built in, or named by the assembly. */
export type InstalledConnector = Pick<AssembledConnector, 'id' | 'connector' | 'source'>

/** The connectors of the assembly, where there is one, and the built-in ones it does not use. */
export async function installedConnectors(
  context: CliContext,
): Promise<readonly InstalledConnector[]> {
  const builtIn = await builtInConnectors(builtInFolder)
  const assembled = hasAssembly(context) ? (await loadForCommand(context)).assembly.connectors : []
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
