import type { DeliveryId, MessageId } from '../../ids.ts'
import { deliveryExists, messageDiffers, messageErased, orderedBornClaimed } from '../refusal.ts'
import type { Lease, NewDelivery, NewMessage } from '../store.ts'
import type { Connections } from './connections.ts'
import type { Statement, Value } from './database.ts'
import { duplicateKey, raised, raisedDetail } from './failure.ts'
import { GroupedCalls } from './grouped-calls.ts'
import { columns, optionalText, placeholders, text } from './parameters.ts'

/** What `enqueue` gives to a host with the very commit that stores it. */
export interface BornClaimed {
  readonly lease: Lease
  readonly ids: ReadonlySet<DeliveryId>
}

interface Enqueue {
  readonly messages: readonly NewMessage[]
  readonly claimed: BornClaimed | undefined
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

/** Bytes of bodies that one transaction carries at most, and what a delivery counts for. */
const groupBytes = 8 * 1024 * 1024
const deliveryBytes = 8 * 1024
const parameterCount = 26

/** Where messages enter, with their deliveries. */
export class OutboxTable {
  readonly #connections: Connections
  readonly #statement: Statement
  readonly #calls: GroupedCalls<Enqueue, void>

  constructor(connections: Connections, now: () => number) {
    this.#connections = connections
    this.#statement = { name: 'enqueue', text: enqueueText(connections.schema) }
    this.#calls = new GroupedCalls({
      run: (calls) => this.#enqueue(calls, now()),
      sizeOf: ({ messages }) => sizeOf(messages),
      largestGroup: groupBytes,
    })
  }

  async enqueue(messages: readonly NewMessage[], claimed: BornClaimed | undefined): Promise<void> {
    const owed = messages.filter(({ deliveries }) => deliveries.length > 0)
    if (claimed !== undefined) refuseOrdered(owed, claimed)
    if (owed.length > 0) await this.#calls.add({ messages: owed, claimed })
  }

  idle(): Promise<void> {
    return this.#calls.idle()
  }

  async #enqueue(calls: readonly Enqueue[], now: number): Promise<readonly void[]> {
    const values = enqueueValues(calls, now, this.#connections.sender, null)
    try {
      await this.#connections.write(this.#statement, values)
    } catch (error) {
      throw enqueueRefusal(error) ?? error
    }
    return calls.map(() => undefined)
  }
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

/** Where each body begins and how long it is, and all of them. */
function bodyValues(bodies: readonly Uint8Array[]): Value[] {
  let from = 1
  const begins = bodies.map(({ byteLength }) => {
    from += byteLength
    return from - byteLength
  })
  return [begins, bodies.map(({ byteLength }) => byteLength), Buffer.concat(bodies)]
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
    size += body.byteLength + deliveries.length * deliveryBytes
  }
  return size
}
