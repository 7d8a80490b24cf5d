import type { MessageId, RouteRequest } from 'carabiner'
import type { Integration } from '../integration.ts'
import type { NormalizedWebhook } from '../providers/provider.ts'

/** A genuine webhook that was read, and is about to be stored. */
export interface Arrival {
  readonly integration: Integration
  readonly request: RouteRequest
  readonly webhook: NormalizedWebhook
  /** Of the event it becomes. */
  readonly eventId: MessageId
  readonly idempotencyKey: string
  /** Made of its key: there is one of each. */
  readonly webhookId: string
  /** What is delivered. */
  readonly body: Uint8Array
  /** UTC milliseconds. */
  readonly receivedAt: number
}

/** Who did it, for the audit trail. */
export function actorOf({ integration }: Pick<Arrival, 'integration'>): string {
  return `provider:${integration.name}`
}
