import { STATUS_CODES } from 'node:http'
import { type TObject, Type } from 'typebox'
import type { RouteHeader, RouteOperation, RouteResponse } from '../connector/route-operation.ts'
import { commonHeaderReferences, type Reference } from './common.ts'
import type { Components } from './components.ts'
import type { DescribedRoute } from './described-route.ts'

type Security = NonNullable<RouteOperation['security']>

/** What is answered with one status. */
export interface Response {
  readonly description: string
  readonly headers: Readonly<Record<string, Reference>>
  readonly content?: Readonly<Record<string, { readonly schema: object }>>
}

/** What the route says it answers, and what the host answers in its place. */
export function responsesOf(
  route: DescribedRoute,
  security: Security,
  components: Components,
): Readonly<Record<string, Response>> {
  const { responses = {}, refuse } = route
  const own = new Map(
    Object.entries(responses).map(([status, given]) => [Number(status), given] as const),
  )
  for (const status of refusedWith(route, security)) {
    if (!own.has(status)) own.set(status, refused(status, refuse !== undefined))
  }
  const inOrder = [...own].sort(([a], [b]) => a - b)
  return Object.fromEntries(
    inOrder.map(([status, given]) => [String(status), responseOf(given, components)]),
  )
}

/** With what the host may refuse a request before the route handles it, or when that goes wrong. */
function refusedWith(
  { body, method, isOfHost = false }: DescribedRoute,
  security: Security,
): readonly number[] {
  const takesBody = method !== 'GET' && body !== undefined
  return [
    // `X-Carabiner-Depth` that is no number, or too high.
    ...(isOfHost ? [] : [400, 508]),
    ...(security === 'none' ? [] : [401]),
    ...(takesBody ? [413] : []),
    ...(takesBody && body !== 'bytes' ? [415] : []),
    500,
    503,
  ]
}

/** The form of refusals, unless a route has its own. */
const Failure: TObject = Type.Object(
  {
    success: Type.Literal(false),
    error: Type.Object({
      code: Type.String({ description: 'Branch on it: messages may change' }),
      message: Type.String(),
      // Not `Type.Record`, whose `patternProperties` generated clients do not read.
      details: Type.Unsafe({ type: 'object', additionalProperties: true }),
    }),
  },
  { title: 'Failure' },
)

const retryAfter: RouteHeader = {
  description: 'Seconds until another call makes sense',
  schema: Type.String({ pattern: '^\\d+$' }),
}

function refused(status: number, hasOwnForm: boolean): RouteResponse {
  return {
    description: STATUS_CODES[status] ?? 'Refused',
    ...(!hasOwnForm && { body: Failure }),
    ...(status === 503 && { headers: { 'Retry-After': retryAfter } }),
  }
}

function responseOf(
  { description, body, headers = {} }: RouteResponse,
  components: Components,
): Response {
  const own = Object.entries(headers).map(
    ([name, header]) => [name, components.header(name, header)] as const,
  )
  return {
    description,
    headers: { ...commonHeaderReferences, ...Object.fromEntries(own) },
    ...(body !== undefined && {
      content: { 'application/json': { schema: components.place(body) } },
    }),
  }
}
