import type { RouteOperation } from '../connector/route-operation.ts'

/** A way for a caller to say who it is. */
export type SecurityScheme =
  | {
      readonly type: 'apiKey'
      readonly in: 'header'
      readonly name: string
      readonly description: string
    }
  | { readonly type: 'http'; readonly scheme: 'bearer'; readonly description: string }

export const securitySchemes: Readonly<Record<string, SecurityScheme>> = {
  apiKey: {
    type: 'apiKey',
    in: 'header',
    name: 'x-api-key',
    description: 'Made with `carabiner keys create`, or written in the assembly',
  },
  bearer: {
    type: 'http',
    scheme: 'bearer',
    description: 'The same key; `x-api-key` counts when there are both',
  },
  managementKey: {
    type: 'apiKey',
    in: 'header',
    name: 'x-internal-api-key',
    description: 'One of `host.server.management_key`',
  },
}

/** Any of these will do. */
export type SecurityRequirements = readonly Readonly<Record<string, readonly string[]>>[]

/** What a caller has to show, and what an API key has to be good for. */
export function requirementsOf(
  security: NonNullable<RouteOperation['security']>,
  scopes: readonly string[] = [],
): SecurityRequirements {
  switch (security) {
    case 'api-key':
      return [{ apiKey: scopes }, { bearer: scopes }]
    case 'management-key':
      return [{ managementKey: [] }]
    case 'none':
      return []
  }
}
