import { printConfig } from '../../assembly/print-config.ts'
import { CarabinerError } from '../../errors.ts'
import type { ConfigureCommand, Run } from '../command.ts'
import { exitCode } from '../exit.ts'
import { loadForCommand } from '../load.ts'

export const configureConfig: ConfigureCommand = (command, act) => {
  command
    .argument('[keys...]', 'only these, as dotted paths: host.server.port')
    .option('--format <format>', 'yaml or json', 'yaml')
    .action(act(config))
}

const config: Run<{ readonly format: string }> = async (context, { format }, keys = []) => {
  if (format !== 'yaml' && format !== 'json') {
    throw new CarabinerError('USAGE', `expected --format yaml or json, got ${format}`)
  }
  const { assembly } = await loadForCommand(context)
  const paths = typeof keys === 'string' ? [keys] : keys
  context.terminal.print(
    printConfig(assembly, paths, context.options.json ? 'json' : format).trimEnd(),
  )
  return exitCode.done
}
