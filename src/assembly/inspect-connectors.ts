import type { AnyEvent } from '../bus/event.ts'
import type { ConfigProblem, Connector, InspectInput } from '../connector/connector.ts'
import { type WrittenRefusal, writtenRefusal } from '../delivery/egress/egress-refusal.ts'
import { messageOf } from '../errors.ts'
import type { Validator } from '../schema/validator.ts'
import type { Fault } from './fault.ts'
import type { HostConfig } from './host-config.ts'
import type { Reading } from './reading.ts'
import type { SelectedConnector } from './select-connectors.ts'
import { locate, type MapTree, type Path } from './tree.ts'

/** What connectors look at when they check their configuration. */
export interface Inspection {
  readonly root: MapTree
  /** In the order of the connectors. */
  readonly stanzas: readonly Reading[]
  readonly events: readonly AnyEvent[]
  /** `undefined`: the stanza of the host is wrong; connectors are told of a host that allows everything. */
  readonly host: HostConfig | undefined
  /** Whether one of them serves callbacks. */
  readonly callbacks: boolean
  readonly validator: Validator
}

/**
 * Asks every connector what its schema cannot say about its stanza.
 *
 * A stanza with faults is looked at as far as it is usable: what is wrong is left out, and what a connector then misses is not
 * reported, for it is explained already.
 */
export function inspectConnectors(
  connectors: readonly SelectedConnector[],
  inspection: Inspection,
  known: readonly Fault[],
): Fault[] {
  const { host, stanzas } = inspection
  const refusal = host === undefined ? nothingRefused : writtenRefusal(host.egress)
  return connectors.flatMap((selected, index) => {
    const reading = stanzas[index]
    if (reading === undefined || !(reading.usable || reading.kept !== undefined)) return []
    const faults = inspectOne(selected, reading, inspection, refusal)
    return faults.filter((fault) => !isExplained(fault, known))
  })
}

/** Whether one of the connectors gives the host a callback desk. */
export function servesCallbacks(
  connectors: readonly { readonly connector: Pick<Connector, 'servesCallbacks'> }[],
): boolean {
  return connectors.some(({ connector }) => connector.servesCallbacks === true)
}

const nothingRefused: WrittenRefusal = () => undefined

function inspectOne(
  selected: SelectedConnector,
  reading: Reading,
  inspection: Inspection,
  egressRefusal: WrittenRefusal,
): Fault[] {
  const { id, connector, place } = selected
  const { root, events, host, callbacks, validator } = inspection
  const input: InspectInput<unknown> = {
    id,
    config: reading.value,
    events,
    host: {
      durable: host?.store !== 'memory:',
      publicUrl: host === undefined ? 'http://localhost' : host.server.publicUrl,
      callbacks,
      egressRefusal,
    },
    schemaProblem: (schema) => validator.problem(schema),
  }
  return complaints(() => connector.inspect?.(input)).map((problem) => {
    const path = [id, ...inFile(problem.path, reading)]
    const isWritten = root.entries.has(id)
    return { ...problem, path, place: isWritten ? locate(root, path).place : place }
  })
}

/** A connector that cannot even look at its configuration is a problem of the file that names it. */
function complaints(inspect: () => readonly ConfigProblem[] | undefined): readonly ConfigProblem[] {
  try {
    return inspect() ?? []
  } catch (error) {
    const message = `the connector cannot check its configuration: ${messageOf(error)}`
    return [{ path: [], message, expected: 'a configuration it can check' }]
  }
}

function inFile([first, ...rest]: Path, { kept }: Reading): Path {
  if (first === undefined) return []
  return [typeof first === 'number' ? (kept?.[first] ?? first) : first, ...rest]
}

function isExplained(fault: Fault, known: readonly Fault[]): boolean {
  return known.some(({ path }) =>
    fault.path.every((step, index) => String(path[index]) === String(step)),
  )
}
