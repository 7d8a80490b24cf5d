import type { FastifyRequest } from 'fastify'
import type { ServerConfig } from '../assembly/host-config.ts'
import type { Redactor } from '../assembly/redactor.ts'
import type { Logger } from '../bus/handler.ts'
import type { RequestMismatch, RouteRefusal } from '../connector/route-answer.ts'
import { CarabinerError } from '../errors.ts'
import { answerFor } from './error-answer.ts'
import type { StoreTrouble } from './store-trouble.ts'

export interface RefusalOptions {
  readonly config: Pick<ServerConfig, 'bodyLimit'>
  readonly redactor: Redactor
  readonly log: Logger
  readonly storeTrouble: StoreTrouble
}

/** What a caller is told of an error, without secrets; the cause of a 500, and of the store's refusal, goes into the log. */
export function refusalOf(
  error: unknown,
  request: Pick<FastifyRequest, 'id' | 'routeOptions'>,
  { config, redactor, log, storeTrouble }: RefusalOptions,
): RouteRefusal {
  const { bodyLimit = config.bodyLimit } = request.routeOptions
  const refusal = answerFor(error, {
    bytes: bodyLimit,
    setBy: bodyLimit === config.bodyLimit ? 'host.server.body_limit' : 'the route',
  })
  const { url: route = '' } = request.routeOptions
  if (refusal.status === 500) {
    log.error({ err: error, traceId: request.id, route }, 'request failed')
  } else if (error instanceof CarabinerError && error.code === 'STORE_UNAVAILABLE') {
    storeTrouble.met(error, { traceId: request.id, route })
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
