import { type RequestMismatch, RouteError, type RouteRefusal } from '../connector/route-answer.ts'
import type { Mismatch } from '../errors.ts'

/** Codes of an error's envelope: what a caller over HTTP branches on. */
export type ErrorCode =
  | 'CONFLICT'
  | 'DEADLINE_EXCEEDED'
  | 'DEPENDENCY_UNAVAILABLE'
  | 'EVENT_CANCELLED'
  | 'EVENT_FAILED'
  | 'EVENT_PARAMS_INVALID'
  | 'EVENT_RECURSION'
  | 'EVENT_UNKNOWN'
  | 'FORBIDDEN'
  | 'INTERNAL_SERVER_ERROR'
  | 'METHOD_NOT_ALLOWED'
  | 'NOT_FOUND'
  | 'PAYLOAD_TOO_LARGE'
  | 'UNAUTHORIZED'
  | 'UNSUPPORTED_MEDIA_TYPE'
  | 'VALIDATION_ERROR'

/** An error's answer: everything that goes over the wire but the trace id. */
export interface ErrorAnswer extends RouteRefusal {
  readonly code: ErrorCode
}

/** A request the server does not fulfil. Thrown anywhere in a request's life; answered in one place. */
export class RequestError extends RouteError {
  override readonly name: string = 'RequestError'

  constructor(answer: ErrorAnswer, options?: ErrorOptions) {
    super(answer, options)
  }
}

/** 400: something about the request cannot be understood. `pointer` says where, if it is in the query or the body. */
export function invalidRequest(
  message: string,
  errors: readonly Mismatch[] = [],
  options?: ErrorOptions,
): RequestError {
  const details = errors.length === 0 ? {} : { errors }
  return new RequestError({ status: 400, code: 'VALIDATION_ERROR', message, details }, options)
}

/** Places of a request that are told: who has more wrong with it is not helped by more. */
const mostMismatches = 50

/** 400: parts of the request do not fit; the first is put into words. At least one. */
export function mismatching(found: readonly RequestMismatch[]): RequestError {
  const mismatches = found.slice(0, mostMismatches)
  const [first] = mismatches
  const message = first && `${first.part}${first.pointer} ${first.message}`
  const errors = mismatches.map(({ pointer, message }) => ({ pointer, message }))
  return new RequestError({
    status: 400,
    code: 'VALIDATION_ERROR',
    message: message ?? 'the request is invalid',
    details: { errors },
    mismatches,
  })
}

export function notFound(message: string): RequestError {
  return new RequestError({ status: 404, code: 'NOT_FOUND', message })
}

/** Seconds after which a caller that was told 503 may try again. */
export const retryAfterSeconds: string = '5'

export function unavailable(
  message: string,
  details: Readonly<Record<string, unknown>> = {},
): ErrorAnswer {
  return {
    status: 503,
    code: 'DEPENDENCY_UNAVAILABLE',
    message,
    details,
    headers: { 'retry-after': retryAfterSeconds },
  }
}
