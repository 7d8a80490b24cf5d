import { hash } from 'node:crypto'
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

/** The key as an event is found by it: ids of providers may be longer than an entry of an index, and have any characters. */
export function entryOfKey(idempotencyKey: string): string {
  return hash('sha256', idempotencyKey, 'base64url')
}
