import { basename } from 'node:path'
import type { Assembly } from './assembly/assembly.ts'
import type { Bus, HandlerListing } from './bus/bus.ts'
import type { AnyEvent } from './bus/event.ts'
import type { Phase } from './bus/phase.ts'
import type { EndpointStatus, FamilyStatus } from './delivery/engine.ts'
import type {
  AssemblyDescription,
  DescribedConnector,
  DescribedEvent,
  DescribedHandler,
} from './server/host-face.ts'

/** What is assembled: the same objects for `GET /api/v1/assembly`, `carabiner show` and `explain`. */
export function describeAssembly(
  assembly: Assembly,
  bus: Pick<Bus, 'events' | 'handlers'>,
  endpoints: readonly EndpointStatus[],
  families: readonly FamilyStatus[],
): AssemblyDescription {
  return {
    connectors: assembly.connectors.map(describeConnector),
    events: bus.events().map((event) => describeEvent(event, assembly)),
    handlers: bus.events().flatMap((event) => describeHandlers(event, assembly, bus)),
    endpoints: endpoints.map(({ id, url }) => ({ id, url: assembly.redactor.text(url) })),
    families,
  }
}

/** Everything that runs for an event, in the order in which it runs. */
export function describeHandlers(
  event: AnyEvent,
  assembly: Assembly,
  bus: Pick<Bus, 'handlers'>,
): readonly DescribedHandler[] {
  const listings = bus.handlers(event)
  const phases: readonly Phase[] = ['before', 'on', 'after']
  return phases.flatMap((phase) =>
    listings[phase].map((listing) => describeHandler(event, phase, listing, assembly)),
  )
}

function describeConnector({
  id,
  connector,
  source,
}: Assembly['connectors'][number]): DescribedConnector {
  const { name, version = null, description = null } = connector
  return { id, name, version, description, source }
}

function describeEvent(event: AnyEvent, assembly: Assembly): DescribedEvent {
  const { name, description = null, params, result, timeoutMs = null, reentrant } = event
  const declares = assembly.connectors.find(({ connector }) =>
    connector.events?.some((each) => each.name === name),
  )
  return {
    name,
    description,
    connector: declares?.id ?? null,
    params,
    result,
    timeoutMs,
    reentrant,
  }
}

function describeHandler(
  event: AnyEvent,
  phase: Phase,
  listing: HandlerListing,
  assembly: Assembly,
): DescribedHandler {
  const { path, ...handler } = listing
  const line = lineOf(assembly, listing.connector, path ?? [])
  const file = line === null ? null : basename(assembly.file)
  return { event: event.name, phase, ...handler, file, line }
}

/** Where a connector's handler comes from: the place in its stanza, else its stanza, else where the file names the connector. */
function lineOf(assembly: Assembly, id: string, path: readonly (string | number)[]): number | null {
  const connector = assembly.connectors.find((each) => each.id === id)
  const position = assembly.position([id, ...path]) ?? assembly.position([id]) ?? connector?.named
  return position?.line ?? null
}
