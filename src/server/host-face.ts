import type { RedeliverFilter } from '../bus/built-in-events.ts'
import type { DispatchOptions } from '../bus/dispatch-options.ts'
import type { Outcome } from '../bus/outcome.ts'
import type { Phase } from '../bus/phase.ts'
import type { ConnectorRoute } from '../connector/route.ts'
import type { RouteHead, RouteRequest } from '../connector/route-request.ts'
import type { RedeliveryId } from '../ids.ts'
import type { ParkedDispatch } from '../parking/parked-dispatches.ts'
import type { Erasure, ErasureTarget } from '../store/erasure.ts'
import type { Redelivery } from '../store/redelivery.ts'
import type { EndpointState, Store } from '../store/store.ts'

/** What the server needs of the host: all it knows of it. */
export interface HostFace {
  readonly store: Pick<
    Store,
    | 'name'
    | 'deliveries'
    | 'delivery'
    | 'endpointStates'
    | 'auditPage'
    | 'redelivery'
    | 'redeliveries'
  >
  /**
   * @throws {CarabinerError} EVENT_UNKNOWN, SHUTTING_DOWN
   * @throws {EventParamsError} EVENT_PARAMS_INVALID
   */
  dispatch(
    event: string,
    params: Readonly<Record<string, unknown>>,
    options: DispatchOptions,
  ): Promise<Outcome>
  /** A dispatch that was parked, on whatever host of the store; `undefined` for any other. @throws {CarabinerError} STORE_UNAVAILABLE */
  parkedDispatch(id: string): Promise<ParkedDispatch | undefined>
  /** The assembly at work now, after any reload. */
  describe(): AssemblyDescription
  state(): HostState
  /** What the host depends on, as it is configured; the store under its name first. */
  health(): Promise<readonly HealthCheck[]>
  /**
   * Dispatches `deliveries.redeliver`; a result of `host` says what was made.
   *
   * @throws {CarabinerError} SHUTTING_DOWN
   */
  redeliver(filter: RedeliverFilter, cause: Cause): Promise<Outcome>
  /** Ends a redelivery where it stands. `undefined` for an unknown id. @throws {CarabinerError} STORE_UNAVAILABLE */
  stopRedelivery(id: RedeliveryId, cause: Cause): Promise<Redelivery | undefined>
  /** @throws {CarabinerError} STORE_UNAVAILABLE */
  erase(target: ErasureTarget, cause: Cause): Promise<Erasure>
}

export type HostState = 'starting' | 'ready' | 'draining'

export interface HealthCheck {
  readonly name: string
  readonly ok: boolean
  /** For operators: only who shows a management key is told. */
  readonly detail?: string
}

/** Who asked for something, and in the course of what: for the audit trail. */
export interface Cause {
  readonly actor: string
  readonly traceId: string
}

/** A route of a connector, and what answers it. */
export interface ServedRoute {
  readonly connector: string
  readonly route: ConnectorRoute
  /** What the route's `admit` says; `undefined` for a route without one. */
  admit(head: RouteHead): Promise<unknown>
  handle(request: RouteRequest): Promise<unknown>
}

/** What `GET /api/v1/assembly` tells, but for the state of endpoints, which comes from the store. */
export interface AssemblyDescription {
  readonly connectors: readonly DescribedConnector[]
  readonly events: readonly DescribedEvent[]
  /** In the order in which they run: by event, phase, and then as `explain` lists them. */
  readonly handlers: readonly DescribedHandler[]
  readonly endpoints: readonly DescribedEndpoint[]
  /** Endpoints that are not in the assembly, by what their ids begin with. */
  readonly families: readonly DescribedFamily[]
}

export interface DescribedConnector {
  readonly id: string
  readonly name: string
  readonly version: string | null
  readonly description: string | null
  /** A path, a package's name, or `built-in`. */
  readonly source: string
}

export interface DescribedEvent {
  readonly name: string
  readonly description: string | null
  /** The connector that declares it; `null` for a built-in event. */
  readonly connector: string | null
  /** JSON Schemas. */
  readonly params: object
  readonly result: object
  /** The event's own deadline; `null`: `host.event_timeout`. */
  readonly timeoutMs: number | null
  readonly reentrant: boolean
}

export interface DescribedHandler {
  readonly event: string
  readonly phase: Phase
  readonly connector: string
  readonly name: string | null
  readonly kind: 'handler' | 'webhook' | 'delivery'
  readonly priority: number
  readonly timeoutMs: number | null
  readonly onFailure: 'cancel' | 'allow' | null
  readonly mode: 'enforce' | 'warn' | 'shadow' | 'off' | null
  /** `callback`: the event may be parked until somebody answers. */
  readonly decision: 'reply' | 'callback' | null
  readonly file: string | null
  readonly line: number | null
}

export interface DescribedEndpoint {
  readonly id: string
  readonly url: string
}

interface DescribedFamily {
  readonly prefix: string
  /** How many this host has in use: those that something is sent to, or was lately. */
  readonly inUse: number
}

/** An endpoint of the assembly with what the engine has learnt of it. */
export type ListedEndpoint = DescribedEndpoint &
  Omit<EndpointState, 'endpoint' | 'disabledUrl' | 'missingSince'>
