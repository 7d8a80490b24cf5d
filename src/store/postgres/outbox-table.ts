import { isUtf8 } from 'node:buffer'
import type { DeliveryId, MessageId } from '../../ids.ts'
import type { AuditText } from '../audit-chain.ts'
import type { OwnWrite } from '../record-write.ts'
import { deliveryExists, messageDiffers, messageErased, orderedBornClaimed } from '../refusal.ts'
import type { Lease, NewDelivery, NewMessage } from '../store.ts'
import type { AuditEnd, Extension } from './audit-end.ts'
import { auditRefusal, auditValues } from './audit-table.ts'
import type { Connections } from './connections.ts'
import type { Value } from './database.ts'
import { duplicateKey, raised, raisedDetail } from './failure.ts'
import { GroupedCalls, type Refusal } from './grouped-calls.ts'
import { oneStatement, type RoutineCall } from './one-statement.ts'
import { columns, optionalText, placeholders, text } from './parameters.ts'
import { recordConflict, recordWriteValues, sizeOfWrites, touchedBy } from './record-writes.ts'

/** What `enqueue` gives to a host with the very commit that stores it. */
export interface BornClaimed {
  readonly lease: Lease
  readonly ids: ReadonlySet<DeliveryId>
}

interface Enqueue {
  readonly messages: readonly NewMessage[]
  readonly claimed: BornClaimed | undefined
}

/** What one caller stores, all or nothing. */
interface Unit extends Enqueue {
  readonly records: readonly OwnWrite[]
  readonly audit: readonly AuditText[]
}

/** What a caller's transaction must find: null for a store's own. */
export interface Expected {
  readonly version: number
  /** The store's, when it is known. */
  readonly store: string | null
}

interface StoredDelivery extends NewDelivery {
  readonly messageId: MessageId
  readonly createdAt: number
  readonly lease: Lease | null
  readonly leads: boolean
}

/** Bytes of bodies that one transaction carries at most, and what a delivery or a row of the audit trail counts for. */
const groupBytes = 8 * 1024 * 1024
const rowBytes = 8 * 1024
const parameterCount = 27

/** Where messages enter, with their deliveries and what is to stand beside them. */
export class OutboxTable {
  readonly #connections: Connections
  readonly #audit: AuditEnd
  readonly #calls: GroupedCalls<Unit, void>

  constructor(connections: Connections, now: () => number, audit: AuditEnd) {
    this.#connections = connections
    this.#audit = audit
    this.#calls = new GroupedCalls({
      run: (calls) => this.#enqueue(calls, now()),
      sizeOf: ({ messages, records, audit }) =>
        sizeOf(messages) + sizeOfWrites(records) + audit.length * rowBytes,
      largestGroup: groupBytes,
      touchedBy: ({ records }) => records.flatMap(touchedBy),
      refusalOf: conflictAmong,
    })
  }

  async enqueue(
    messages: readonly NewMessage[],
    claimed: BornClaimed | undefined,
    { records = [], audit = [] }: Partial<Pick<Unit, 'records' | 'audit'>> = {},
  ): Promise<void> {
    const owed = messages.filter(({ deliveries }) => deliveries.length > 0)
    if (claimed !== undefined) refuseOrdered(owed, claimed)
    if (owed.length + records.length + audit.length === 0) return
    await this.#calls.add({ messages: owed, claimed, records, audit })
  }

  idle(): Promise<void> {
    return this.#calls.idle()
  }

  async #enqueue(calls: readonly Unit[], now: number): Promise<readonly void[]> {
    const audit = calls.flatMap((call) => call.audit)
    if (audit.length === 0) await this.#write(calls, now)
    else await this.#audit.extend(audit, (extension) => this.#write(calls, now, extension))
    return calls.map(() => undefined)
  }

  async #write(calls: readonly Unit[], now: number, audit?: Extension): Promise<void> {
    const { schema, sender } = this.#connections
    const routines = routinesFor(calls, now, sender)
    if (audit !== undefined) routines.push({ routine: 'add_audit', values: auditValues(audit) })
    const { statement, values } = oneStatement(schema, routines)
    try {
      await this.#connections.write(statement, values)
    } catch (error) {
      throw enqueueRefusal(error) ?? auditRefusal(error) ?? error
    }
  }
}

/** Records come first: of what is locked here others wait for them the most, and they are what may refuse the rest. The audit chain comes last. */
function routinesFor(units: readonly Unit[], now: number, sender: string): RoutineCall[] {
  const records = units.flatMap((unit) => unit.records)
  const calls: RoutineCall[] = []
  if (records.length > 0) {
    calls.push({ routine: 'write_records', values: recordWriteValues(records) })
  }
  if (units.some(({ messages }) => messages.length > 0)) {
    calls.push({ routine: 'enqueue', values: enqueueValues(units, now, sender, null) })
  }
  return calls
}

