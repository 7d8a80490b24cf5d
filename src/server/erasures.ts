import { Type } from 'typebox'
import type { MessageId } from '../ids.ts'
import type { ErasureTarget } from '../store/erasure.ts'
import type { App } from './app.ts'
import { callerOf } from './caller.ts'
import { noQuery } from './empty-schemas.ts'
import { success } from './envelope.ts'
import type { HostFace } from './host-face.ts'
import { invalidRequest } from './request-error.ts'
import { storedText } from './stored-text.ts'

export interface ErasuresOptions {
  readonly face: Pick<HostFace, 'erase'>
}

const target = Type.Object(
  {
    messageId: Type.Optional(Type.String({ format: 'uuid' })),
    tenant: Type.Optional(storedText),
  },
  { additionalProperties: false },
)

/** `POST /api/v1/erasures`: removes what one message, or every message of a tenant, said. */
export function erasuresRoutes(app: App, { face }: ErasuresOptions): void {
  app.post(
    '/api/v1/erasures',
    { schema: { querystring: noQuery, body: target } },
    async (request) => {
      const cause = { actor: callerOf(request), traceId: request.id }
      const { messages, cancelled, records } = await face.erase(targetOf(request.body), cause)
      return success({ messages, cancelled, records })
    },
  )
}

function targetOf({
  messageId,
  tenant,
}: {
  readonly messageId?: string | undefined
  readonly tenant?: string | undefined
}): ErasureTarget {
  if (messageId !== undefined && tenant === undefined) {
    // The schema has seen to it that this is a UUID; whether it is a message's, the store will tell.
    return { kind: 'message', id: messageId.toLowerCase() as MessageId }
  }
  if (tenant !== undefined && messageId === undefined) return { kind: 'tenant', tenant }
  const message = 'must have either messageId or tenant'
  throw invalidRequest(`body ${message}`, [{ pointer: '', message }])
}
