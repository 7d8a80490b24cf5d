import type { IncomingMessage } from 'node:http'
import { buffer } from 'node:stream/consumers'
import type { CallbackAction } from '../../src/callbacks/callback.ts'
import type { CallbackStore } from '../../src/callbacks/callback-book.ts'
import type { CallbackReply } from '../../src/callbacks/callback-receiver.ts'
import type { CallbackServer } from '../../src/callbacks/conformance/subject.ts'
import {
  completeCallback,
  failCallback,
  heartbeatCallback,
  type TrustedCallbackRequest,
} from '../../src/callbacks/receive-callback.ts'
import { CarabinerError } from '../../src/errors.ts'
import { failure, success } from '../../src/server/envelope.ts'
import { managementKey } from '../helpers/served-host.ts'
import { serve } from './servers.ts'

type Answer = (store: CallbackStore, request: TrustedCallbackRequest) => Promise<CallbackReply>

const answers: Readonly<Record<CallbackAction, Answer>> = {
  complete: completeCallback,
  fail: failCallback,
  heartbeat: heartbeatCallback,
}

/** As much of the management API as receivers in other languages call, on any store: also on one that no host could start with. */
export function serveManagementApi(store: CallbackStore): Promise<CallbackServer> {
  return serve(async (request, response) => {
    const { status, body } = await replyTo(store, request)
    response.writeHead(status, { 'content-type': 'application/json; charset=utf-8' })
    response.end(JSON.stringify(body))
  })
}

async function replyTo(store: CallbackStore, request: IncomingMessage) {
  const body = await buffer(request)
  const path = /^\/api\/v1\/callbacks\/([^/]+)\/(complete|fail|heartbeat)$/.exec(request.url ?? '')
  if (request.headers['x-internal-api-key'] !== managementKey) {
    return refused(401, 'UNAUTHORIZED', 'Invalid management API key')
  }
  if (request.method !== 'POST' || path === null) {
    return refused(404, 'NOT_FOUND', `there is no ${request.url}`)
  }
  const [, id = '', action] = path
  try {
    // The pattern knows the three actions and no other.
    return enveloped(await answers[action as CallbackAction](store, { id, body }))
  } catch (error) {
    return error instanceof CarabinerError && error.code === 'STORE_UNAVAILABLE'
      ? refused(503, 'DEPENDENCY_UNAVAILABLE', error.message)
      : refused(500, 'INTERNAL_SERVER_ERROR', 'internal error: the log of the host has it')
  }
}

function enveloped({ status, body }: CallbackReply) {
  if (!('error' in body)) return { status, body: success(body) }
  return refused(status, status === 404 ? 'NOT_FOUND' : 'VALIDATION_ERROR', body.error)
}

function refused(status: number, code: string, message: string) {
  return { status, body: failure({ status, code, message }) }
}
