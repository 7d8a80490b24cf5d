import type { ConnectorRoute } from '../connector/route.ts'
import { commonHeaders, commonParameters } from './common.ts'
import { Components } from './components.ts'
import type { DescribedRoute } from './described-route.ts'
import { hostRoutes } from './host-routes.ts'
import { type Operation, operationOf } from './operation.ts'
import { type SecurityScheme, securitySchemes } from './security.ts'

/** A description of an API in OpenAPI 3.1, as far as we write it. */
export interface OpenApiDocument {
  readonly openapi: '3.1.1'
  readonly info: { readonly title: string; readonly version: string; readonly description: string }
  readonly servers?: readonly { readonly url: string }[]
  readonly tags: readonly { readonly name: string }[]
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  readonly components: {
    readonly schemas: Readonly<Record<string, object>>
    readonly parameters: Readonly<Record<string, object>>
    readonly headers: Readonly<Record<string, object>>
    readonly securitySchemes: Readonly<Record<string, SecurityScheme>>
  }
}

/** What is described. */
export interface OpenApiOptions {
  /** Those without an `operation` are left out. */
  readonly routes: readonly ConnectorRoute<never>[]
  /** Of the host. */
  readonly version: string
  /** Where it is reached. @defaultValue where the description came from */
  readonly publicUrl: string | null
}

/** Describes what a host answers over HTTP: its health, and every route of its connectors that has an `operation`. */
export function openApiDocument({ routes, version, publicUrl }: OpenApiOptions): OpenApiDocument {
  const components = new Components()
  const described = [...hostRoutes, ...routes.filter(isDescribed)]
  const paths = pathsOf(described, components)
  const tags = new Set(described.flatMap(({ operation }) => operation.tags ?? []))
  return {
    openapi: '3.1.1',
    info: {
      title: 'Carabiner',
      version,
      description: 'What this host and its connectors answer over HTTP.',
    },
    ...(publicUrl !== null && { servers: [{ url: publicUrl }] }),
    tags: [...tags].map((name) => ({ name })),
    paths,
    components: {
      schemas: components.schemas,
      parameters: commonParameters,
      headers: { ...commonHeaders, ...components.headers },
      securitySchemes,
    },
  }
}

function isDescribed<R extends ConnectorRoute<never>>(route: R): route is R & DescribedRoute {
  return route.operation !== undefined
}

/** In the order of the routes, those of one path together. */
function pathsOf(
  routes: readonly DescribedRoute[],
  components: Components,
): OpenApiDocument['paths'] {
  const byPath = Map.groupBy(routes, ({ path }) => path.replaceAll(/:(\w+)/g, '{$1}'))
  const paths = [...byPath].map(([path, ofPath]) => {
    const operations = ofPath.map(
      (route) => [route.method.toLowerCase(), operationOf(route, components)] as const,
    )
    return [path, Object.fromEntries(operations)] as const
  })
  return Object.fromEntries(paths)
}
