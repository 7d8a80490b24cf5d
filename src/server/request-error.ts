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
export interface ErrorAnswer {
  readonly status: number
  readonly code: ErrorCode
  readonly message: string
  readonly details?: Readonly<Record<string, unknown>>
  /** Lower-case names. */
  readonly headers?: Readonly<Record<string, string>>
}

/** A request the server does not fulfil. Thrown anywhere in a request's life; answered in one place. */
export class RequestError extends Error {
  override readonly name: string = 'RequestError'
  readonly answer: ErrorAnswer

  constructor(answer: ErrorAnswer, options?: ErrorOptions) {
    super(answer.message, options)
    this.answer = answer
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

export function notFound(message: string): RequestError {
  return new RequestError({ status: 404, code: 'NOT_FOUND', message })
}

/** Seconds after which a caller that was told 503 may try again. */
const retryAfterSeconds = '5'

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
