import { type DeliveryId, newDeliveryId, newId, newMessageId, newRedeliveryId } from '../../ids.ts'
import type { RecordPatch, RecordPut, RecordQuery, RecordRemoval } from '../records.ts'
import type { NewRedelivery, RedeliveryAdvance } from '../redelivery.ts'
import type {
  AttemptRow,
  AuditRow,
  ClaimedDelivery,
  ClaimRequest,
  NewDelivery,
  NewMessage,
  Settlement,
  Store,
} from '../store.ts'

/** When everything in the suite happens. */
export const noon: number = Date.UTC(2026, 0, 1, 12)
export const second = 1000

export function aDelivery(fields: Partial<NewDelivery> = {}): NewDelivery {
  return {
    id: newDeliveryId(),
    endpoint: 'hooks/audit',
    dueAt: noon,
    orderKey: null,
    redeliveryOf: null,
    ...fields,
  }
}

export function aMessage(fields: Partial<NewMessage> = {}): NewMessage {
  return {
    id: newMessageId(),
    origin: 'webhook',
    type: 'after:adjust',
    contentType: 'application/json',
    body: Buffer.from('{"amount":1}'),
    headers: { 'x-servo-event': 'after:adjust' },
    traceId: 'trace-1',
    depth: 0,
    createdAt: noon,
    deliveries: [aDelivery()],
    ...fields,
  }
}

/** A message with one delivery. */
export function aMessageTo(fields: Partial<NewDelivery>, createdAt: number = noon): NewMessage {
  return aMessage({ createdAt, deliveries: [aDelivery(fields)] })
}

export function anAttempt(fields: Partial<AttemptRow> = {}): AttemptRow {
  return {
    number: 1,
    startedAt: noon,
    durationMs: 12.5,
    phases: { queue: 0.25, connect: 3, firstByte: 9 },
    outcome: 'delivered',
    status: 200,
    responseHeaders: { 'content-type': 'text/plain' },
    responseBody: Buffer.from('ok'),
    error: null,
    ...fields,
  }
}

export function anAuditRow(fields: Partial<AuditRow> = {}): AuditRow {
  return {
    id: newId(),
    entityType: 'delivery',
    entityId: 'd-1',
    action: 'delivery.redelivered',
    actor: 'anna',
    details: { reason: 'asked for', times: 2 },
    createdAt: noon,
    ...fields,
  }
}

/** A claim of host `a` at noon, with a lease of 30 s. */
export function aClaim(
  fields: { owner?: string; now?: number; limit?: number; endpoint?: string } = {},
): ClaimRequest {
  const { owner = 'a', now = noon, limit = 100, endpoint = 'hooks/audit' } = fields
  return {
    lease: { owner, until: now + 30 * second },
    now,
    endpoints: [{ endpoint, limit }],
  }
}

/** What a delivery's owner says after an attempt that was answered 200. */
export function delivered(
  { id }: { id: NewDelivery['id'] },
  fields: Partial<Settlement> = {},
): Settlement {
  return {
    id,
    owner: 'a',
    attempt: anAttempt(),
    next: { kind: 'delivered' },
    at: noon + second,
    ...fields,
  }
}

/** Stores one delivery and claims it for host `a`. */
export async function aClaimed(
  store: Store,
  fields: Partial<NewDelivery> = {},
): Promise<ClaimedDelivery> {
  await store.enqueue([aMessageTo(fields)])
  const [claimed] = await store.claim(aClaim({ endpoint: fields.endpoint ?? 'hooks/audit' }))
  if (claimed === undefined) throw new TypeError('what was stored could not be claimed')
  return claimed
}

/** Stores one delivery, created at a time, and settles it. */
export async function aSettled(
  store: Store,
  state: 'delivered' | 'dead',
  fields: Partial<NewDelivery> = {},
  createdAt: number = noon,
  at: number = noon + second,
): Promise<DeliveryId> {
  const message = aMessageTo({ dueAt: createdAt, ...fields }, createdAt)
  await store.enqueue([message])
  const endpoint = fields.endpoint ?? 'hooks/audit'
  const [claimed] = await store.claim(aClaim({ endpoint, now: noon + 60 * second }))
  if (claimed === undefined) throw new TypeError('what was stored could not be claimed')
  const next = state === 'dead' ? ({ kind: state, reason: 'x' } as const) : { kind: state }
  await store.settle([delivered(claimed, { next, at })])
  return claimed.id
}

/** Everything dead, asked for an hour after noon. */
export function aRedelivery(fields: Partial<NewRedelivery> = {}): NewRedelivery {
  return {
    id: newRedeliveryId(),
    filter: { state: 'dead' },
    actor: 'anna',
    createdAt: noon + 3600 * second,
    ...fields,
  }
}

/** A step of host `a`, right after it was asked for. */
export function anAdvance(fields: Partial<RedeliveryAdvance> = {}): RedeliveryAdvance {
  return { owner: 'a', now: noon + 3600 * second, limit: 100, outstanding: 100, ...fields }
}

/** A record of the collection `c/things`. */
export function aPut(id: string, fields: Partial<Omit<RecordPut, 'kind' | 'id'>> = {}): RecordPut {
  return { kind: 'put', collection: 'c/things', id, value: { name: id }, ...fields }
}

/** A record that stands under some entries of the index `name`. */
export function aPutUnder(id: string, ...entries: string[]): RecordPut {
  return aPut(id, { entries: { name: entries } })
}

export function aRemoval(id: string, fields: Partial<RecordRemoval> = {}): RecordRemoval {
  return { kind: 'remove', collection: 'c/things', id, ...fields }
}

/** A patch of a record of the collection `c/things`. */
export function aPatch(
  id: string,
  fields: Partial<Omit<RecordPatch, 'kind' | 'id'>> = {},
): RecordPatch {
  return { kind: 'patch', collection: 'c/things', id, ...fields }
}

/** A walk along the index `name` of the collection `c/things`. */
export function aWalk(fields: Partial<RecordQuery> = {}): RecordQuery {
  return { collection: 'c/things', index: 'name', limit: 1000, ...fields }
}
