import type { RouteHeader, RouteResponse } from 'carabiner'
import { Type } from 'typebox'
import { ErrorBody, UnfitBody } from './schemas/error.ts'

/** What calls may be refused with, beside what every call may. */
export type RefusalStatus = 404 | 409 | 504

type Headers = Readonly<Record<string, RouteHeader>>

const whole = Type.Unsafe<string>({ type: 'string', pattern: '^\\d+$' })
const retryAfter: Headers = {
  'Retry-After': { description: 'Seconds until another call makes sense', schema: whole },
}

/** Headers by which callers see their rate limit coming. Absent where there is none, and where a call was refused before it counted. */
export const shownLimits: Headers = {
  'X-RateLimit-Limit': {
    description: 'Calls of this key to this route in a window',
    schema: whole,
  },
  'X-RateLimit-Remaining': { description: 'Calls that are left in this window', schema: whole },
  'X-RateLimit-Reset': { description: 'When the next window begins, UTC seconds', schema: whole },
}

/** More of a listing. */
export const nextCursor: Headers = {
  'X-Next-Cursor': {
    description: 'The `cursor` of the next page; absent on the last one',
    schema: Type.String(),
  },
}

const always: readonly number[] = [400, 401, 403, 429, 500, 503, 508]
const ofBodies: readonly number[] = [413, 415]

const descriptions: Readonly<Record<number, string>> = {
  400: 'Not readable, or contradictory',
  401: 'No API key, or one that is not known',
  403: 'The API key is not good for this, or a handler has vetoed it',
  404: 'There is no such object of this owner',
  409: 'It cannot be done as things stand',
  413: 'The body is too long',
  415: 'The body is not JSON',
  422: 'Something in the request does not fit',
  429: 'Too many calls',
  500: 'A mistake of the host',
  503: 'The host cannot do it now',
  504: 'It took too long',
  508: 'It stands behind too many events that caused one another',
}

/** What a call may be refused with, as the description of the API tells it. */
export function refusalResponses(
  more: readonly RefusalStatus[],
  hasBody: boolean,
): Readonly<Record<number, RouteResponse>> {
  const statuses = [...always, ...(hasBody ? ofBodies : []), ...more]
  const told = statuses.map((status) => [status, responseOf(status)] as const)
  return {
    ...Object.fromEntries(told),
    422: { description: descriptions[422] ?? '', body: UnfitBody, headers: shownLimits },
  }
}

function responseOf(status: number): RouteResponse {
  const isForLater = [409, 429, 503].includes(status)
  const headers = {
    ...(isForLater && retryAfter),
    // Who is not known has no calls that could be counted.
    ...(status !== 401 && shownLimits),
  }
  return { description: descriptions[status] ?? '', body: ErrorBody, headers }
}
