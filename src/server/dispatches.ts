import { Type } from 'typebox'
import type { Redactor } from '../assembly/redactor.ts'
import { type Json, json, outcomeToJson } from '../bus/outcome-json.ts'
import type { ParkedDispatch } from '../parking/parked-dispatches.ts'
import type { App } from './app.ts'
import { noQuery } from './empty-schemas.ts'
import { success } from './envelope.ts'
import type { HostFace } from './host-face.ts'
import { notFound } from './request-error.ts'

export interface DispatchesOptions {
  readonly face: Pick<HostFace, 'parkedDispatch'>
  readonly redactor: Redactor
}

const path = Type.Object({ dispatchId: Type.String({ format: 'uuid' }) })

/** `GET /api/v1/dispatches/:dispatchId`: what became of a dispatch that was parked, or what it waits for. */
export function dispatchesRoutes(app: App, { face, redactor }: DispatchesOptions): void {
  app.get(
    '/api/v1/dispatches/:dispatchId',
    { schema: { params: path, querystring: noQuery } },
    async ({ params }) => {
      const found = await face.parkedDispatch(params.dispatchId.toLowerCase())
      if (found === undefined) throw notFound(`Dispatch ${params.dispatchId} was not found`)
      return success(parkedDispatchJson(found, redactor))
    },
  )
}

function parkedDispatchJson(
  { outcome, state, params, actor, createdAt, updatedAt }: ParkedDispatch,
  redactor: Redactor,
): { readonly [key: string]: Json } {
  return {
    ...outcomeToJson(outcome, (text) => redactor.text(text)),
    state,
    params: json(params),
    actor: actor ?? null,
    createdAt: new Date(createdAt).toISOString(),
    updatedAt: new Date(updatedAt).toISOString(),
  }
}
