import {
  answer,
  type ConnectorRoute,
  type RouteAnswer,
  RouteError,
  type RouteHead,
  type RouteRefusal,
  type RouteResponse,
} from 'carabiner'
import {
  type CallbackAction,
  type CallbackReply,
  callbackBodyLimit,
  callbackPrefix,
  callbackSignatureHeader,
} from 'carabiner/callbacks'
import { Type } from 'typebox'
import { actionNames, actions } from '../actions.ts'
import type { CallbacksConfig } from '../config.ts'
import { Answered, Refused } from '../schemas/wire.ts'
import { serviceOf } from '../service.ts'

/** The three routes for whoever was given a callback's URL. */
export function answerRoutes(config: CallbacksConfig): readonly ConnectorRoute<CallbacksConfig>[] {
  return actionNames.map((action) => answerRoute(config, action))
}

/** Who says what to whom is decided by the receiver: the same one as in servers of other people. */
function answerRoute(
  config: CallbacksConfig,
  action: CallbackAction,
): ConnectorRoute<CallbacksConfig> {
  return {
    method: 'POST',
    path: `${callbackPrefix(config.path_prefix)}/:id/${action}`,
    family: 'callbacks',
    rawParams: true,
    query: Type.Object({}, { additionalProperties: true }),
    body: 'bytes',
    bodyLimit: callbackBodyLimit,
    admit(head, scope) {
      const { receiver } = serviceOf(scope)
      const refusal = receiver.refuseHead(idIn(head), headerIn(head, signatureHeader))
      if (refusal !== undefined) throw thrown(refusal)
    },
    async handle(request, scope): Promise<RouteAnswer> {
      const { receiver } = serviceOf(scope)
      const { status, body } = await receiver.answer(
        { id: idIn(request), action },
        (name) => headerIn(request, name),
        request.bytes,
      )
      return answer(body, { status })
    },
    refuse,
    operation: {
      id: `${action}Callback`,
      summary: actions[action].summary,
      description: 'For whoever was given the callback’s URL and signature.',
      tags: ['callbacks'],
      security: 'none',
      body: actions[action].body,
      headers: headersOf(config),
    },
    responses,
  }
}

const signatureHeader = callbackSignatureHeader.toLowerCase()

function idIn({ params }: RouteHead): string {
  return params['id'] ?? ''
}

/** What came several times is joined, and so is no signature. */
function headerIn({ headers }: RouteHead, name: string): string | undefined {
  const value = headers[name]
  return typeof value === 'string' ? value : value?.join(', ')
}

/** The code is not told: see `refuse`. */
function thrown({ status, body }: CallbackReply): RouteError {
  const message = 'error' in body ? body.error : ''
  return new RouteError({ status, code: status === 401 ? 'UNAUTHORIZED' : validation, message })
}

const validation = 'VALIDATION_ERROR'

/** Everything in the words of the wire, whoever refuses. */
function refuse({ status, message, headers = {} }: RouteRefusal): RouteAnswer {
  return answer({ error: inWireWords(status, message) }, { status, headers })
}

function inWireWords(status: number, message: string): string {
  switch (status) {
    case 400:
      return message.startsWith('validation error: ') ? message : `validation error: ${message}`
    case 404:
      return 'not found'
    case 405:
      return 'method not allowed'
    case 413:
      return `body has more than ${callbackBodyLimit} bytes`
    case 500:
      return 'internal server error'
    default:
      return message
  }
}

const Text = Type.String()

function headersOf({ allow_unsigned: allowUnsigned, signatures }: CallbacksConfig) {
  if (allowUnsigned) return {}
  const signature = 'BLAKE3 keyed hash of the id as it stands in the path, in hex'
  const standard = (description: string) => ({ description, schema: Text })
  return {
    [callbackSignatureHeader]: { description: signature, schema: Text },
    ...(signatures.length > 0 && {
      'webhook-id': standard('The callback’s id'),
      'webhook-timestamp': standard('Seconds since 1970, at most 5 minutes ago'),
      'webhook-signature': standard('Standard Webhooks, over the body'),
    }),
  }
}

function refused(description: string): RouteResponse {
  return { description, body: Refused }
}

const responses: Readonly<Record<number, RouteResponse>> = {
  200: { description: 'It is stored', body: Answered },
  400: refused('The id is none, or the body'),
  401: refused('The signature is missing, or not that of this id'),
  404: refused('Nobody waits for it: it is unknown, resolved, expired or withdrawn'),
  413: refused('The body is too long'),
  500: refused('A mistake of the host'),
  503: refused('The store is away, or the host is draining: send it again'),
  508: refused('It stands behind too many events that caused one another'),
}
