import { builtInEvents } from '../bus/built-in-events.ts'
import type { AnyEvent } from '../bus/event.ts'
import type { ConfigProblem, Connector } from '../connector/connector.ts'
import { writtenRefusal } from '../delivery/egress/egress-refusal.ts'
import type { Validator } from '../schema/validator.ts'
import type { AssembledConnector, Assembly } from './assembly.ts'
import { AssemblyError } from './assembly-error.ts'
import { type Fault, isError } from './fault.ts'
import { findSecrets, Secrets } from './find-secrets.ts'
import type { HostConfig } from './host-config.ts'
import { type HostStanza, hostSchema } from './host-schema.ts'
import { servesCallbacks } from './inspect-connectors.ts'
import type { JsonSchema } from './json-schema.ts'
import type { Problem } from './problem.ts'
import { readHost } from './read-host.ts'
import { readValue } from './read-value.ts'
import { createRedactor } from './redactor.ts'
import { absentStanza } from './stand-in.ts'
import { type Path, printPath, type Tree, treeOf } from './tree.ts'

/** An assembly given as values instead of a file: stanzas as they would stand in YAML. */
export interface AssemblyInput {
  /** The `host` stanza. */
  readonly host?: Readonly<Record<string, unknown>>
  /** By id, in the order they start. */
  readonly connectors: Readonly<
    Record<string, { readonly connector: Connector; readonly config?: unknown }>
  >
}

const nowhere = { offset: 0, end: 0 }

/**
 * Makes an assembly of values, checked as a file is.
 *
 * @param file - the path that relative paths in it are relative to
 * @throws {AssemblyError} ASSEMBLY_INVALID with everything that is wrong
 */
export function assemble(input: AssemblyInput, validator: Validator, file: string): Assembly {
  const faults: Fault[] = []
  const secrets = new Secrets()
  const read = (
    schema: JsonSchema,
    value: unknown,
    id: string,
  ): { value: unknown; stanza: unknown; tree: Tree } => {
    const tree = value === undefined ? absentStanza(schema, nowhere) : treeOf(value, nowhere)
    findSecrets(tree, secrets)
    const onSecret = secrets.add.bind(secrets)
    const reading = readValue(schema, tree, [id], { validator, onSecret })
    faults.push(...reading.faults)
    return { ...reading, tree }
  }

  const stanza = read(hostSchema, input.host, 'host')
  const connectors = Object.entries(input.connectors).map(([id, given]): AssembledConnector => {
    const schema: JsonSchema = { ...(given.connector.config ?? { type: 'object', properties: {} }) }
    const { value, stanza: written } = read(schema, given.config, id)
    return { id, connector: given.connector, config: value, stanza: written, source: 'given' }
  })
  refuse(faults, file)

  // Proof of the cast: it has just been read under the schema of that type.
  const host = readHost(stanza.value as HostStanza, stanza.tree, file)
  refuse(host.faults, file)
  const events = [
    ...builtInEvents(),
    ...connectors.flatMap(({ connector }) => connector.events ?? []),
  ]
  const callbacks = servesCallbacks(connectors)
  const warnings: ConfigProblem[] = []
  for (const connector of connectors) {
    const found = inspect(connector, events, { ...host.config, callbacks }, validator)
    refuse(found.filter(isError), file)
    warnings.push(...found)
  }
  return {
    file,
    host: host.config,
    hostStanza: stanza.stanza,
    production: false,
    connectors,
    events,
    redactor: createRedactor(secrets.values),
    warnings: warnings.map((warning) => problemOf(warning, file)),
    position: () => undefined,
    problemsOf: (id, complaints) =>
      complaints.map((each) => problemOf({ ...each, path: ['connectors', id] }, file)),
  }
}

function inspect(
  { id, connector, config }: AssembledConnector,
  events: readonly AnyEvent[],
  { store, server, egress, callbacks }: HostConfig & { readonly callbacks: boolean },
  validator: Validator,
): readonly ConfigProblem[] {
  const problems = connector.inspect?.({
    id,
    config,
    events,
    host: {
      durable: store !== 'memory:',
      publicUrl: server.publicUrl,
      callbacks,
      egressRefusal: writtenRefusal(egress),
    },
    schemaProblem: (schema) => validator.problem(schema),
  })
  return (problems ?? []).map((problem) => ({ ...problem, path: [id, ...problem.path] }))
}

/** A fault of values: they stand nowhere. */
interface Described {
  readonly path: Path
  readonly message: string
  readonly expected: string
}

function refuse(faults: readonly Described[], file: string): void {
  if (faults.length > 0) throw new AssemblyError(faults.map((fault) => problemOf(fault, file)))
}

function problemOf({ path, message, expected }: Described, file: string): Problem {
  return { file, line: 1, column: 1, path: printPath(path), message, expected, excerpt: '' }
}
