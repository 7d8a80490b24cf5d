import {
  CarabinerError,
  type DispatchEvent,
  type DispatchOptions,
  type EventResult,
  type Outcome,
  parseDuration,
} from 'carabiner'

/** One event on its way to one receiver of a tenant. */
export interface Execution {
  /** Of its delivery: `carabiner deliveries show` knows it. */
  readonly id: string
  readonly tenant: string
  /** The name of the configuration. */
  readonly config: string
  readonly eventType: string
  /** With credentials and query values masked. */
  readonly targetUrl: string
  /** `null` once it was erased. */
  readonly payload: unknown
  readonly status: 'PENDING' | 'DELIVERED' | 'FAILED'
  /** Requests made until now. */
  readonly attempts: number
  /** `http <status>`, what else went wrong, or `null`. */
  readonly lastError: string | null
  /** Of the last answer. */
  readonly responseStatus: number | null
  /** RFC 3339, as is `deliveredAt`. */
  readonly createdAt: string
  readonly deliveredAt: string | null
}

/** How one event is sent to a tenant. */
export interface TenantDispatchOptions
  extends Pick<DispatchOptions, 'traceId' | 'actor' | 'signal' | 'timeout'> {
  /**
   * How long to wait until all executions are over: `'10s'`, or seconds. Those that are not by then are `PENDING`.
   *
   * @defaultValue not at all
   */
  readonly wait?: string | number
}

/** What came of sending an event to a tenant. */
export type Dispatched = Accepted | Cancelled | Failed

/** It is stored, and leaves or has left. */
export interface Accepted {
  readonly kind: 'accepted'
  readonly eventId: string
  /** One for each receiver; none when nobody of the tenant is told of the type. */
  readonly executions: readonly Execution[]
}

/** A before handler said no: nothing is stored. */
export interface Cancelled {
  readonly kind: 'cancelled'
  readonly executions: readonly []
  /** Who said no. */
  readonly by: string
  readonly reason: string
  readonly details?: unknown
}

/** It could not be sent: the store is away, a handler failed, an argument is none. */
export interface Failed {
  readonly kind: 'failed'
  readonly failures: readonly DispatchFailure[]
  /** What was stored all the same, because the failure came after. */
  readonly executions: readonly Execution[]
}

/** Branch on `code`; messages may change. */
export interface DispatchFailure {
  readonly code: string
  readonly message: string
}

/** What the connector `subscriptions` does for programs in its process. */
export interface Subscriptions {
  /**
   * Sends an event to every receiver of a tenant that is told of its type: each enabled configuration, each of its subscriptions.
   *
   * Never throws and never rejects: what keeps it from being sent is in the result. When the result is `accepted`, the event is stored and
   * nothing can lose it.
   */
  dispatch(
    tenant: string,
    eventType: string,
    payload: Readonly<Record<string, unknown>>,
    options?: TenantDispatchOptions,
  ): Promise<Dispatched>
}

/**
 * The subscriptions of a host, for code that runs in its process: a program that started it, or a connector with its scope.
 *
 * @param host - anything that dispatches events: a host, a test's host, a connector's scope
 * @example
 * ```ts
 * import type { Scope } from 'carabiner'
 * import { subscriptionsOn } from 'carabiner/subscriptions'
 *
 * export async function placed(scope: Scope, order: { readonly id: number }): Promise<boolean> {
 *   const subscriptions = subscriptionsOn(scope)
 *   const sent = await subscriptions.dispatch('acme', 'OrderPlaced', { order: order.id }, { wait: '10s' })
 *   if (sent.kind !== 'accepted') scope.log.error({ sent }, 'nobody was told')
 *   return sent.executions.every(({ status }) => status === 'DELIVERED')
 * }
 * ```
 */
export function subscriptionsOn(host: { readonly dispatch: DispatchEvent }): Subscriptions {
  return {
    async dispatch(tenant, eventType, payload, options = {}) {
      try {
        const { wait, ...given } = options
        const params = { tenant, type: eventType, payload, ...(wait !== undefined && { wait }) }
        const how = { ...timeoutFor(wait), ...given }
        return dispatched(await host.dispatch('subscriptions.publish', params, how))
      } catch (error) {
        return refused(error)
      }
    },
  }
}

/** How long handlers have beside the wait, in seconds. */
const decidingS = 30

/** Whoever waits for executions does not want the event to be given up meanwhile. @throws {CarabinerError} QUANTITY_INVALID */
function timeoutFor(wait: string | number | undefined): Pick<TenantDispatchOptions, 'timeout'> {
  return wait === undefined
    ? {}
    : { timeout: parseDuration(wait, { zero: true }) / 1_000 + decidingS }
}

function dispatched(outcome: Outcome): Dispatched {
  switch (outcome.kind) {
    case 'completed': {
      const published = outcome.results.flatMap(publicationIn)
      const executions = published.flatMap((each) => each.executions)
      return { kind: 'accepted', eventId: published[0]?.event_id ?? '', executions }
    }
    case 'cancelled': {
      const { kind, by, reason, details } = outcome
      return { kind, executions: [], by, reason, ...(details !== undefined && { details }) }
    }
    case 'failed': {
      const { kind, failures, results } = outcome
      const executions = results.flatMap(publicationIn).flatMap((each) => each.executions)
      return { kind, failures, executions }
    }
    case 'parked':
      return { kind: 'failed', failures: [], executions: [] } // the event does not park
  }
}

interface Published {
  readonly event_id: string
  readonly executions: readonly Execution[]
}

/** Of whatever connector: several may have tenants, and others handlers of their own. */
function publicationIn(result: EventResult): readonly Published[] {
  const value = 'value' in result ? result.value : null
  const isPublished = typeof value === 'object' && value !== null && 'executions' in value
  return isPublished ? [value as Published] : [] // the event's results are held against its schema
}

/** The caller's mistakes, and a host that is not there any more. Everything else that can go wrong is an outcome. */
function refused(error: unknown): Failed {
  const code = error instanceof CarabinerError ? error.code : 'USAGE'
  const message = error instanceof Error ? error.message : String(error)
  return { kind: 'failed', failures: [{ code, message }], executions: [] }
}
