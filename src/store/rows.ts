import type { DeliveryId, MessageId, RedeliveryId } from '../ids.ts'
import type { LooseRow } from './audit.ts'
import type { AuditChain, AuditRoster, AuditText, ChainedRow } from './audit-chain.ts'
import { unpatchable } from './patchable-json.ts'
import type { StoredRecord } from './records.ts'
import type { Redelivery } from './redelivery.ts'
import type {
  AttemptRow,
  AuditRow,
  DeliveryRow,
  DeliveryState,
  EndpointState,
  Message,
  MessageOrigin,
} from './store.ts'
import type { Tally } from './tally.ts'

/** A row as SQLite and PostgreSQL give it: the columns have the same names and types in both. */
type Row = Readonly<Record<string, unknown>>

// The casts below are proven by the schema: the columns are typed (in SQLite the tables are STRICT), ids and states were written from
// values of these types, and a newer schema is refused when the store is opened.

export function deliveryOf(row: Row): DeliveryRow {
  return {
    id: row['id'] as DeliveryId,
    messageId: row['message_id'] as MessageId,
    endpoint: row['endpoint'] as string,
    state: row['state'] as DeliveryState,
    attempts: row['attempts'] as number,
    dueAt: row['due_at'] as number,
    lastError: row['last_error'] as string | null,
    createdAt: row['created_at'] as number,
    settledAt: row['settled_at'] as number | null,
    redeliveryOf: row['redelivery_of'] as DeliveryId | null,
  }
}

export function messageOf(row: Row): Message {
  return {
    id: row['message_id'] as MessageId,
    origin: row['origin'] as MessageOrigin,
    type: row['type'] as string,
    contentType: row['content_type'] as string,
    body: row['body'] as Uint8Array,
    headers: JSON.parse(row['headers'] as string) as Record<string, string>,
    traceId: row['trace_id'] as string,
    depth: row['depth'] as number,
    tenant: row['tenant'] as string | null,
    createdAt: row['message_created_at'] as number,
  }
}

export function attemptOf(row: Row): AttemptRow {
  const headers = row['response_headers'] as string | null
  return {
    number: row['number'] as number,
    startedAt: row['started_at'] as number,
    durationMs: row['duration_ms'] as number,
    phases: JSON.parse(row['phases'] as string) as Record<string, number>,
    outcome: row['outcome'] as AttemptRow['outcome'],
    status: row['status'] as number | null,
    responseHeaders: headers === null ? null : (JSON.parse(headers) as Record<string, string>),
    responseBody: row['response_body'] as Uint8Array | null,
    error: row['error'] as string | null,
  }
}

export function endpointStateOf(row: Row): EndpointState {
  return {
    endpoint: row['endpoint'] as string,
    circuit: row['circuit'] as EndpointState['circuit'],
    consecutiveFailures: row['consecutive_failures'] as number,
    probeAt: row['probe_at'] as number | null,
    pausedUntil: row['paused_until'] as number | null,
    disabledReason: row['disabled_reason'] as string | null,
    disabledUrl: row['disabled_url'] as string | null,
    missingSince: row['missing_since'] as number | null,
    lastSuccessAt: row['last_success_at'] as number | null,
    lastErrorAt: row['last_error_at'] as number | null,
    lastError: row['last_error'] as string | null,
  }
}

export function auditRowOf(row: Row): AuditRow {
  return auditRowOfText(auditTextOfRow(row))
}

export function auditRowOfText({ details, ...row }: AuditText): AuditRow {
  return { ...row, details: JSON.parse(details) as Record<string, unknown> }
}

function auditTextOfRow(row: Row): AuditText {
  return {
    id: row['id'] as string,
    entityType: row['entity_type'] as string,
    entityId: row['entity_id'] as string,
    action: row['action'] as string,
    actor: row['actor'] as string,
    details: row['details'] as string,
    createdAt: row['created_at'] as number,
  }
}

export function chainedRowOf(row: Row): ChainedRow {
  return {
    position: row['position'] as number,
    // NULL only if somebody has put it there; no MAC either.
    previous: (row['previous'] as string | null) ?? '',
    mac: (row['mac'] as string | null) ?? '',
    row: auditTextOfRow(row),
  }
}

export function looseRowOf(row: Row): LooseRow {
  return {
    seq: row['seq'] as number,
    chain: row['chain'] as string | null,
    id: row['id'] as string,
    createdAt: row['created_at'] as number,
  }
}

export function auditChainOf(row: Row): AuditChain {
  return {
    name: row['chain'] as string,
    head: {
      position: row['position'] as number,
      mac: row['mac'] as string,
      keyId: row['key_id'] as string,
      signature: row['signature'] as string,
    },
    anchor: {
      position: row['anchor_position'] as number,
      mac: row['anchor_mac'] as string,
      keyId: row['anchor_key_id'] as string,
      signature: row['anchor_signature'] as string,
    },
  }
}

export function auditRosterOf(row: Row): AuditRoster {
  return {
    keyId: row['key_id'] as string,
    // Sorted names, none of which has a line break; whatever else stands there is not what was signed.
    chains: (row['chains'] as string).split('\n'),
    unchainedTo: row['unchained_to'] as number,
    signature: row['signature'] as string,
  }
}

export function storedRecordOf(row: Row): StoredRecord {
  return {
    collection: row['collection'] as string,
    id: row['id'] as string,
    version: row['version'] as number,
    value: JSON.parse(unpatchable(row['value'] as string)),
    content: row['content'] as Uint8Array | null,
    erasedAt: row['erased_at'] as number | null,
  }
}

export function tallyOf(rows: readonly Row[]): Tally {
  const tally = { pending: 0, sending: 0, delivered: 0, dead: 0, cancelled: 0, attempted: 0 }
  for (const row of rows) {
    tally[row['state'] as DeliveryState] += row['deliveries'] as number
    tally.attempted += row['attempted'] as number
  }
  return tally
}

export function redeliveryOf(row: Row): Redelivery {
  const redelivered = row['redelivered'] as number
  const skipped = row['skipped'] as number
  return {
    id: row['id'] as RedeliveryId,
    filter: JSON.parse(row['filter'] as string) as Redelivery['filter'],
    actor: row['actor'] as string,
    state: row['state'] as Redelivery['state'],
    matched: row['matched'] as number,
    processed: redelivered + skipped,
    redelivered,
    skipped,
    createdAt: row['created_at'] as number,
    finishedAt: row['finished_at'] as number | null,
  }
}
