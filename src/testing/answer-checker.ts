import type { ConnectorRoute } from '../connector/route.ts'
import type { RouteResponse } from '../connector/route-operation.ts'
import { messageOf } from '../errors.ts'
import { Validator } from '../schema/validator.ts'

/** A request that was made, and what came back. */
export interface Exchange {
  readonly method: string
  /** As it was asked for; a query is left aside. */
  readonly path: string
  readonly status: number
  readonly headers: Headers
  /** As text. */
  readonly body: string
}

type Described = Pick<ConnectorRoute, 'method' | 'path' | 'responses'>

/**
 * Makes a check that holds answers of routes against what the routes say they answer: their status, their body, and headers that are there.
 *
 * An answer to a method that a path does not have has to be 405 with `Allow`.
 *
 * @returns what is wrong with an answer; an empty list: nothing
 * @example
 * ```ts
 * import type { ConnectorRoute } from 'carabiner'
 * import { answerChecker } from 'carabiner/testing'
 *
 * const routes: ConnectorRoute[] = [
 *   { method: 'GET', path: '/v1/notes', responses: { 200: { description: 'All' } }, handle: () => [] },
 * ]
 * const problemsOf = answerChecker(routes)
 * const path = '/v1/notes'
 * const answered = await fetch(`http://127.0.0.1:8484${path}`)
 * const { status, headers } = answered
 * problemsOf({ method: 'GET', path, status, headers, body: await answered.text() })
 * ```
 */
export function answerChecker(
  routes: readonly Described[],
): (exchange: Exchange) => readonly string[] {
  const validator = new Validator({ allErrors: true })
  return (exchange) => {
    const ofPath = routes.filter(({ path }) => matches(path, exchange.path))
    if (ofPath.length === 0) return [`no route has the path ${exchange.path}`]
    const route = ofPath.find(({ method }) => method === exchange.method)
    if (route === undefined) return refusalProblems(exchange)
    const response = route.responses?.[exchange.status]
    if (response === undefined) {
      return [`${route.method} ${route.path} says nothing of the status ${exchange.status}`]
    }
    return [
      ...bodyProblems(response, exchange, validator),
      ...headerProblems(response, exchange, validator),
    ]
  }
}

function matches(pattern: string, path: string): boolean {
  const wanted = pattern.split('/')
  const given = path.split('?', 1).join('').split('/')
  if (wanted.length !== given.length) return false
  return wanted.every((part, at) => (part.startsWith(':') ? given[at] !== '' : part === given[at]))
}

function refusalProblems({ method, status, headers }: Exchange): readonly string[] {
  const isRefused = status === 405 && headers.has('allow')
  return isRefused ? [] : [`expected 405 with Allow for ${method}, got ${status}`]
}

function bodyProblems(
  { body: schema }: RouteResponse,
  { status, body }: Exchange,
  validator: Validator,
): readonly string[] {
  if (schema === undefined) return body === '' ? [] : [`expected no body with ${status}`]
  const parsed = parse(body)
  if (parsed.kind === 'broken') return [`the body of ${status} is not JSON: ${parsed.why}`]
  return validator
    .compile(schema)(parsed.value)
    .map(({ pointer, message }) => `body${pointer} ${message}`)
}

type Parsed =
  | { readonly kind: 'value'; readonly value: unknown }
  | { readonly kind: 'broken'; readonly why: string }

function parse(body: string): Parsed {
  try {
    return { kind: 'value', value: JSON.parse(body) }
  } catch (error) {
    return { kind: 'broken', why: messageOf(error) }
  }
}

/** Headers that are there; some are only sometimes. */
function headerProblems(
  { headers = {} }: RouteResponse,
  exchange: Exchange,
  validator: Validator,
): readonly string[] {
  return Object.entries(headers).flatMap(([name, { schema }]) => {
    const value = exchange.headers.get(name)
    if (value === null) return []
    return validator
      .compile(schema)(value)
      .map(({ message }) => `header ${name} ${message}`)
  })
}
