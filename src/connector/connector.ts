import type { Static, TSchema } from 'typebox'
import type { AnyEvent } from '../bus/event.ts'
import type { Check } from './check.ts'
import type { ConnectorCommand } from './command.ts'
import type { ConnectorRoute } from './route.ts'
import type { Scope } from './scope.ts'

/** A connector: what it declares, and `setup`, which wires it. Made by `defineConnector`. */
export interface Connector<Config extends TSchema = TSchema> {
  /** `^[a-z][a-z0-9_-]{0,63}$`; its id in an assembly that does not give another. */
  readonly name: string
  readonly version?: string
  readonly description?: string
  /** TypeBox schema of its stanza in the assembly. @defaultValue no configuration */
  readonly config?: Config
  /** The events this connector introduces. */
  readonly events?: readonly AnyEvent[]
  readonly checks?: readonly Check<Static<Config>>[]
  /** `carabiner <id> …` */
  readonly commands?: readonly ConnectorCommand<Static<Config>>[]
  /** What it answers over HTTP; a function where that depends on the instance. */
  readonly routes?: ConnectorRoutes<Static<Config>>
  /** Whether its `setup` gives the host a callback desk (`scope.callbacks.serve`): then others can open callbacks. @defaultValue false */
  readonly servesCallbacks?: boolean
  /** A working stanza for `carabiner generate`, as YAML text with comments, without the id. */
  readonly example?: string
  /** What the schema cannot say: called with the parsed stanza and every event of the assembly, before anything is set up. */
  inspect?(input: InspectInput<Static<Config>>): readonly ConfigProblem[]
  /** Wires the connector: registers handlers, endpoints, subscriptions. What it returns is disposed when the connector stops. */
  setup(scope: Scope<Static<Config>>): SetupResult | Promise<SetupResult>
}

type ConnectorRoutes<Config> =
  | readonly ConnectorRoute<Config>[]
  | ((instance: {
      readonly id: string
      readonly config: Config
    }) => readonly ConnectorRoute<Config>[])

type SetupResult = Disposable | AsyncDisposable | void | undefined

/** What a connector sees of its stanza before anything is started. */
export interface InspectInput<Config> {
  readonly id: string
  readonly config: Config
  readonly events: readonly AnyEvent[]
  readonly host: {
    readonly durable: boolean
    readonly publicUrl: string | null
    /** Whether a connector of the assembly serves callbacks. */
    readonly callbacks: boolean
    /** Why `host.egress` will let no request out to a URL, as far as that shows without DNS; `undefined`: nothing speaks against it yet. */
    readonly egressRefusal: (url: string) => string | undefined
  }
  /** What makes a JSON Schema that a user wrote unusable; `undefined`: nothing. Asks the assembly's one validator. */
  schemaProblem(schema: unknown): string | undefined
}

/** A problem with a connector's configuration; the loader adds file, line and column. */
export interface ConfigProblem {
  /** Keys and indexes from the stanza down: `[0, 'events', 1]`. */
  readonly path: readonly (string | number)[]
  readonly message: string
  readonly expected: string
  /** With a `warning` the host starts all the same: `validate` and the log show it. @defaultValue `error` */
  readonly severity?: 'error' | 'warning'
}
