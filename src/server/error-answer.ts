import { RouteError, type RouteRefusal } from '../connector/route-answer.ts'
import { CarabinerError, type CarabinerErrorCode, EventParamsError } from '../errors.ts'
import { type ErrorAnswer, type ErrorCode, unavailable } from './request-error.ts'

/** Bytes of a request's body that are taken, and what says so. */
export interface BodyLimit {
  readonly bytes: number
  readonly setBy: string
}

/** Turns whatever was thrown during a request into its answer. What is not known by its code says nothing of its cause. */
export function answerFor(error: unknown, bodyLimit: BodyLimit): RouteRefusal {
  if (error instanceof RouteError) return error.refusal
  if (error instanceof EventParamsError) {
    const { message, errors } = error
    return { status: 422, code: 'EVENT_PARAMS_INVALID', message, details: { errors } }
  }
  if (error instanceof CarabinerError) return answerForCode(error.code, error.message)
  if (isFromFastify(error)) return answerForFastify(error, bodyLimit)
  return isCutOff(error) ? cutOff : internal
}

const internal: ErrorAnswer = {
  status: 500,
  code: 'INTERNAL_SERVER_ERROR',
  message: 'internal error: the log of the host has it under this trace id',
}

const cutOff: ErrorAnswer = {
  status: 400,
  code: 'VALIDATION_ERROR',
  message: 'the body was cut off',
}

/** A connection that ended in the middle of a body: whoever opened it can see to that at will, so it is no error of ours. */
function isCutOff(error: unknown): boolean {
  return (
    error instanceof Error &&
    'statusCode' in error &&
    error.statusCode === 400 &&
    'code' in error &&
    error.code === 'ECONNRESET'
  )
}

/** Errors of the host that tell a caller something; the others are ours to repair. */
const known: Partial<Record<CarabinerErrorCode, readonly [number, ErrorCode]>> = {
  CONNECTOR_UNKNOWN: [400, 'VALIDATION_ERROR'],
  DEADLINE_EXCEEDED: [504, 'DEADLINE_EXCEEDED'],
  DELIVERY_UNKNOWN: [404, 'NOT_FOUND'],
  DELIVERY_UNSETTLED: [409, 'CONFLICT'],
  ENDPOINT_DISABLED: [409, 'CONFLICT'],
  ENDPOINT_UNKNOWN: [409, 'CONFLICT'],
  EVENT_CANCELLED: [409, 'EVENT_CANCELLED'],
  EVENT_NAME_INVALID: [404, 'EVENT_UNKNOWN'],
  EVENT_RECURSION: [508, 'EVENT_RECURSION'],
  EVENT_UNKNOWN: [404, 'EVENT_UNKNOWN'],
  MESSAGE_ERASED: [409, 'CONFLICT'],
  MESSAGE_TOO_LARGE: [413, 'PAYLOAD_TOO_LARGE'],
  QUANTITY_INVALID: [400, 'VALIDATION_ERROR'],
  USAGE: [400, 'VALIDATION_ERROR'],
}

const answers: ReadonlyMap<string, readonly [number, ErrorCode]> = new Map(Object.entries(known))

/** The answer to an error of the host, by its code. */
export function answerForCode(code: string, message: string): ErrorAnswer {
  // Where the store stands, and what it said, is for the host's log alone.
  if (code === 'STORE_UNAVAILABLE') return unavailable('the store is away')
  if (code === 'SHUTTING_DOWN') return unavailable(message)
  const answer = answers.get(code)
  return answer === undefined ? internal : { status: answer[0], code: answer[1], message }
}

interface FastifyProblem extends Error {
  readonly code: string
  readonly statusCode: number
}

function isFromFastify(error: unknown): error is FastifyProblem {
  return (
    error instanceof Error &&
    'statusCode' in error &&
    typeof error.statusCode === 'number' &&
    'code' in error &&
    typeof error.code === 'string' &&
    error.code.startsWith('FST_ERR_')
  )
}

function answerForFastify(
  { statusCode, message }: FastifyProblem,
  { bytes, setBy }: BodyLimit,
): ErrorAnswer {
  switch (statusCode) {
    case 413:
      return {
        status: 413,
        code: 'PAYLOAD_TOO_LARGE',
        message: `the body is larger than ${bytes} bytes (${setBy})`,
        details: { limit: bytes },
      }
    case 415:
      return unsupportedMediaType('expected content type application/json')
    default:
      return statusCode < 500 ? { status: 400, code: 'VALIDATION_ERROR', message } : internal
  }
}

export function unsupportedMediaType(message: string): ErrorAnswer {
  return { status: 415, code: 'UNSUPPORTED_MEDIA_TYPE', message }
}
