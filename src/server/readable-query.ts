import type { FastifyRequest } from 'fastify'
import { hasReadableQuery } from './broken-path.ts'
import { invalidRequest } from './request-error.ts'

/**
 * Refuses a query that is read, and cannot be: what is not decoded would stand for itself, and be searched for.
 *
 * @param schema - of the query. One that is open and names nothing leaves the query to whoever verifies the request
 */
export function refuseUnreadableQuery(
  { originalUrl }: Pick<FastifyRequest, 'originalUrl'>,
  schema: unknown,
): void {
  if (isRead(schema) && !hasReadableQuery(originalUrl)) {
    throw invalidRequest('the query is not percent-encoded UTF-8')
  }
}

function isRead(schema: unknown): boolean {
  if (typeof schema !== 'object' || schema === null) return false
  if ('additionalProperties' in schema && schema.additionalProperties === false) return true
  return 'properties' in schema && Object.keys(Object(schema.properties)).length > 0
}
