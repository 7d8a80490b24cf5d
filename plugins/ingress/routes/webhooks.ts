import type { ConnectorRoute } from 'carabiner'
import { Type } from 'typebox'
import type { IngressConfig } from '../config.ts'
import { integrationFor, receive } from '../intake/receive.ts'
import type { Integration } from '../integration.ts'
import { Failure, success } from '../schemas/envelope.ts'
import { closed, Uuid } from '../schemas/fields.ts'
import { serviceOf } from '../service.ts'

const Taken = success(
  Type.Object(
    {
      eventId: Uuid,
      status: Type.Unsafe<'queued' | 'duplicate'>({
        type: 'string',
        enum: ['queued', 'duplicate'],
      }),
      duplicate: Type.Boolean(),
      correlationId: Type.String(),
    },
    closed,
  ),
)

const retryAfter = {
  'Retry-After': {
    description: 'Seconds until another request makes sense',
    schema: Type.String({ pattern: '^\\d+$' }),
  },
}

/** Where providers post their webhooks. Whoever is genuine may. */
export const webhookRoutes: readonly ConnectorRoute<IngressConfig>[] = [
  {
    method: 'POST',
    path: '/api/v1/webhooks/:provider',
    family: 'public',
    body: 'bytes',
    query: Type.Object({}),
    operation: {
      id: 'receiveWebhook',
      summary: 'Take a provider’s webhook in',
      description:
        'For providers: each proves in its own way that it is genuine. When it is answered, the event and its delivery are stored. A handshake is answered as its provider expects, outside of the envelope.',
      tags: ['ingress'],
      security: 'none',
    },
    responses: {
      200: { description: 'It came before; nothing is stored', body: Taken },
      202: { description: 'It is stored, and will be delivered', body: Taken },
      400: { description: 'It is not what the provider sends', body: Failure },
      401: { description: 'It is not genuine', body: Failure },
      403: { description: '`veto: sync`: a before handler said no', body: Failure },
      404: { description: 'There is no active integration of this provider', body: Failure },
      413: { description: 'Its body is too large', body: Failure },
      415: { description: 'It is not of a type that the provider sends', body: Failure },
      429: { description: 'Too many from this address', body: Failure, headers: retryAfter },
      503: {
        description: 'The store is away, or handlers could not decide: send it again',
        body: Failure,
        headers: retryAfter,
      },
    },
    admit: (head, scope) => integrationFor(serviceOf(scope), head),
    handle: (request, scope) =>
      // What `admit` above returned.
      receive(serviceOf(scope), request.admitted as Integration, request),
  },
]
