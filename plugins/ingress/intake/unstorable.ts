import type { Misfit, NormalizedWebhook } from '../providers/provider.ts'

/** What of a webhook cannot be kept, or not be found again: whatever the provider is. */
export function unstorable({
  eventType,
  externalEventId,
  subject,
  occurredAt,
}: NormalizedWebhook): readonly Misfit[] {
  return [
    ...textMisfits('event type', eventType, mostTypeBytes),
    ...textMisfits('event id', externalEventId, mostTextBytes),
    ...textMisfits('subject', subject, mostTextBytes),
    ...(isTime(occurredAt) ? [] : [{ pointer: '', message: 'has a time that is none' }]),
  ]
}

/** Lists are filtered by it. */
const mostTypeBytes = 255
const mostTextBytes = 8_192

function textMisfits(what: string, text: string | null, mostBytes: number): readonly Misfit[] {
  if (text === null) return []
  if (Buffer.byteLength(text) > mostBytes) {
    return [{ pointer: '', message: `has an ${what} of more than ${mostBytes} bytes` }]
  }
  if (text.includes('\0') || !text.isWellFormed()) {
    return [{ pointer: '', message: `has an ${what} that is no well-formed text` }]
  }
  return []
}

/** What a Date can hold. */
function isTime(utcMs: number): boolean {
  return Number.isInteger(utcMs) && Math.abs(utcMs) <= 8.64e15
}
