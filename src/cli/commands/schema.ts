import { assemblySchema, connectorSchema } from '../../assembly/schema.ts'
import type { ConfigureCommand, Run } from '../command.ts'
import { exitCode } from '../exit.ts'
import { findInstalled, installedConnectors } from '../installed.ts'

export const configureSchema: ConfigureCommand = (command, act) => {
  command.argument('[connector]', 'only the stanza of this connector').action(act(schema))
}

const schema: Run = async (context, _options, name) => {
  const installed = await installedConnectors(context)
  const printed =
    typeof name === 'string'
      ? connectorSchema(findInstalled(installed, name))
      : assemblySchema(installed)
  context.terminal.printJson(printed)
  return exitCode.done
}
