import type { TObject } from 'typebox'
import { familyOf } from '../connector/route-family.ts'
import type { RouteHeader, RouteOperation } from '../connector/route-operation.ts'
import { commonParameterReferences, type Reference } from './common.ts'
import type { Components } from './components.ts'
import type { DescribedRoute } from './described-route.ts'
import { type Response, responsesOf } from './responses.ts'
import { requirementsOf, type SecurityRequirements } from './security.ts'

/** One method of one path. */
export interface Operation {
  readonly operationId: string
  readonly summary: string
  readonly description?: string
  readonly tags?: readonly string[]
  readonly parameters: readonly (Parameter | Reference)[]
  readonly requestBody?: {
    readonly required: boolean
    readonly content: Readonly<Record<string, { readonly schema?: object }>>
  }
  readonly responses: Readonly<Record<string, Response>>
  readonly security: SecurityRequirements
}

interface Parameter {
  readonly name: string
  readonly in: 'path' | 'query' | 'header'
  readonly required?: true
  readonly description?: string
  readonly schema: object
}

export function operationOf(route: DescribedRoute, components: Components): Operation {
  const { id, summary, description, tags, scopes } = route.operation
  const body = bodyOf(route, components)
  const security = route.operation.security ?? impliedSecurity(route)
  return {
    operationId: id,
    summary,
    ...(description !== undefined && { description }),
    ...(tags !== undefined && { tags }),
    parameters: [
      ...pathParameters(route, components),
      ...queryParameters(route.query, components),
      ...headerParameters(route.operation.headers ?? {}, components),
      ...commonParameterReferences,
    ],
    ...(body !== undefined && { requestBody: body }),
    responses: responsesOf(route, security, components),
    security: requirementsOf(security, scopes),
  }
}

function impliedSecurity(route: DescribedRoute): 'management-key' | 'none' {
  return familyOf(route) === 'management' ? 'management-key' : 'none'
}

function pathParameters(
  { path, params }: DescribedRoute,
  components: Components,
): readonly Parameter[] {
  return [...path.matchAll(/:(\w+)/g)].map(([, name = '']) => ({
    name,
    in: 'path',
    required: true,
    ...described(params?.properties[name] ?? { type: 'string' }, components),
  }))
}

function queryParameters(query: TObject | undefined, components: Components): readonly Parameter[] {
  if (query === undefined) return []
  return Object.entries(query.properties).map(([name, schema]) => ({
    name,
    in: 'query',
    ...(query.required?.includes(name) === true && { required: true }),
    ...described(schema, components),
  }))
}

function headerParameters(
  headers: Readonly<Record<string, RouteHeader>>,
  components: Components,
): readonly Parameter[] {
  return Object.entries(headers).map(([name, { description, schema }]) => ({
    name,
    in: 'header',
    description,
    schema: components.place(schema),
  }))
}

/** A parameter is described by what its schema says of it. */
function described(
  schema: object,
  components: Components,
): Pick<Parameter, 'schema' | 'description'> {
  const placed = components.place(schema)
  const { description } = placed
  if (typeof description !== 'string') return { schema: placed }
  const rest = Object.entries(placed).filter(([keyword]) => keyword !== 'description')
  return { description, schema: Object.fromEntries(rest) }
}

function bodyOf(
  { method, body, operation }: DescribedRoute,
  components: Components,
): Operation['requestBody'] | undefined {
  if (method === 'GET' || body === undefined) return undefined
  if (body === 'bytes') return { required: false, content: contentOfBytes(operation, components) }
  const required = (body.required ?? []).length > 0 || 'minProperties' in body
  return { required, content: { 'application/json': { schema: components.place(body) } } }
}

function contentOfBytes(
  { body }: RouteOperation,
  components: Components,
): NonNullable<Operation['requestBody']>['content'] {
  return body === undefined
    ? { '*/*': {} }
    : { 'application/json': { schema: components.place(body) } }
}
