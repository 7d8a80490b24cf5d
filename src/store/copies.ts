import type { AuditText } from './audit-chain.ts'
import type { Beside } from './beside.ts'
import { type OwnWrite, ownWrites } from './record-write.ts'
import type { AttemptRow, AuditRow, NewMessage, Settlement } from './store.ts'

// What a store keeps is its own: the caller may go on using its buffers and objects, and a write may wait for its turn.

/** What is committed beside something else: the store's own to keep. */
export interface OwnBeside {
  readonly records: readonly OwnWrite[]
  readonly audit: readonly AuditText[]
}

export interface OwnSettlement extends Omit<Settlement, 'beside'> {
  readonly beside: OwnBeside | undefined
}

export function copyOfMessage(message: NewMessage): NewMessage {
  return {
    ...message,
    body: copyOfBytes(message.body),
    headers: { ...message.headers },
    deliveries: message.deliveries.map((delivery) => ({ ...delivery })),
  }
}

export function copyOfSettlement(settlement: Settlement): OwnSettlement {
  const { attempt, next, beside } = settlement
  return {
    ...settlement,
    next: { ...next },
    attempt: attempt === null ? null : copyOfAttempt(attempt),
    beside: beside && ownBeside(beside),
  }
}

/** @throws {CarabinerError} USAGE for a record that cannot be kept */
export function ownBeside({ records = [], audit = [] }: Beside): OwnBeside {
  return { records: ownWrites(records), audit: audit.map(auditTextOf) }
}

/** What stands beside settlements, in their order. */
export function besideOf(settlements: readonly OwnSettlement[]): OwnBeside {
  const written = settlements.flatMap(({ beside }) => beside ?? [])
  return {
    records: written.flatMap(({ records }) => records),
    audit: written.flatMap(({ audit }) => audit),
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
  return bytes.byteLength === 0 ? noBytes : Buffer.from(bytes)
}

const noBytes = Buffer.alloc(0)

/** What is stored of a row, and signed: text that every store gives back as it is. Details that cannot be written as JSON are refused now. */
export function auditTextOf(row: AuditRow): AuditText {
  return {
    id: storable(row.id),
    entityType: storable(row.entityType),
    entityId: storable(row.entityId),
    action: storable(row.action),
    actor: storable(row.actor),
    details: JSON.stringify(row.details),
    createdAt: row.createdAt,
  }
}

/** Half a surrogate pair is no UTF-8, and PostgreSQL has no text with a NUL. */
function storable(text: string): string {
  const whole = text.isWellFormed() ? text : text.toWellFormed()
  return whole.includes('\0') ? whole.replaceAll('\0', '\uFFFD') : whole
}
