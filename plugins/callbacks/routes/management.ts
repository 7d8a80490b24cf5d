import {
  answer,
  type ConnectorRoute,
  type RouteAnswer,
  RouteError,
  type RouteRequest,
} from 'carabiner'
import {
  type Callback,
  type CallbackAction,
  type CallbackReply,
  callbackBodyLimit,
  completeCallback,
  failCallback,
  heartbeatCallback,
} from 'carabiner/callbacks'
import { actionNames, actions } from '../actions.ts'
import type { CallbacksConfig } from '../config.ts'
import { AnsweredAnswer, DetailAnswer, ListAnswer, ListQuery } from '../schemas/management.ts'
import { type Service, serviceOf } from '../service.ts'
import { callbackView, detailJson } from '../view.ts'
import { refusals } from './refusals.ts'

/** What operators, and receivers in other languages, do with callbacks: with the management key, without signatures. */
export const managementRoutes: readonly ConnectorRoute<CallbacksConfig>[] = [
  {
    method: 'GET',
    path: '/api/v1/callbacks',
    query: ListQuery,
    operation: {
      id: 'listCallbacks',
      summary: 'List callbacks: those that wait, that failed, that completed; each newest first',
      tags: ['callbacks'],
    },
    responses: { 200: { description: 'A page', body: ListAnswer }, ...refusals(400) },
    handle: (request, scope) => list(serviceOf(scope), request),
  },
  {
    method: 'GET',
    path: '/api/v1/callbacks/:id',
    operation: { id: 'getCallback', summary: 'Show one callback', tags: ['callbacks'] },
    responses: { 200: { description: 'The callback', body: DetailAnswer }, ...refusals(400, 404) },
    handle: (request, scope) => show(serviceOf(scope), request),
  },
  ...actionNames.map(answerRoute),
]

/** Refusals say what the three routes of the wire would: a receiver hands them on. */
function answerRoute(action: CallbackAction): ConnectorRoute<CallbacksConfig> {
  return {
    method: 'POST',
    path: `/api/v1/callbacks/:id/${action}`,
    body: 'bytes',
    bodyLimit: callbackBodyLimit,
    operation: {
      id: `${action}CallbackAsOperator`,
      summary: `${actions[action].summary}, as an operator`,
      description: 'For receivers in other languages, too: they have looked at the signature.',
      tags: ['callbacks'],
      body: actions[action].body,
    },
    responses: {
      200: { description: 'It is stored', body: AnsweredAnswer },
      ...refusals(400, 404, 413),
    },
    async handle({ params, bytes: body, caller: actor }, scope) {
      const { book } = scope.callbacks
      const reply = await answers[action](book, { id: params['id'] ?? '', body, actor })
      return dataOf(reply)
    },
  }
}

const answers = {
  complete: completeCallback,
  fail: failCallback,
  heartbeat: heartbeatCallback,
} as const satisfies Readonly<Record<CallbackAction, typeof completeCallback>>

/** @throws {RouteError} it was not taken */
function dataOf({ status, body }: CallbackReply): object {
  if (!('error' in body)) return body
  throw new RouteError({ status, code: codes[status] ?? 'VALIDATION_ERROR', message: body.error })
}

const codes: Readonly<Record<number, string>> = { 404: 'NOT_FOUND', 413: 'PAYLOAD_TOO_LARGE' }

async function list({ scope }: Service, request: RouteRequest): Promise<RouteAnswer> {
  const query = request.query as ListQuery // as the schema says
  const { rows, nextCursor } = await scope.callbacks.book.list(query)
  return answer(rows.map(callbackView), { meta: { nextCursor } })
}

async function show(service: Service, request: RouteRequest): Promise<RouteAnswer> {
  const callback = await find(service, request.params['id'] ?? '')
  const text = `{"success":true,"data":${detailJson(callback)},"meta":{}}`
  const headers = { 'content-type': 'application/json; charset=utf-8' }
  return answer(new TextEncoder().encode(text), { headers })
}

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

/** @throws {RouteError} 400, 404 */
async function find({ scope }: Service, id: string): Promise<Callback> {
  if (!uuid.test(id)) {
    const message = 'validation error: callback id must be a UUID'
    throw new RouteError({ status: 400, code: 'VALIDATION_ERROR', message })
  }
  const key = id.toLowerCase()
  const [callback] = await scope.callbacks.book.find([key])
  if (callback !== undefined) return callback
  throw new RouteError({ status: 404, code: 'NOT_FOUND', message: `callback not found: ${key}` })
}
