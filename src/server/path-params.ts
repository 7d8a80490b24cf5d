import type { FastifyRequest } from 'fastify'
import { pathOfTarget } from '../callbacks/callback-url.ts'

/** `config` of a route whose parameters stand as they came in the path. */
export const takesRawParams: { readonly rawParams: true } = { rawParams: true }

/** Whether the route of a request wants its parameters as they came: then the path need not be readable. */
export function wantsRawParams({ routeOptions }: Pick<FastifyRequest, 'routeOptions'>): boolean {
  return 'rawParams' in routeOptions.config
}

/** The parameters of a request's path: percent-decoded, unless its route wants them as they came. */
export function paramsOf(request: FastifyRequest): Readonly<Record<string, string>> {
  // Proof of the cast: Fastify's own router makes them.
  if (!wantsRawParams(request)) return request.params as Readonly<Record<string, string>>
  const given = pathOfTarget(request.originalUrl).split('/')
  const pattern = request.routeOptions.url?.split('/') ?? []
  const params = pattern.flatMap((part, place) =>
    part.startsWith(':') ? [[part.slice(1), given[place] ?? ''] as const] : [],
  )
  return Object.fromEntries(params)
}