/** The call whose record met something else than it expects. */
function conflictAmong(error: unknown, units: readonly Unit[]): Refusal | undefined {
  const found = recordConflict(
    error,
    units.flatMap(({ records }) => records),
  )
  if (found === undefined) return undefined
  const { write, conflict } = found
  return { index: units.findIndex(({ records }) => records.includes(write)), reason: conflict }
}

/** A call of the routine that stores messages. */
export function enqueueText(schema: string): string {
  return `SELECT ${schema}.enqueue(${placeholders(parameterCount)})`
}

export function enqueueValues(
  calls: readonly Enqueue[],
  now: number,
  sender: string | null,
  expected: Expected | null,
): Value[] {
  const messages = calls.flatMap((call) => call.messages)
  const deliveries = deliveriesOf(calls)
  const leavesDue = deliveries.some(({ lease, dueAt }) => lease === null && dueAt <= now)
  return [
    expected?.version ?? null,
    expected?.store ?? null,
    sender,
    leavesDue,
    ...columns(messages, [
      ({ id }) => id,
      ({ origin }) => origin,
      ({ type }) => text(type),
      ({ contentType }) => text(contentType),
      ({ headers }) => JSON.stringify(headers),
      ({ traceId }) => text(traceId),
      ({ tenant }) => optionalText(tenant ?? null),
      ({ depth }) => depth,
      ({ createdAt }) => createdAt,
    ]),
    ...bodyValues(messages.map(({ body }) => body)),
    ...columns(deliveries, [
      ({ id }) => id,
      ({ messageId }) => messageId,
      ({ endpoint }) => text(endpoint),
      ({ dueAt }) => dueAt,
      ({ orderKey }) => optionalText(orderKey),
      ({ leads }) => leads,
      ({ lease }) => lease?.owner ?? null,
      ({ lease }) => lease?.until ?? null,
      ({ createdAt }) => createdAt,
      ({ redeliveryOf }) => redeliveryOf,
    ]),
  ]
}

/** Where each body begins and how long it is, all of them, and which are text. */
function bodyValues(bodies: readonly Uint8Array[]): Value[] {
  let from = 1
  const begins = bodies.map(({ byteLength }) => {
    from += byteLength
    return from - byteLength
  })
  const lengths = bodies.map(({ byteLength }) => byteLength)
  return [begins, lengths, Buffer.concat(bodies), bodies.map(isText)]
}

/** Whether the server can take bytes for a text of its own. */
function isText(bytes: Uint8Array): boolean {
  return isUtf8(bytes) && !bytes.includes(0)
}

/** What is to be told of an error that is about what was given. */
export function enqueueRefusal(error: unknown): Error | undefined {
  // The server names ids as they were given.
  const erased = raisedDetail(error, raised.messageErased)
  if (erased !== undefined) return messageErased(erased as MessageId)
  const differs = raisedDetail(error, raised.messageDiffers)
  if (differs !== undefined) return messageDiffers(differs as MessageId)
  const duplicate = duplicateKey(error, 'deliveries')
  if (duplicate !== undefined) return deliveryExists(duplicate as DeliveryId, error)
  return undefined
}

function deliveriesOf(calls: readonly Enqueue[]): StoredDelivery[] {
  const keys = new Set<string>()
  const leads = ({ endpoint, orderKey }: NewDelivery): boolean => {
    if (orderKey === null) return true
    const key = JSON.stringify([text(endpoint), text(orderKey)])
    if (keys.has(key)) return false
    keys.add(key)
    return true
  }
  return calls.flatMap(({ messages, claimed }) =>
    messages.flatMap(({ id: messageId, createdAt, deliveries }) =>
      deliveries.map((delivery) => ({
        ...delivery,
        messageId,
        createdAt,
        lease: claimed?.ids.has(delivery.id) === true ? claimed.lease : null,
        leads: leads(delivery),
      })),
    ),
  )
}

function refuseOrdered(messages: readonly NewMessage[], { ids }: BornClaimed): void {
  for (const { deliveries } of messages) {
    const ordered = deliveries.find(({ id, orderKey }) => orderKey !== null && ids.has(id))
    if (ordered !== undefined) throw orderedBornClaimed(ordered.id)
  }
}

function sizeOf(messages: readonly NewMessage[]): number {
  let size = 0
  for (const { body, deliveries } of messages) {
    size += body.byteLength + deliveries.length * rowBytes
  }
  return size
}
