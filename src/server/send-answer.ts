import type { FastifyReply } from 'fastify'
import { answer, RouteAnswer } from '../connector/route-answer.ts'
import { success } from './envelope.ts'

/** What is sent as the body. */
export type Payload = string | Buffer | undefined

/**
 * Puts the status and the headers of what a connector's route returned on the reply.
 *
 * @returns the body, for whoever sends it
 */
export function writeHead(result: unknown, reply: FastifyReply, enveloped: boolean): Payload {
  const { status, headers, body, meta } = result instanceof RouteAnswer ? result : answer(result)
  reply.status(status).headers({ ...headers })
  if (body instanceof Uint8Array) return Buffer.from(body.buffer, body.byteOffset, body.length)
  if (enveloped && status < 400) return jsonOf(success(body, meta), reply)
  if (body !== undefined) return jsonOf(body, reply)
  if (status === 200) reply.status(204)
  return undefined
}

function jsonOf(body: unknown, reply: FastifyReply): string {
  if (!reply.hasHeader('content-type')) {
    reply.header('content-type', 'application/json; charset=utf-8')
  }
  return JSON.stringify(body)
}
