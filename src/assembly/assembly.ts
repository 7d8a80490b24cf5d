import type { AnyEvent } from '../bus/event.ts'
import type { Connector } from '../connector/connector.ts'
import type { HostConfig } from './host-config.ts'
import type { Problem } from './problem.ts'
import type { Redactor } from './redactor.ts'
import type { Position } from './source.ts'

/** A YAML file read, resolved and found valid: everything a host needs to start. */
export interface Assembly {
  /** Absolute path. */
  readonly file: string
  readonly host: HostConfig
  /** The `host:` stanza as it would stand in the file, defaults filled in. */
  readonly hostStanza?: unknown
  /** Whether `NODE_ENV` is `production`, in the environment or the `.env` beside the file. */
  readonly production: boolean
  /** In assembly order. */
  readonly connectors: readonly AssembledConnector[]
  /** Built-in events first, then those of the connectors in assembly order. */
  readonly events: readonly AnyEvent[]
  readonly redactor: Redactor
  /** What will not work as it stands, though the host starts. */
  readonly warnings: readonly Problem[]
  /** Line of a path such as `['webhooks', 0]`, for `explain`; `undefined` when the file does not spell it out. */
  position(path: readonly (string | number)[]): Position | undefined
  /** Problems that came up when the connector `id` was set up, where the file names it; without a file, at its beginning. */
  problemsOf(id: string, complaints: readonly Complaint[]): readonly Problem[]
}

/** What is wrong with a connector, apart from its place. */
export interface Complaint {
  readonly message: string
  readonly expected: string
}

/** A connector of an assembly, with the configuration its stanza gives it. */
export interface AssembledConnector {
  readonly id: string
  readonly connector: Connector
  /** Parsed: durations are milliseconds, sizes bytes, defaults filled in. */
  readonly config: unknown
  /** The same as it would stand in the file: what `config` prints. */
  readonly stanza?: unknown
  /** Where it came from: a path, a package's name, or `built-in`. */
  readonly source: string
  /** Where the file names it; `undefined` without a file. */
  readonly named?: Position
}
