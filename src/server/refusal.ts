import type { FastifyRequest } from 'fastify'
import type { ServerConfig } from '../assembly/host-config.ts'
import type { Redactor } from '../assembly/redactor.ts'
import type { Logger } from '../bus/handler.ts'
import type { RequestMismatch, RouteRefusal } from '../connector/route-answer.ts'
import { answerFor } from './error-answer.ts'

export interface RefusalOptions {
  readonly config: Pick<ServerConfig, 'bodyLimit'>
  readonly redactor: Redactor
  readonly log: Logger
}

/** What a caller is told of an error, without secrets; the cause of a 500 goes into the log. */
export function refusalOf(
  error: unknown,
  request: Pick<FastifyRequest, 'id' | 'routeOptions'>,
  { config, redactor, log }: RefusalOptions,
): RouteRefusal {
  const { bodyLimit = config.bodyLimit } = request.routeOptions
  const refusal = answerFor(error, {
    bytes: bodyLimit,
    setBy: bodyLimit === config.bodyLimit ? 'host.server.body_limit' : 'the route',
  })
  if (refusal.status === 500) {
    const fields = { err: error, traceId: request.id, route: request.routeOptions.url }
    log.error(fields, 'request failed')
  }
  const { message, details, mismatches } = refusal
  return {
    ...refusal,
    message: redactor.text(message),
    ...(details !== undefined && { details: masked(details, redactor) }),
    ...(mismatches !== undefined && {
      mismatches: mismatches.map((mismatch) => maskedTexts(mismatch, redactor)),
    }),
  }
}

/** As they will be sent: a date is a text by then. */
function masked(
  details: Readonly<Record<string, unknown>>,
  redactor: Redactor,
): Readonly<Record<string, unknown>> {
  const sent: Record<string, unknown> = JSON.parse(JSON.stringify(details))
  return Object.fromEntries(
    Object.entries(sent).map(([key, value]) => [redactor.text(key), redactor.value(value)]),
  )
}

function maskedTexts(mismatch: RequestMismatch, redactor: Redactor): RequestMismatch {
  const { pointer, message, property } = mismatch
  return {
    ...mismatch,
    pointer: redactor.text(pointer),
    message: redactor.text(message),
    ...(property !== undefined && { property: redactor.text(property) }),
  }
}
