/** Everything that can go wrong on purpose. Callers branch on these. */
export type CarabinerErrorCode =
  | 'ASSEMBLY_INVALID'
  | 'CALLBACK_EXPIRED'
  | 'CALLBACK_FAILED'
  | 'CALLBACKS_OFF'
  | 'CANCEL_OUTSIDE_BEFORE'
  | 'CHANNEL_INVALID'
  | 'CONNECTOR_FAILED'
  | 'CONNECTOR_UNKNOWN'
  | 'DEADLINE_EXCEEDED'
  | 'DELIVERY_NOT_STORED'
  | 'DELIVERY_UNKNOWN'
  | 'DELIVERY_UNSETTLED'
  | 'EGRESS_REFUSED'
  | 'ENDPOINT_DISABLED'
  | 'ENDPOINT_UNKNOWN'
  | 'EVENT_CANCELLED'
  | 'EVENT_DUPLICATE'
  | 'EVENT_NAME_INVALID'
  | 'EVENT_PARAMS_INVALID'
  | 'EVENT_RECURSION'
  | 'EVENT_UNKNOWN'
  | 'HANDLER_FAILED'
  | 'HANDLER_TIMEOUT'
  | 'HOOK_INVALID'
  | 'HOST_LOST'
  | 'LISTEN_FAILED'
  | 'MESSAGE_ERASED'
  | 'MESSAGE_TOO_LARGE'
  | 'PROXY_FAILED'
  | 'QUANTITY_INVALID'
  | 'RECORD_CONFLICT'
  | 'RESULT_INVALID'
  | 'SECRET_INVALID'
  | 'SHUTTING_DOWN'
  | 'SIGNATURE_INVALID'
  | 'STORE_UNAVAILABLE'
  | 'USAGE'

/**
 * Base of every error the host throws on purpose.
 *
 * Branch on `code`; the message is for people and may change between releases.
 */
export class CarabinerError extends Error {
  override readonly name: string = 'CarabinerError'
  readonly code: CarabinerErrorCode

  constructor(code: CarabinerErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}

/** Thrown by `cancel()` in a before handler; caught by the dispatch, which turns it into the outcome `cancelled`. */
export class EventCancelledError extends CarabinerError {
  override readonly name: string = 'EventCancelledError'
  readonly reason: string
  readonly details: unknown

  constructor(reason: string, details?: unknown) {
    super('EVENT_CANCELLED', reason)
    this.reason = reason
    this.details = details
  }
}

/** A connector that could not be set up. */
export class ConnectorError extends CarabinerError {
  override readonly name: string = 'ConnectorError'
  /** Its id in the assembly. */
  readonly connector: string

  constructor(connector: string, cause: unknown) {
    const message = `connector \`${connector}\` did not start: ${messageOf(cause)}`
    super('CONNECTOR_FAILED', message, { cause })
    this.connector = connector
  }
}

/** A record was not written: something else stands where it was to go. Nothing of the same call was written. */
export class RecordConflictError extends CarabinerError {
  override readonly name: string = 'RecordConflictError'
  readonly collection: string
  readonly id: string
  /** `exists`: a record was to be new; `version`: it has changed, or is gone; `unique`: another has this unique text. */
  readonly conflict: 'exists' | 'version' | 'unique'

  constructor(
    { collection, id }: { readonly collection: string; readonly id: string },
    conflict: 'exists' | 'version' | 'unique',
    options?: ErrorOptions,
  ) {
    super(
      'RECORD_CONFLICT',
      `record \`${id}\` of \`${collection}\` was not written: ${conflicts[conflict]}`,
      options,
    )
    this.collection = collection
    this.id = id
    this.conflict = conflict
  }
}

const conflicts = {
  exists: 'there is one already',
  version: 'it is not the version that was expected',
  unique: 'another record has its unique text',
} as const

/** One place in an event's params (or a handler's result) that does not match its schema. */
export interface Mismatch {
  /** JSON Pointer into the value, `''` for the value itself. */
  readonly pointer: string
  readonly message: string
}

/**
 * The params of a dispatch do not match the event's signature.
 *
 * A handler throws it for what no schema can say of them: the dispatch fails, and over HTTP it is answered like the schema's own refusal.
 */
export class EventParamsError extends CarabinerError {
  override readonly name: string = 'EventParamsError'
  /** The event's name. */
  readonly event: string
  readonly errors: readonly Mismatch[]

  constructor(event: string, errors: readonly Mismatch[], options?: ErrorOptions) {
    const places = errors
      .slice(0, mostShown)
      .map(({ pointer, message }) => `params${pointer} ${message}`)
    if (errors.length > mostShown) places.push(`and ${errors.length - mostShown} more`)
    const message = `params of \`${event}\` do not match: ${places.join('; ')}`
    super('EVENT_PARAMS_INVALID', message, options)
    this.event = event
    this.errors = errors
  }
}

/** Mismatches that a message spells out. */
const mostShown = 5

/** What `error` says, whatever was thrown. */
export function messageOf(error: unknown): string {
  if (error instanceof Error) return error.message === '' ? error.name : error.message
  return typeof error === 'string' ? error : `a handler threw ${typeof error} instead of an Error`
}
