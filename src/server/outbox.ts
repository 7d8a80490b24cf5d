import { Type } from 'typebox'
import type { Redactor } from '../assembly/redactor.ts'
import type { DeliveryId } from '../ids.ts'
import { moment } from '../schema/moment.ts'
import type { DeliveryFilter } from '../store/store.ts'
import type { App } from './app.ts'
import { deliveryDetailJson, deliveryJson } from './delivery-json.ts'
import { noBody, noQuery } from './empty-schemas.ts'
import { success } from './envelope.ts'
import type { HostFace } from './host-face.ts'
import { redeliver } from './redeliver.ts'
import { notFound, type RequestError } from './request-error.ts'
import { storedText } from './stored-text.ts'

export interface OutboxOptions {
  readonly face: Pick<HostFace, 'redeliver' | 'store'>
  readonly redactor: Redactor
}

const state = Type.Union([
  Type.Literal('pending'),
  Type.Literal('sending'),
  Type.Literal('delivered'),
  Type.Literal('dead'),
  Type.Literal('cancelled'),
])
const filter = Type.Object(
  {
    state: Type.Optional(state),
    endpoint: Type.Optional(storedText),
    from: Type.Optional(moment),
    to: Type.Optional(moment),
    cursor: Type.Optional(Type.String({ minLength: 1 })),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000 })),
  },
  { additionalProperties: false },
)
const path = Type.Object({ deliveryId: Type.String({ format: 'uuid' }) })

/** `/api/v1/outbox`: what is owed to the outside world, and what became of it. */
export function outboxRoutes(app: App, { face, redactor }: OutboxOptions): void {
  app.get('/api/v1/outbox', { schema: { querystring: filter } }, async ({ query }) => {
    const { from, to, ...rest } = query
    const wanted: DeliveryFilter = {
      ...rest,
      ...(from !== undefined && { from: Date.parse(from) }),
      ...(to !== undefined && { to: Date.parse(to) }),
    }
    const { rows, nextCursor } = await face.store.deliveries(wanted)
    const shown = rows.map((row) => deliveryJson(row, redactor))
    return success(shown, { nextCursor })
  })

  app.get(
    '/api/v1/outbox/:deliveryId',
    { schema: { params: path, querystring: noQuery } },
    async ({ params }) => {
      const found = await face.store.delivery(deliveryId(params))
      if (found === undefined) throw unknownDelivery(params.deliveryId)
      return success(deliveryDetailJson(found.delivery, found.attempts, redactor))
    },
  )

  app.post(
    '/api/v1/outbox/:deliveryId/redeliver',
    { schema: { params: path, querystring: noQuery, body: noBody } },
    async (request, reply) => {
      const id = deliveryId(request.params)
      if ((await face.store.delivery(id)) === undefined) throw unknownDelivery(id)
      const made = await redeliver(face, { deliveryId: id }, request, redactor)
      const redelivery = await face.store.delivery(madeId(made))
      reply.status(202)
      return success(redelivery && deliveryJson(redelivery.delivery, redactor))
    },
  )
}

/** The path's schema has seen to it that this is a UUID; whether it is a delivery's, the store will tell. */
function deliveryId(params: { readonly deliveryId: string }): DeliveryId {
  return params.deliveryId.toLowerCase() as DeliveryId
}

/** What was made of one delivery is a delivery: the host's handler says which. */
function madeId(made: object): DeliveryId {
  if ('deliveryId' in made && typeof made.deliveryId === 'string')
    return made.deliveryId as DeliveryId
  throw new TypeError('the redelivery of one delivery made none')
}

function unknownDelivery(id: string): RequestError {
  return notFound(`Delivery ${id} was not found`)
}
