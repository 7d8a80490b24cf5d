import type { ConfigureCommand, Run } from '../command.ts'
import { exitCode } from '../exit.ts'
import { installedConnectors } from '../installed.ts'
import { printListing } from '../listing.ts'

export const configureConnectors: ConfigureCommand = (command, act) => {
  command.action(act(connectors))
}

const connectors: Run = async (context) => {
  const rows = (await installedConnectors(context)).map(({ id, source, connector }) => ({
    id,
    name: connector.name,
    version: connector.version ?? null,
    source,
    events: (connector.events ?? []).map((event) => event.name),
    description: connector.description ?? null,
  }))
  printListing(context, rows, ['id', 'name', 'source', 'events', 'description'])
  return exitCode.done
}
