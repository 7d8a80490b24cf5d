import { BlockList, isIPv6 } from 'node:net'
import {
  answer,
  type ConnectorRoute,
  type RouteAnswer,
  RouteError,
  type RouteHead,
  type Scope,
} from 'carabiner'
import { Type } from 'typebox'
import type { IngressConfig } from '../config.ts'
import { closed, ProviderName } from '../schemas/fields.ts'
import { SinkAnswer, SinkBody } from '../schemas/sink.ts'
import { rfc3339 } from '../views/time.ts'
import { refusalResponses } from './management-route.ts'

/** How many bytes a byte that a provider sent has at most when it is delivered: `\u0000`. What stands around them fits in as well. */
const longest = 8

/** A receiver to try integrations with: it takes what is delivered to it, and forgets it. */
export const deliverySinkRoute: ConnectorRoute<IngressConfig> = {
  method: 'POST',
  path: '/api/v1/internal/delivery-sink/:provider',
  family: 'public',
  params: Type.Object({ provider: ProviderName }, closed),
  body: SinkBody,
  bodyLimit: (ofHost) => longest * ofHost,
  operation: {
    id: 'sinkDelivery',
    summary: 'Take a delivery and forget it, to try things out',
    description:
      'Only where `delivery_sink` allows it, else 404. `simulateFailure: true` in the payload, its `data` or its `resource` is answered 500.',
    tags: ['ingress'],
    security: 'none',
  },
  responses: {
    202: { description: 'It was taken', body: SinkAnswer },
    ...refusalResponses([404], true, false),
  },
  admit: refuseStrangers,
  handle: (request, scope) =>
    isToFail(request.body)
      ? simulatedFailure()
      : answer(
          {
            accepted: true,
            provider: request.params['provider'],
            receivedAt: rfc3339(scope.clock.now()),
          },
          { status: 202 },
        ),
}

/** @throws {RouteError} 404, as for a path that is not there */
function refuseStrangers({ peer }: RouteHead, scope: Scope<IngressConfig>): void {
  const { delivery_sink: setting } = scope.config
  if (setting === true) return
  if (setting === 'auto' && !scope.production && isLoopback(peer)) return
  const message = 'there is no such path on this address'
  throw new RouteError({ status: 404, code: 'NOT_FOUND', message })
}

const loopback = new BlockList()
loopback.addSubnet('127.0.0.0', 8, 'ipv4')
loopback.addAddress('::1', 'ipv6')

/** `::ffff:127.0.0.1` is one of them, too. */
function isLoopback(address: string): boolean {
  return loopback.check(address, isIPv6(address) ? 'ipv6' : 'ipv4')
}

function isToFail(body: unknown): boolean {
  if (!isObject(body)) return false
  return [body, body['data'], body['resource']].some(
    (part) => isObject(part) && part['simulateFailure'] === true,
  )
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}

/** Not thrown: it is no failure of ours that the log should tell. */
function simulatedFailure(): RouteAnswer {
  const error = { code: 'INTERNAL_SERVER_ERROR', message: 'Simulated failure', details: {} }
  return answer({ success: false, error }, { status: 500 })
}
