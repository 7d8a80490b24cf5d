import { RouteError } from 'carabiner'
import type { Misfit } from '../providers/provider.ts'

/** Why a provider's request is not taken, in the words that providers and operators know. */

export function noIntegration(provider: string): RouteError {
  return new RouteError({
    status: 404,
    code: 'NOT_FOUND',
    message: `No active integration configured for provider: ${provider}`,
    details: { provider },
  })
}

export function wrongType(expected: readonly string[], got: string | undefined): RouteError {
  return new RouteError({
    status: 415,
    code: 'UNSUPPORTED_MEDIA_TYPE',
    message: `expected content type ${expected.join(' or ')}`,
    details: { expected, got: got ?? null },
  })
}

export function encodedBody(): RouteError {
  return new RouteError({
    status: 415,
    code: 'UNSUPPORTED_MEDIA_TYPE',
    message: 'expected a body without content encoding',
  })
}

export function noObject(errors: readonly Misfit[]): RouteError {
  return new RouteError({
    status: 400,
    code: 'VALIDATION_ERROR',
    message: 'Request body must be a JSON object',
    details: { errors },
  })
}

export function noForm(): RouteError {
  return new RouteError({
    status: 400,
    code: 'VALIDATION_ERROR',
    message: 'Request body must be a form',
    details: { errors: [{ pointer: '', message: 'is not a form in UTF-8' }] },
  })
}

export function misfit(errors: readonly Misfit[]): RouteError {
  return new RouteError({
    status: 400,
    code: 'VALIDATION_ERROR',
    message: 'the request is invalid',
    details: { errors },
  })
}

export function notGenuine(message: string, provider: string): RouteError {
  return new RouteError({ status: 401, code: 'UNAUTHORIZED', message, details: { provider } })
}

/** @param resetsAt - UTC milliseconds */
export function tooMany(
  kind: 'unverified' | 'verified',
  limit: { readonly limit: number; readonly resetsAt: number },
  now: number,
): RouteError {
  const seconds = Math.max(1, Math.ceil((limit.resetsAt - now) / 1_000))
  return new RouteError({
    status: 429,
    code: 'RATE_LIMITED',
    message: `too many ${kind} requests from this address: try again in ${seconds} s`,
    details: { kind, limit: limit.limit, retryAfter: seconds },
    headers: { 'retry-after': String(seconds) },
  })
}

export function vetoed(reason: string): RouteError {
  return new RouteError({ status: 403, code: 'FORBIDDEN', message: reason })
}

export function undecided(why: string): RouteError {
  return new RouteError({
    status: 503,
    code: 'DEPENDENCY_UNAVAILABLE',
    message: `the event could not be decided on: ${why}`,
    headers: { 'retry-after': '5' },
  })
}
