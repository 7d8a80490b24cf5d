import {
  answer,
  newId,
  type RouteAnswer,
  type RouteHead,
  type RouteRequest,
  signedForm,
} from 'carabiner'
import { asMessageId } from '../books/event.ts'
import { webhookIdOf } from '../books/webhook-record.ts'
import type { Integration } from '../integration.ts'
import type {
  HandshakeAnswer,
  JsonObject,
  NormalizedWebhook,
  ProviderRequest,
} from '../providers/provider.ts'
import type { Service } from '../service.ts'
import { accept } from './accept.ts'
import type { Arrival } from './arrival.ts'
import { formOf, readBody } from './body.ts'
import { deliveredBody } from './delivered-body.ts'
import { isTaken, noteDuplicate } from './duplicate.ts'
import { limitVerified, refusalOfUnverified } from './failures.ts'
import { idempotencyKeyOf } from './idempotency-key.ts'
import { misfit, noIntegration } from './refusals.ts'
import { decide } from './veto.ts'

/** Where the webhooks of a provider go. @throws {RouteError} 404 */
export function integrationFor(
  service: Service,
  { params }: Pick<RouteHead, 'params'>,
): Integration {
  const name = params['provider'] ?? ''
  const integration = service.integrations.get(name)
  if (integration?.active === true) return integration
  throw noIntegration(name)
}

/**
 * Takes a provider's webhook in: answers when it is stored, or was before.
 *
 * @throws {RouteError} 415, 400, 401, 403, 429, 503, in the order in which a request is looked at
 * @throws {CarabinerError} STORE_UNAVAILABLE: nothing of it is stored
 */
export async function receive(
  service: Service,
  integration: Integration,
  request: RouteRequest,
): Promise<RouteAnswer> {
  const { provider } = integration
  const form = formOf(request, provider.bodies)
  const payload = await readBody(request, form)
  const received = providerRequest(service, request)

  const verdict = provider.verify(received)
  if (verdict.kind === 'refused') {
    throw await refusalOfUnverified(service, integration, request, verdict.message)
  }
  await limitVerified(service, integration, request)

  const handshake = provider.handshake?.(received, payload)
  if (handshake !== undefined) return answerHandshake(handshake)

  const webhook = normalize(integration, received, payload)
  const source = form === 'json' ? textOf(request.bytes) : undefined
  const { name } = integration
  const idempotencyKey = idempotencyKeyOf(name, webhook.externalEventId, payload)
  return store(service, payload, {
    integration,
    request,
    webhook,
    eventId: asMessageId(newId()),
    idempotencyKey,
    webhookId: webhookIdOf(idempotencyKey),
    body: signedForm(integration.signatures, deliveredBody(webhook.payload, payload, source)),
    receivedAt: received.now,
  })
}

/** @throws {RouteError} 403, 503 of `veto: sync` */
async function store(
  service: Service,
  payload: JsonObject,
  arrival: Arrival,
): Promise<RouteAnswer> {
  const { veto } = service.scope.config
  if (veto === 'sync') {
    // Nobody is asked twice about what came twice.
    const known = await duplicate(service, arrival, payload)
    if (known !== undefined) return known
    await decide(service, arrival)
  }
  try {
    await accept(service, arrival, veto === 'sync' ? 'decided' : 'due')
  } catch (error) {
    if (!isTaken(error)) throw error
    const known = await duplicate(service, arrival, payload)
    // It was there a moment ago, and has been removed since: the provider may try again.
    if (known === undefined) throw error
    return known
  }
  const { eventId, request } = arrival
  const correlationId = request.traceId
  return answer({ eventId, status: 'queued', duplicate: false, correlationId }, { status: 202 })
}

/** The answer to what came before; `undefined` when it did not. */
async function duplicate(
  service: Service,
  arrival: Arrival,
  payload: JsonObject,
): Promise<RouteAnswer | undefined> {
  const first = await service.webhooks.find(arrival.webhookId)
  if (first === undefined) return undefined
  await noteDuplicate(service, arrival, first, payload)
  const { eventId } = first
  const correlationId = `duplicate:${eventId}`
  return answer({ eventId, status: 'duplicate', duplicate: true, correlationId })
}

function providerRequest({ scope }: Service, request: RouteRequest): ProviderRequest {
  return {
    header(name) {
      const value = request.headers[name]
      return typeof value === 'string' ? value : value?.join(', ')
    },
    bytes: request.bytes,
    url: `${scope.publicUrl?.replace(/\/$/, '') ?? ''}${request.url}`,
    now: scope.clock.now(),
  }
}

/** @throws {RouteError} 400 */
function normalize(
  { provider }: Integration,
  request: ProviderRequest,
  payload: JsonObject,
): NormalizedWebhook {
  const normalized = provider.normalize(request, payload)
  if (normalized.kind === 'misfit') throw misfit(normalized.errors)
  return normalized.event
}

/** Outside of the envelope: the provider says what it expects. */
function answerHandshake({ status, contentType, body }: HandshakeAnswer): RouteAnswer {
  return answer(Buffer.from(body), { status, headers: { 'content-type': contentType } })
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString()
}
