import type { AttemptRow, AuditRow, NewMessage, Settlement } from './store.ts'

// What a store keeps is its own: the caller may go on using its buffers and objects, and a write may wait for its turn.

export function copyOfMessage(message: NewMessage): NewMessage {
  return {
    ...message,
    body: copyOfBytes(message.body),
    headers: { ...message.headers },
    deliveries: message.deliveries.map((delivery) => ({ ...delivery })),
  }
}

export function copyOfSettlement(settlement: Settlement): Settlement {
  const { attempt, next } = settlement
  return {
    ...settlement,
    next: { ...next },
    attempt: attempt === null ? null : copyOfAttempt(attempt),
  }
}

export function copyOfAttempt(attempt: AttemptRow): AttemptRow {
  const { phases, responseHeaders, responseBody } = attempt
  return {
    ...attempt,
    phases: { ...phases },
    responseHeaders: responseHeaders === null ? null : { ...responseHeaders },
    responseBody: responseBody === null ? null : copyOfBytes(responseBody),
  }
}

/** Small copies share a slab: an allocation of its own costs more than the copy. */
function copyOfBytes(bytes: Uint8Array): Uint8Array {
  return Buffer.from(bytes)
}

/** Details are JSON: what cannot be written as JSON is refused now. */
export function copyOfAuditRow(row: AuditRow): AuditRow {
  return { ...row, details: JSON.parse(JSON.stringify(row.details)) as AuditRow['details'] }
}
