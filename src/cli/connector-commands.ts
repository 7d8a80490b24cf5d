import type { Command } from 'commander'
import { builtInConnectors } from '../assembly/built-in.ts'
import { builtInEvents } from '../bus/built-in-events.ts'
import { systemClock } from '../clock.ts'
import type { CommandContext, ConnectorCommand } from '../connector/command.ts'
import type { Connector } from '../connector/connector.ts'
import { CarabinerError } from '../errors.ts'
import type { Act } from './command.ts'
import { commandServer } from './command-server.ts'
import { assemblyFile, type CliContext, hasAssembly, readArgument } from './context.ts'
import { printListing } from './listing.ts'
import { type LoadedAssembly, loadForCommand, readAssembly } from './load.ts'
import { openCommandHost, openCommandScope } from './open-scope.ts'
import { openCommandStore } from './open-store.ts'
import { parseTime } from './time.ts'

/** Whether a word may be a connector's id: then its commands are looked for in the assembly. */
export function connectorIdIn(word: string, ownCommands: object): boolean {
  return (
    /^[a-z][a-z0-9_-]{0,63}$/.test(word) && word !== 'help' && !Object.hasOwn(ownCommands, word)
  )
}

/** A connector whose commands are asked for, with its configuration when an assembly has it. */
interface Source {
  readonly id: string
  readonly connector: Connector
  readonly config: unknown
  /** `undefined`: there is no assembly here, it has no such connector, or it is invalid. */
  readonly loaded: LoadedAssembly | undefined
}

/**
 * Adds `carabiner <id> …`: the commands of a connector of the assembly, or, where the assembly has none of that id, those
 * commands of a built-in connector that need no assembly.
 */
export async function addConnectorCommands(
  program: Command,
  id: string,
  context: CliContext,
  act: Act,
): Promise<void> {
  const builtIn = await builtInSource(id)
  const source = (await assembledSource(context, id, builtIn !== undefined)) ?? builtIn
  if (source === undefined) return // commander says that the command is unknown

  const { commands = [] } = source.connector
  if (commands.length === 0) throw withoutCommands(id)

  const group = program.command(id).description(source.connector.description ?? `commands of ${id}`)
  for (const brought of commands) addCommand(group, brought, source, act)
}

async function assembledSource(
  context: CliContext,
  id: string,
  isBuiltIn: boolean,
): Promise<Source | undefined> {
  if (!hasAssembly(context)) return undefined
  // An invalid assembly is no reason to refuse a command that may need none; the others load it again, and say what is wrong.
  const read = isBuiltIn ? await readAssembly(context, assemblyFile(context)) : undefined
  if (read?.kind === 'invalid') return undefined
  const loaded = read ?? (await loadForCommand(context))
  context.terminal.redactWith(loaded.assembly.redactor)
  const found = loaded.assembly.connectors.find((each) => each.id === id)
  return found === undefined ? undefined : { ...found, loaded }
}

async function builtInSource(id: string): Promise<Source | undefined> {
  const connector = (await builtInConnectors()).find(({ name }) => name === id)
  return connector === undefined
    ? undefined
    : { id, connector, config: undefined, loaded: undefined }
}

function addCommand(group: Command, brought: ConnectorCommand, source: Source, act: Act): void {
  const command = group.command(brought.name).description(brought.description)
  for (const { syntax, description } of brought.arguments ?? [])
    command.argument(syntax, description)
  for (const { flags, description, repeatable } of brought.options ?? []) {
    if (repeatable === true) command.option(flags, description, collect, [])
    else command.option(flags, description)
  }
  command.action(
    act<CommandContext['options']>(async (context, options, ...args) => {
      if (source.loaded === undefined && brought.standalone !== true) {
        await loadForCommand(context)
        throw notAssembled(source.id)
      }
      return brought.run(commandContext(context, source, options, args))
    }),
  )
}

function collect(value: string, previous: readonly string[]): readonly string[] {
  return [...previous, value]
}

function withoutCommands(id: string): CarabinerError {
  return new CarabinerError('USAGE', `the connector \`${id}\` brings no commands`)
}

function notAssembled(id: string): CarabinerError {
  return new CarabinerError(
    'CONNECTOR_UNKNOWN',
    `\`${id}\` is not in the assembly: add its stanza (\`carabiner generate ${id}\`), or name another file with --config`,
  )
}

function commandContext(
  context: CliContext,
  { id, config, loaded }: Source,
  options: CommandContext['options'],
  args: CommandContext['args'],
): CommandContext {
  const { terminal, signal } = context
  const assembled = (): LoadedAssembly => {
    if (loaded !== undefined) return loaded
    throw notAssembled(id)
  }
  return {
    id,
    config,
    events: loaded?.assembly.events ?? builtInEvents(),
    args,
    options,
    json: context.options.json,
    print: (text) => terminal.print(text),
    table: (rows, columns) => printListing(context, rows, columns),
    say: (text) => terminal.say(text),
    read: (source) => readArgument(context, source),
    time: (text) => parseTime(text, systemClock.now()),
    ask: context.ask,
    server: loaded && commandServer(loaded.assembly.host.server),
    openStore: () => openCommandStore(context, loaded?.assembly),
    openScope: () => openCommandScope(context, id, assembled()),
    startHost: (given) => openCommandHost(context, id, assembled(), given),
    signal,
  }
}
