import { Command, CommanderError, Option } from 'commander'
import type { Act, ConfigureCommand } from './command.ts'
import { commands } from './commands.ts'
import { addConnectorCommands, connectorIdIn } from './connector-commands.ts'
import type { CliContext, GlobalOptions } from './context.ts'
import { CommandExit, exitCode } from './exit.ts'
import { sayFailure } from './failure.ts'
import { type OutputStream, Terminal } from './terminal.ts'

type Surroundings = Omit<CliContext, 'terminal' | 'options'>

/**
 * Runs one command line.
 *
 * @param argv - without the program's name
 * @returns the exit code: 0 done, 1 failed or invalid, 2 usage, 3 cancelled
 */
export async function runProgram(
  argv: readonly string[],
  surroundings: Surroundings,
  out: OutputStream,
  err: OutputStream,
): Promise<number> {
  const color = !argv.includes('--no-color') && (surroundings.env['NO_COLOR'] ?? '') === ''
  const terminal = new Terminal(out, err, color)
  const state: { code: number; options: GlobalOptions } = {
    code: exitCode.done,
    options: noOptions,
  }
  try {
    const program = await buildProgram(argv, surroundings, terminal, state)
    await program.parseAsync([...argv], { from: 'user' })
    return state.code
  } catch (error) {
    return reportFailure(error, { ...surroundings, terminal, options: state.options })
  }
}

const noOptions: GlobalOptions = { config: undefined, json: false, logLevel: undefined }

async function buildProgram(
  argv: readonly string[],
  surroundings: Surroundings,
  terminal: Terminal,
  state: { code: number; options: GlobalOptions },
): Promise<Command> {
  const program = new Command('carabiner')
    .description('A connector host: events that can be vetoed, deliveries that are not lost')
    .option(
      '--config <file>',
      'the assembly: else $CARABINER_CONFIG, carabiner.yaml, config/carabiner.yaml',
    )
    .option('--json', 'results as JSON')
    .addOption(new Option('--log-level <level>', 'how much is logged').choices(levels))
    .option('--no-color', 'plain text')
    .configureOutput({
      writeOut: (text) => terminal.print(text.trimEnd()),
      writeErr: (text) => terminal.say(text.trimEnd()),
    })
    .exitOverride()
    .showHelpAfterError('(--help shows what is expected)')
    .addHelpText('after', '\nConnectors bring commands of their own: carabiner webhooks --help')

  const contextNow = (): CliContext => {
    const { config, json = false, logLevel } = program.opts<Partial<GlobalOptions>>()
    state.options = { config, json, logLevel }
    return { ...surroundings, terminal, options: state.options }
  }
  const act: Act =
    (run) =>
    async (...given) => {
      const [options, ...reversed] = given.slice(0, -1).toReversed()
      // Commander hands a command's action its arguments in order, then its options, then the command itself.
      const args = reversed.toReversed() as (string | readonly string[] | undefined)[]
      state.code = await run(contextNow(), options as never, ...args)
    }

  const asked = firstWord(argv)
  for (const [name, { summary, load }] of Object.entries(commands)) {
    const command = program.command(name).description(summary)
    if (name === asked || asked === 'help') await configure(command, load, act)
  }
  if (asked !== undefined && connectorIdIn(asked, commands)) {
    await addConnectorCommands(program, asked, earlyContext(argv, surroundings, terminal), act)
  }
  return program
}

const levels = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']
const optionsWithValue: ReadonlySet<string> = new Set(['--config', '--log-level'])

/** The name of the command in a command line, before it is parsed: only its own options have to be known then. */
function firstWord(argv: readonly string[]): string | undefined {
  const at = argv.findIndex(
    (word, index) => !word.startsWith('-') && !optionsWithValue.has(argv[index - 1] ?? ''),
  )
  return argv[at]
}

/** The context for commands that have to be looked up in the assembly before the command line can be parsed. */
function earlyContext(
  argv: readonly string[],
  surroundings: Surroundings,
  terminal: Terminal,
): CliContext {
  const at = argv.findIndex((word) => word === '--config' || word.startsWith('--config='))
  const word = argv[at]
  const config = word?.includes('=') === true ? word.slice('--config='.length) : argv[at + 1]
  const options = {
    ...noOptions,
    json: argv.includes('--json'),
    config: at < 0 ? undefined : config,
  }
  return { ...surroundings, terminal, options }
}

async function configure(
  command: Command,
  load: () => Promise<ConfigureCommand>,
  act: Act,
): Promise<void> {
  const configureCommand = await load()
  configureCommand(command, act)
}

function reportFailure(error: unknown, context: CliContext): number {
  if (error instanceof CommandExit) return error.exitCode
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCode.done : exitCode.usage
  return sayFailure(error, context)
}
