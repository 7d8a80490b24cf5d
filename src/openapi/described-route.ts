import type { ConnectorRoute } from '../connector/route.ts'
import type { RouteOperation } from '../connector/route-operation.ts'

/** A route that says what it is. */
export interface DescribedRoute
  extends Pick<
    ConnectorRoute,
    'method' | 'path' | 'family' | 'params' | 'query' | 'body' | 'responses'
  > {
  readonly operation: RouteOperation
  /** Not a connector's: it is answered however many events the request stands behind. */
  readonly isOfHost?: boolean
  /** Whether refusals have a form of the route's own. */
  readonly refuse?: unknown
}
