import {
  answer,
  type RequestMismatch,
  type RouteAnswer,
  RouteError,
  type RouteRefusal,
} from 'carabiner'

/** Why a request is refused, but for what does not fit a schema. */
export interface Refused {
  readonly status: number
  /** Lower case, words joined by `_`; callers branch on it. */
  readonly code: string
  readonly message: string
  readonly details?: Readonly<Record<string, unknown>>
  readonly headers?: Readonly<Record<string, string>>
}

/** One place of a request that does not fit, as a 422 tells it. */
interface Misfit {
  readonly loc: readonly (string | number)[]
  readonly msg: string
  readonly type: string
}

/** A refusal in the form `{ error: { code, message, details }, detail }`. */
export function refusal(refused: Refused): RouteError {
  return new RouteError(refused)
}

/** Places of a request that a 422 tells: who has more wrong with it is not helped by more. */
const mostMismatches = 50

/** A 422: it could be read, and something in it cannot be what it says. */
export function unfit(found: readonly RequestMismatch[]): RouteError {
  const mismatches = found.slice(0, mostMismatches)
  const [first] = mismatches
  const message = first === undefined ? 'the request does not fit' : first.message
  return new RouteError({ status: 422, code: 'unprocessable', message, mismatches })
}

/** One place of the body that cannot be what it says. */
export function unfitBody(pointer: string, message: string, keyword: string): RouteError {
  return unfit([{ part: 'body', pointer, message, keyword }])
}

/** Brings every refusal, the host's and our own, into one of the two forms that callers know. */
export function tellRefusal(refused: RouteRefusal): RouteAnswer {
  const { status, headers = {}, mismatches = [] } = refused
  if (isAboutContent(refused)) {
    return answer({ detail: mismatches.map(toMisfit) }, { status: 422, headers })
  }
  return answer(errorBody(refused), { status, headers })
}

/** `{ error: { code, message, details }, detail }`. */
export function errorBody({ code, message, details = {} }: Omit<Refused, 'status'>): {
  readonly error: {
    readonly code: string
    readonly message: string
    readonly details: Readonly<Record<string, unknown>>
  }
  readonly detail: string
} {
  return { error: { code: code.toLowerCase(), message, details }, detail: message }
}

/** A schema did not match: the host says 400 then. JSON that cannot be read stays a 400. */
function isAboutContent({ status, mismatches = [] }: RouteRefusal): boolean {
  if (mismatches.length === 0) return false
  return status === 422 || !mismatches.some(({ keyword }) => keyword === 'json')
}

function toMisfit({ part, pointer, message, keyword, property }: RequestMismatch): Misfit {
  const steps = pointer.split('/').slice(1).map(toStep)
  const place = property === undefined ? steps : [...steps, property]
  return { loc: [part, ...place], msg: message, type: typeOf(keyword) }
}

function toStep(step: string): string | number {
  const text = step.replaceAll('~1', '/').replaceAll('~0', '~')
  return /^(0|[1-9]\d*)$/.test(text) ? Number(text) : text
}

/** What clients of such forms know these mistakes as; others by the schema's keyword. */
const types: ReadonlyMap<string, string> = new Map([
  ['required', 'missing'],
  ['additionalProperties', 'extra_forbidden'],
  ['minLength', 'string_too_short'],
  ['maxLength', 'string_too_long'],
  ['pattern', 'string_pattern_mismatch'],
  ['minItems', 'too_short'],
  ['maxItems', 'too_long'],
  ['minimum', 'greater_than_equal'],
  ['maximum', 'less_than_equal'],
  ['type', 'wrong_type'],
])

function typeOf(keyword: string): string {
  return types.get(keyword) ?? keyword
}
