/** One place of a request that does not fit. */
export interface ValidationDetail {
  /** `['body', 'callback_url']` */
  readonly loc: readonly (string | number)[]
  readonly msg: string
  readonly type: string
}

/** What an answer that is no success said. */
export interface ApiErrorFacts {
  readonly status: number
  /** `idempotency_conflict`, `event_cancelled` …; for a form without codes `http_<status>`. */
  readonly code: string
  readonly message: string
  readonly details: Readonly<Record<string, unknown>>
  /** How long the server asks to be left alone, milliseconds. */
  readonly retryAfterMs: number | undefined
  /** Under which the host's log has it. */
  readonly traceId: string | undefined
}

/** The server answered, and it was no success. Branch on the class or on `code`. */
export class ApiError extends Error {
  override readonly name: string = 'ApiError'
  readonly status: number
  readonly code: string
  readonly details: Readonly<Record<string, unknown>>
  readonly traceId: string | undefined

  constructor({ status, code, message, details, traceId }: ApiErrorFacts) {
    super(message)
    this.status = status
    this.code = code
    this.details = details
    this.traceId = traceId
  }
}

/** 401 or 403: no key, a wrong one, or one that may not do this; also a publication that was vetoed (`event_cancelled`). */
export class AuthError extends ApiError {
  override readonly name: string = 'AuthError'
}

/** 400 or 422: the request does not fit. */
export class ValidationError extends ApiError {
  override readonly name: string = 'ValidationError'
  /** Where; empty when the answer names no place. */
  readonly errors: readonly ValidationDetail[]

  constructor(facts: ApiErrorFacts, errors: readonly ValidationDetail[]) {
    super(facts)
    this.errors = errors
  }
}

/** 429, after the retries. */
export class RateLimitError extends ApiError {
  override readonly name: string = 'RateLimitError'
  readonly retryAfterMs: number | undefined

  constructor(facts: ApiErrorFacts) {
    super(facts)
    this.retryAfterMs = facts.retryAfterMs
  }
}

/** 5xx, after the retries. */
export class ServerError extends ApiError {
  override readonly name: string = 'ServerError'
}

/** No answer came: the connection failed or was cut, after the retries. */
export class ConnectionError extends Error {
  override readonly name: string = 'ConnectionError'
}

/** The error for an answer, by its status. */
export function errorFor(facts: ApiErrorFacts, errors: readonly ValidationDetail[]): ApiError {
  const { status } = facts
  if (status === 401 || status === 403) return new AuthError(facts)
  if (status === 400 || status === 422) return new ValidationError(facts, errors)
  if (status === 429) return new RateLimitError(facts)
  return status >= 500 ? new ServerError(facts) : new ApiError(facts)
}
