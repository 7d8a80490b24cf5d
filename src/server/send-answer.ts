import type { FastifyReply } from 'fastify'
import { answer, RouteAnswer } from '../connector/route-answer.ts'
import { success } from './envelope.ts'

/** Sends what a connector's route returned. */
export function sendAnswer(result: unknown, reply: FastifyReply, enveloped: boolean): FastifyReply {
  const { status, headers, body, meta } = result instanceof RouteAnswer ? result : answer(result)
  reply.status(status).headers({ ...headers })
  if (body instanceof Uint8Array)
    return reply.send(Buffer.from(body.buffer, body.byteOffset, body.length))
  if (enveloped && status < 400) return sendJson(success(body, meta), reply)
  if (body !== undefined) return sendJson(body, reply)
  return reply.status(status === 200 ? 204 : status).send()
}

function sendJson(body: unknown, reply: FastifyReply): FastifyReply {
  if (!reply.hasHeader('content-type')) {
    reply.header('content-type', 'application/json; charset=utf-8')
  }
  return reply.send(JSON.stringify(body))
}
