import type { FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import type { Redactor } from '../assembly/redactor.ts'
import type { DispatchOptions } from '../bus/dispatch-options.ts'
import { EventParamsError } from '../errors.ts'
import { refuseLifecycleEvent } from '../lifecycle-event.ts'
import { parseDuration } from '../quantity/duration.ts'
import type { App } from './app.ts'
import { actorOf } from './caller.ts'
import { depthOf } from './depth.ts'
import { noQuery } from './empty-schemas.ts'
import { success } from './envelope.ts'
import type { HostFace } from './host-face.ts'
import { bytesOf } from './json-body.ts'
import { answerForOutcome } from './outcome-answer.ts'
import { invalidRequest, RequestError, unavailable } from './request-error.ts'
import { signalOf } from './request-signal.ts'

export interface DispatchRouteOptions {
  readonly face: Pick<HostFace, 'dispatch' | 'state'>
  readonly redactor: Redactor
}

const path = Type.Object({ event: Type.String() })

/** `POST /api/v1/dispatch/:event`: the body is the event's params, the answer its outcome. */
export function dispatchRoutes(app: App, { face, redactor }: DispatchRouteOptions): void {
  app.post(
    '/api/v1/dispatch/:event',
    { schema: { params: path, querystring: noQuery } },
    async (request, reply) => {
      const options = dispatchOptions(request)
      const state = face.state()
      if (state !== 'ready') throw new RequestError(unavailable(`the host is ${state}`))

      const { event } = request.params
      refuseLifecycleEvent(event)
      const signal = signalOf(reply)
      const bytes = bytesOf(request)
      const outcome = await face.dispatch(event, paramsOf(event, request.body), {
        ...options,
        signal,
        park: 'return',
        ...(bytes.length > 0 && { source: () => new TextDecoder().decode(bytes) }),
      })

      const answer = answerForOutcome(outcome, (text) => redactor.text(text))
      if (answer.kind === 'error') throw new RequestError(answer.error)
      if (outcome.kind === 'parked') {
        reply.status(202).header('location', `/api/v1/dispatches/${outcome.dispatchId}`)
      }
      return success(answer.data)
    },
  )
}

/** What the headers ask for. */
function dispatchOptions(request: FastifyRequest): DispatchOptions {
  const header = (name: string): string | undefined => headerOf(request, name)
  const timeout = timeoutOf(header('x-timeout'))
  const actor = actorOf(request)
  return {
    traceId: request.id,
    dryRun: dryRunOf(header('x-dry-run')),
    depth: depthOf(request),
    ...(timeout !== undefined && { timeout }),
    ...(actor !== undefined && { actor }),
  }
}

/** Node joins a header that came twice with a comma: none of those read here is valid with one. */
function headerOf({ headers }: FastifyRequest, name: string): string | undefined {
  const value = headers[name]
  return typeof value === 'string' ? value : undefined
}

/** A duration, or seconds in bare digits: a header has no numbers. */
function timeoutOf(text: string | undefined): DispatchOptions['timeout'] {
  if (text === undefined) return undefined
  const timeout = /^\d{1,12}(\.\d{1,9})?$/.test(text) ? Number(text) : text
  parseDuration(timeout)
  return timeout
}

function dryRunOf(text: string | undefined): boolean {
  if (text === undefined || text === 'false') return false
  if (text === 'true') return true
  throw invalidRequest('X-Dry-Run must be true or false')
}

function paramsOf(event: string, body: unknown): Readonly<Record<string, unknown>> {
  if (body === undefined) return {}
  if (isObject(body)) return body
  throw new EventParamsError(event, [{ pointer: '', message: 'must be an object' }])
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
