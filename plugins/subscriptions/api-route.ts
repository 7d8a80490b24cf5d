import type {
  ConnectorRoute,
  RouteAnswer,
  RouteHead,
  RouteOperation,
  RouteRequest,
  RouteResponse,
} from 'carabiner'
import { type TObject, Type } from 'typebox'
import { type Admitted, admit } from './admit.ts'
import type { KeyScope } from './api-key-config.ts'
import type { Call } from './call.ts'
import type { SubscriptionsConfig } from './config.ts'
import { type RefusalStatus, refusalResponses, shownLimits } from './responses.ts'
import { closed, Owner } from './schemas/fields.ts'
import { serviceOf } from './service.ts'
import { tellRefusal } from './surface.ts'

/** Bytes of a body that are taken. */
const bodyLimit = 128 * 1024

/** A call over HTTP that was let in, and whose parts fit their schemas. */
export interface ApiCall extends Call {
  readonly request: RouteRequest
  /** Method and path pattern. */
  readonly route: string
}

/** One row of the API. */
export interface ApiRoute {
  readonly method: ConnectorRoute['method']
  /** With `:name` parameters. */
  readonly path: string
  /** What the caller's key has to be good for. */
  readonly scope: KeyScope
  readonly operation: Omit<RouteOperation, 'security' | 'scopes' | 'headers'>
  readonly params?: TObject
  /** Beside `owner_agent`, which every call may have. */
  readonly query?: TObject
  readonly body?: TObject
  /** What it answers when it went well. */
  readonly success: RouteResponse
  /** What else it answers, beside what every call may. */
  readonly refusals?: readonly RefusalStatus[]
  /** Whether it reads `Idempotency-Key`. */
  readonly isKeyed?: boolean
  handle(call: ApiCall): Promise<RouteAnswer>
}

/** A row of the API as the host serves it: who may call, how often, how refusals look, and what all of that looks like in its description. */
export function apiRoute(row: ApiRoute): ConnectorRoute<SubscriptionsConfig> {
  const { method, path, params, body } = row
  const route = `${method} ${path}`
  return {
    method,
    path,
    bodyLimit,
    query: withOwner(row.query),
    ...(params && { params }),
    ...(body && { body, strictJson: true }),
    operation: {
      ...row.operation,
      security: 'api-key',
      scopes: [row.scope],
      headers: headersOf(row),
    },
    responses: {
      200: { ...row.success, headers: { ...shownLimits, ...row.success.headers } },
      ...refusalResponses(row.refusals ?? [], body !== undefined),
    },
    admit: (head: RouteHead, scope) => admit(serviceOf(scope), head, row.scope, route),
    headers: (admitted) => (admitted as Admitted).limits, // what `admit` above returned
    handle(request, scope) {
      const { caller, owner } = request.admitted as Admitted // as above
      return row.handle({ service: serviceOf(scope), caller, owner, request, route })
    },
    refuse: tellRefusal,
  }
}

/** A call's id in its path, in the form in which ids are kept. */
export function idIn({ request }: ApiCall, name: 'subscription_id' | 'event_id'): string {
  return (request.params[name] ?? '').toLowerCase()
}

function withOwner(query: TObject | undefined): TObject {
  const owner = Type.Optional(Owner)
  return Type.Object({ owner_agent: owner, ...query?.properties }, closed)
}

function headersOf({ isKeyed = false }: ApiRoute): NonNullable<RouteOperation['headers']> {
  return {
    'X-Owner-Agent': {
      description: 'Whose objects the call is about, when the key may act for others',
      schema: Owner,
    },
    ...(isKeyed && {
      'Idempotency-Key': {
        description: 'The same key and the same call give the same answer again, for 24 hours',
        schema: Type.String({ minLength: 1, maxLength: 255 }),
      },
    }),
  }
}
