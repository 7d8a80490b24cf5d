import { packageVersion } from '../../own-package.ts'
import type { ConfigureCommand } from '../command.ts'
import { exitCode } from '../exit.ts'

export const configureVersion: ConfigureCommand = (command, act) => {
  command.action(
    act(async ({ terminal, options }) => {
      const version = packageVersion()
      if (options.json) terminal.printJson({ version })
      else terminal.print(version)
      return exitCode.done
    }),
  )
}
