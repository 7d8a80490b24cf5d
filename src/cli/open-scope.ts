import type { CommandHost, CommandScope } from '../connector/command.ts'
import type { RunningHost } from '../host.ts'
import type { Store } from '../store/store.ts'
import { wireConnector } from '../wire-connector.ts'
import type { CliContext } from './context.ts'
import { commandLogger, type LoadedAssembly, startCommandHost } from './load.ts'
import { openCommandStore } from './open-store.ts'

/** The scope of a connector for a command of its own. @throws {CarabinerError} STORE_UNAVAILABLE on `memory:` */
export async function openCommandScope(
  context: CliContext,
  connector: string,
  loaded: LoadedAssembly,
): Promise<CommandScope> {
  const log = await commandLogger(context, loaded.assembly, 'warn')
  const store = await openCommandStore(context, loaded.assembly)
  const host = await wireConnector({ ...loaded, log, store, connector })
  return {
    scope: host.scopeOf(connector),
    [Symbol.asyncDispose]: () => host.abandon(),
  }
}

/** A host for a command of this connector. */
export async function openCommandHost(
  context: CliContext,
  connector: string,
  loaded: LoadedAssembly,
  given: { readonly store?: Store } = {},
): Promise<CommandHost> {
  const host = await startCommandHost(context, loaded, given)
  return asCommandHost(host, connector)
}

function asCommandHost(host: RunningHost, connector: string): CommandHost {
  return {
    id: host.id,
    events: host.events,
    dispatch: host.dispatch.bind(host),
    engine: host.engine,
    scope: host.scopeOf(connector),
    [Symbol.asyncDispose]: () => host.stop(),
  }
}
