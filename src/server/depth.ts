import type { FastifyRequest } from 'fastify'
import { invalidRequest, RequestError } from './request-error.ts'

const deepestChain = 16

/** How many dispatches a request stands behind: the header `X-Carabiner-Depth`. */
export function depthOf({ headers }: Pick<FastifyRequest, 'headers'>): number {
  const text = headers['x-carabiner-depth']
  if (text === undefined) return 0
  if (typeof text !== 'string' || !/^\d{1,9}$/.test(text)) {
    throw invalidRequest('X-Carabiner-Depth must be a whole number')
  }
  const depth = Number(text)
  if (depth <= deepestChain) return depth
  throw new RequestError({
    status: 508,
    code: 'EVENT_RECURSION',
    message: `events have caused one another over HTTP more than ${deepestChain} times: a loop`,
  })
}
