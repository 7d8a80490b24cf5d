import { Type } from 'typebox'
import type { Redactor } from '../assembly/redactor.ts'
import type { RedeliveryId } from '../ids.ts'
import { moment } from '../schema/moment.ts'
import type { App } from './app.ts'
import { callerOf } from './caller.ts'
import { noBody, noQuery } from './empty-schemas.ts'
import { success } from './envelope.ts'
import type { HostFace } from './host-face.ts'
import { redeliver } from './redeliver.ts'
import { redeliveryJson } from './redelivery-json.ts'
import { invalidRequest, notFound, type RequestError } from './request-error.ts'
import { storedText } from './stored-text.ts'

export interface RedeliveriesOptions {
  readonly face: Pick<HostFace, 'redeliver' | 'stopRedelivery' | 'store'>
  readonly redactor: Redactor
}

const wanted = Type.Object(
  {
    endpoint: Type.Optional(storedText),
    state: Type.Optional(
      Type.Union([Type.Literal('dead'), Type.Literal('delivered'), Type.Literal('cancelled')]),
    ),
    from: Type.Optional(moment),
    to: Type.Optional(moment),
  },
  { additionalProperties: false },
)
const listing = Type.Object(
  {
    state: Type.Optional(
      Type.Union([Type.Literal('running'), Type.Literal('done'), Type.Literal('stopped')]),
    ),
    cursor: Type.Optional(Type.String({ minLength: 1 })),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000 })),
  },
  { additionalProperties: false },
)
const path = Type.Object({ redeliveryId: Type.String({ format: 'uuid' }) })

/** `/api/v1/redeliveries`: sends many settled deliveries again, says how far that is, and stops it. */
export function redeliveriesRoutes(app: App, { face, redactor }: RedeliveriesOptions): void {
  app.post(
    '/api/v1/redeliveries',
    { schema: { querystring: noQuery, body: wanted } },
    async (request, reply) => {
      const { state = 'dead', ...range } = request.body
      refuseEmptyRange(range)
      const made = await redeliver(face, { state, ...range }, request, redactor)
      reply.status(202)
      if ('redeliveryId' in made)
        reply.header('location', `/api/v1/redeliveries/${made.redeliveryId}`)
      return success(made)
    },
  )

  app.get('/api/v1/redeliveries', { schema: { querystring: listing } }, async ({ query }) => {
    const { rows, nextCursor } = await face.store.redeliveries(query)
    return success(rows.map(redeliveryJson), { nextCursor })
  })

  const one = { schema: { params: path, querystring: noQuery } }
  app.get('/api/v1/redeliveries/:redeliveryId', one, async ({ params }) => {
    const found = await face.store.redelivery(redeliveryId(params))
    if (found === undefined) throw unknownRedelivery(params.redeliveryId)
    return success(redeliveryJson(found))
  })

  app.delete(
    '/api/v1/redeliveries/:redeliveryId',
    { schema: { ...one.schema, body: noBody } },
    async (request) => {
      const cause = { actor: callerOf(request), traceId: request.id }
      const stopped = await face.stopRedelivery(redeliveryId(request.params), cause)
      if (stopped === undefined) throw unknownRedelivery(request.params.redeliveryId)
      return success(redeliveryJson(stopped))
    },
  )
}

/** A range that nothing can lie in is a mistake worth telling. */
function refuseEmptyRange(range: {
  readonly from?: string | undefined
  readonly to?: string | undefined
}): void {
  if (range.from === undefined || range.to === undefined) return
  if (Date.parse(range.from) < Date.parse(range.to)) return
  const message = 'must be later than from'
  throw invalidRequest(`body/to ${message}`, [{ pointer: '/to', message }])
}

/** The path's schema has seen to it that this is a UUID; whether it is a redelivery's, the store will tell. */
function redeliveryId(params: { readonly redeliveryId: string }): RedeliveryId {
  return params.redeliveryId.toLowerCase() as RedeliveryId
}

function unknownRedelivery(id: string): RequestError {
  return notFound(`Redelivery ${id} was not found`)
}
