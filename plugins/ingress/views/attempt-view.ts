import type { DeliveryId } from 'carabiner'
import type { AttemptStatus, IngressAttempt } from '../books/attempt-record.ts'
import { integrationIdOf } from '../books/name-id.ts'
import type { Service } from '../service.ts'
import { rfc3339 } from './time.ts'

/** An attempt as the API and the command line show it. */
export interface AttemptView {
  readonly id: string
  readonly normalizedEventId: string
  readonly integrationId: string
  readonly attemptNo: number
  readonly status: AttemptStatus
  readonly httpStatus: number | null
  readonly responseBody: string | null
  readonly errorMessage: string | null
  readonly durationMs: number
  readonly createdAt: string
}

/** What was answered stands with the deliveries: `null` once these are gone, or when there was no answer. */
export async function attemptViews(
  { scope }: Pick<Service, 'scope'>,
  attempts: readonly IngressAttempt[],
): Promise<readonly AttemptView[]> {
  const ids = [...new Set(attempts.map(({ deliveryId }) => deliveryId))]
  // They were made as deliveries.
  const found = await Promise.all(ids.map((id) => scope.store.delivery(id as DeliveryId)))
  const replies = new Map<string, Uint8Array | null>(
    found.flatMap((each) =>
      (each?.attempts ?? []).map(
        ({ number, responseBody }) => [`${each?.delivery.id} ${number}`, responseBody] as const,
      ),
    ),
  )
  return attempts.map((attempt) => {
    const reply = replies.get(`${attempt.deliveryId} ${attempt.number}`) ?? null
    return attemptView(attempt, reply, scope.redact)
  })
}

const utf8 = new TextDecoder()

function attemptView(
  attempt: IngressAttempt,
  reply: Uint8Array | null,
  redact: (text: string) => string,
): AttemptView {
  const { id, eventId, provider, number, status, httpStatus, errorMessage, durationMs } = attempt
  return {
    id,
    normalizedEventId: eventId,
    integrationId: integrationIdOf(provider),
    attemptNo: number,
    status,
    httpStatus,
    responseBody: reply === null ? null : redact(utf8.decode(reply)),
    errorMessage: errorMessage === null ? null : redact(errorMessage),
    durationMs,
    createdAt: rfc3339(attempt.createdAt),
  }
}
