import type { FastifyRequest } from 'fastify'
import { hasReadableQuery } from './broken-path.ts'
import { invalidRequest } from './request-error.ts'

/**
 * Refuses a query that is read, and cannot be: what is not decoded would stand for itself, and be searched for.
 *
 * @param schema - of the query. One that names nothing leaves the query to whoever verifies the request, or takes none
 */
export function refuseUnreadableQuery(
  { originalUrl }: Pick<FastifyRequest, 'originalUrl'>,
  schema: unknown,
): void {
  if (namesParameters(schema) && !hasReadableQuery(originalUrl)) {
    throw invalidRequest('the query is not percent-encoded UTF-8')
  }
}

function namesParameters(schema: unknown): boolean {
  const { properties }: { readonly properties?: unknown } = Object(schema)
  return Object.keys(Object(properties)).length > 0
}
