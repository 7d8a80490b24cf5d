import type { ApiKey } from '../../access/api-key.ts'
import { KeyBook } from '../../access/key-book.ts'
import type { Assembly } from '../../assembly/assembly.ts'
import { suggestion } from '../../bus/suggestion.ts'
import { systemClock } from '../../clock.ts'
import { usageError } from '../../connector/command-options.ts'
import { routesOf } from '../../connector/lifecycle.ts'
import { CarabinerError } from '../../errors.ts'
import type { ConfigureCommand, Run } from '../command.ts'
import { exitCode } from '../exit.ts'
import { printListing } from '../listing.ts'
import { loadForCommand } from '../load.ts'
import { openCommandStore } from '../open-store.ts'

interface CreateFlags {
  readonly owner: string
  readonly scope?: readonly string[]
  readonly mayActFor?: readonly string[]
  readonly name?: string
}

/** Who did it, in the audit trail. */
const actor = 'cli'

/** `keys create|list|revoke`. */
export const configureKeys: ConfigureCommand = (command, act) => {
  command
    .command('create')
    .description('make an API key; its secret is printed once, and never again')
    .requiredOption('--owner <owner>', 'whose it is, such as agent://acme/ops')
    .option('--scope <scope...>', 'what it may do, such as events:publish (default: everything)')
    .option('--may-act-for <pattern...>', 'other owners it may act for, such as agent://acme/*')
    .option('--name <name>', 'what people call it')
    .action(act(createKey))
  command
    .command('list')
    .description('API keys without their secrets, newest first')
    .action(act(listKeys))
  command
    .command('revoke')
    .description('end an API key, from the next request on')
    .argument('<id>', 'as `keys list` shows it')
    .action(act(revokeKey))
}

const createKey: Run<CreateFlags> = async (context, { owner, scope, mayActFor, name }) => {
  const { assembly } = await loadForCommand(context)
  refuseUnknown(scope ?? [], scopesOf(assembly))
  await using store = await openCommandStore(context, assembly)
  const wanted = {
    owner,
    ...(scope !== undefined && { scopes: scope }),
    ...(mayActFor !== undefined && { mayActFor }),
    ...(name !== undefined && { name }),
  }
  const { key, secret } = await new KeyBook(store, systemClock).create(wanted, actor)
  const { terminal, options } = context
  if (options.json) terminal.printJson({ ...keyJson(key), secret })
  else {
    terminal.print(secret)
    terminal.say(`key ${key.id} of ${key.owner}: keep the secret above, it is not shown again`)
  }
  return exitCode.done
}

/** What the routes of the assembly's connectors want keys to be good for. */
function scopesOf({ connectors }: Pick<Assembly, 'connectors'>): readonly string[] {
  const routes = connectors.flatMap(({ connector, ...instance }) => routesOf(connector, instance))
  return [...new Set(routes.flatMap(({ operation }) => operation?.scopes ?? []))]
}

/** Where no route names any, others may know them: another assembly on the same store. @throws {CarabinerError} USAGE */
function refuseUnknown(wanted: readonly string[], known: readonly string[]): void {
  if (known.length === 0) return
  const unknown = wanted.find((scope) => !known.includes(scope))
  if (unknown === undefined) return
  const hint = suggestion(unknown, known)
  throw usageError(`no route wants the scope \`${unknown}\`${hint}; expected ${known.join(', ')}`)
}

const listKeys: Run = async (context) => {
  await using store = await openCommandStore(context)
  const keys = await new KeyBook(store, systemClock).list()
  const columns = ['id', 'owner', 'name', 'scopes', 'mayActFor', 'createdAt', 'revokedAt']
  printListing(context, keys.map(keyJson), columns)
  return exitCode.done
}

const revokeKey: Run = async (context, _flags, id) => {
  await using store = await openCommandStore(context)
  const key = await new KeyBook(store, systemClock).revoke(String(id).toLowerCase(), actor)
  if (key === undefined) throw new CarabinerError('USAGE', `there is no API key \`${id}\``)
  const { terminal, options } = context
  if (options.json) terminal.printJson(keyJson(key))
  else terminal.print(`${key.id} of ${key.owner} is revoked`)
  return exitCode.done
}

/** As it is shown: times in RFC 3339. */
function keyJson({ createdAt, revokedAt, ...key }: ApiKey): object {
  return {
    ...key,
    createdAt: new Date(createdAt).toISOString(),
    revokedAt: revokedAt === null ? null : new Date(revokedAt).toISOString(),
  }
}
