import type { Command } from 'commander'
import type { CliContext } from './context.ts'
import type { ExitCode } from './exit.ts'

/** What a command does with the arguments and options it declared. */
export type Run<Options = Readonly<Record<string, never>>> = (
  context: CliContext,
  options: Options,
  ...args: readonly (string | readonly string[] | undefined)[]
) => Promise<ExitCode | number>

/** A command of the host's own: adds its arguments and options to `command`, and what is run. */
export type ConfigureCommand = (command: Command, act: Act) => void

/** Makes a commander action of a {@link Run}. */
export type Act = <Options>(run: Run<Options>) => (...given: unknown[]) => Promise<void>
