import type { AnyEvent } from '../bus/event.ts'
import type { Deliveries } from '../delivery/deliveries.ts'
import type { Store } from '../store/store.ts'
import type { Host } from './host.ts'
import type { RouteFamilyOfConnectors } from './route.ts'
import type { Scope } from './scope.ts'

/** A command that a connector brings: `carabiner <id> <name> …`. */
export interface ConnectorCommand<Config = unknown> {
  readonly name: string
  readonly description: string
  /** As commander writes them: `<hook>`, `[endpoint]`, `[names...]`. */
  readonly arguments?: readonly { readonly syntax: string; readonly description: string }[]
  readonly options?: readonly {
    readonly flags: string
    readonly description: string
    readonly repeatable?: boolean
  }[]
  /** Whether it works without an assembly: `config` is then `undefined`. @defaultValue false */
  readonly standalone?: boolean
  /** Resolves to the exit code: 0 done, 1 failed, 2 usage, 3 cancelled. */
  run(context: CommandContext<Config>): Promise<number>
}

/** What a connector's command works with. */
export interface CommandContext<Config = unknown> {
  readonly id: string
  readonly config: Config
  readonly events: readonly AnyEvent[]
  /** The arguments in order; a variadic one is a list. */
  readonly args: readonly (string | readonly string[] | undefined)[]
  readonly options: Readonly<Record<string, string | boolean | readonly string[] | undefined>>
  readonly json: boolean
  /** Results: stdout. Secrets of the assembly are masked. */
  print(text: string): void
  /** A listing: a table for people, one array of the objects with `--json`. */
  table(rows: readonly Readonly<Record<string, unknown>>[], columns: readonly string[]): void
  /** Progress and complaints: stderr. */
  say(text: string): void
  /** `@FILE`, `-` for standard input, or the text itself. Relative to where the user stands. */
  read(source: string): Promise<Uint8Array>
  /** A point in time as people write it, in UTC milliseconds: RFC 3339, or a duration ago (`2h`). @throws {CarabinerError} USAGE */
  time(text: string): number
  /** Asks the person at the terminal; `undefined` where there is none. */
  readonly ask: ((question: string) => Promise<string>) | undefined
  /** Where hosts of the assembly are reached; `undefined` where there is none. */
  readonly server: CommandServer | undefined
  /** Opens the store of the assembly, whether or not a host runs. @throws {CarabinerError} STORE_UNAVAILABLE on `memory:` */
  openStore(): Promise<Store>
  /**
   * Sets this connector up, no other one, on the store of the assembly, whether or not a host runs. Nothing is dispatched and nothing is sent: what
   * is owed is stored for the hosts.
   *
   * @throws {CarabinerError} STORE_UNAVAILABLE on `memory:`
   */
  openScope(): Promise<CommandScope<Config>>
  /** A host without listeners, started; disposing it dispatches `shutdown`. */
  startHost(options?: {
    /** It ends with the host. @defaultValue the assembly's, `memory:` too */
    readonly store?: Store
  }): Promise<CommandHost<Config>>
  readonly signal: AbortSignal
}

/** The server of an assembly's hosts, as its file has it. */
export interface CommandServer {
  /** `host.server.public_url` */
  readonly publicUrl: string | null
  /** In the order of the file, as this machine reaches them. A port of 0 is one that a host finds when it starts. */
  readonly listeners: readonly {
    readonly url: string
    readonly serve: readonly (RouteFamilyOfConnectors | 'metrics')[]
  }[]
}

/** The scope of the connector that a command is of. */
export interface CommandScope<Config = unknown> extends AsyncDisposable {
  readonly scope: Scope<Config>
}

/** A host as a command gets it: a command may also ask an endpoint itself. */
export interface CommandHost<Config = unknown> extends Host, CommandScope<Config> {
  readonly engine: Pick<Deliveries, 'endpoint' | 'ask'> & {
    /**
     * Sends what this host has committed, which it does not before, for at most `ms`; what is left then is the next host's.
     *
     * @returns how many are not settled
     */
    drainOwn(ms: number, signal?: AbortSignal): Promise<number>
  }
}
