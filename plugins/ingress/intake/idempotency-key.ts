import type { JsonObject } from '../providers/provider.ts'
import { payloadDigest } from './canonical-payload.ts'

/** By what a webhook that is sent again is known: the provider's id of it, else what it says. */
export function idempotencyKeyOf(
  provider: string,
  externalEventId: string | null,
  payload: JsonObject,
): string {
  return `${provider}:${externalEventId ?? `payload:${payloadDigest(payload)}`}`
}
