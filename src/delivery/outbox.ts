import type { Clock } from '../clock.ts'
import { CarabinerError } from '../errors.ts'
import { type DeliveryId, type MessageId, newDeliveryId, newMessageId } from '../ids.ts'
import type { Beside } from '../store/beside.ts'
import type {
  ClaimedDelivery,
  Lease,
  Message,
  NewDelivery,
  NewMessage,
  Store,
} from '../store/store.ts'
import { type TransactionClient, transactional } from '../store/transactional.ts'
import type { OutboundMessage, Recipient } from './deliveries.ts'
import type { DeliveryObserver } from './delivery-observer.ts'
import type { EndpointQueue } from './endpoint-queue.ts'
import type { EndpointRegistry } from './endpoint-registry.ts'
import type { Members } from './family/members.ts'
import type { HeldDeliveries } from './held-deliveries.ts'

export interface OutboxParts {
  readonly store: Store
  readonly clock: Clock
  readonly registry: EndpointRegistry
  readonly members: Members
  readonly held: HeldDeliveries
  readonly bodyLimit: number
  /** Why nothing can be stored now; `undefined` when it can. */
  readonly trouble: () => unknown
  /** The lease for what is sent at once; `undefined` when this host does not send. */
  readonly lease: (now: number) => Lease | undefined
  /** Stored, and this host's to send. */
  readonly claimed: (delivery: ClaimedDelivery, lease: Lease) => void
  /** Stored: all of these, claimed or left to be claimed. */
  readonly accepted: (deliveries: readonly NewDelivery[]) => void
  /** Something was left to the store that this host may claim. */
  readonly left: () => void
  readonly observe: DeliveryObserver | undefined
}

/** Deliveries that are born in this host's hands, and those that are left to the store. */
interface Sorted {
  readonly claimed: Map<DeliveryId, EndpointQueue>
  /** Ids of endpoints. */
  readonly left: Set<string>
}

/**
 * Stores messages with their deliveries, and hands on what can be sent at once.
 *
 * While there is room in the window and nothing older waits, a delivery goes to its sender from memory; else the store keeps it.
 */
export class Outbox {
  readonly #parts: OutboxParts

  constructor(parts: OutboxParts) {
    this.#parts = parts
  }

  /** @throws {CarabinerError} STORE_UNAVAILABLE */
  ready(): void | Promise<void> {
    const trouble = this.#parts.trouble()
    if (trouble !== undefined) {
      throw new CarabinerError('STORE_UNAVAILABLE', 'the store cannot be written', {
        cause: trouble,
      })
    }
    return this.#parts.store.ready()
  }

  /**
   * Stores all of it, or nothing.
   *
   * @param beside - stored in the same commit, messages or not
   * @returns what was stored
   * @throws {CarabinerError} STORE_UNAVAILABLE, MESSAGE_TOO_LARGE
   * @throws {RecordConflictError}
   */
  async commit(owed: readonly OutboundMessage[], beside?: Beside): Promise<readonly NewMessage[]> {
    const looking = this.#confirm(owed)
    if (looking !== undefined) await looking
    const now = this.#parts.clock.now()
    const messages = this.#newMessages(owed, now)
    if (messages.length === 0 && beside === undefined) return messages

    const lease = this.#parts.lease(now)
    const sorted = this.#sort(messages, lease, now)
    const startedAt = this.#parts.clock.monotonic()
    try {
      await this.#parts.store.enqueue(messages, claim(sorted, lease), beside)
      this.#observe(startedAt, messages)
    } finally {
      for (const queue of sorted.claimed.values()) this.#parts.held.unreserve(queue)
    }
    this.#handOn(messages, sorted, lease)
    return messages
  }

  /**
   * Stores it if and only if the transaction commits. Which hosts are told then is up to the store.
   *
   * @throws {CarabinerError} USAGE, MESSAGE_TOO_LARGE
   */
  async commitWith(
    tx: TransactionClient,
    owed: readonly OutboundMessage[],
  ): Promise<readonly NewMessage[]> {
    const store = transactional(this.#parts.store)
    await this.#confirm(owed)
    const messages = this.#newMessages(owed, this.#parts.clock.now())
    if (messages.length > 0) await store.enqueueWith(tx, messages)
    return messages
  }

  /** What those of families are now. If that cannot be said, it is stored all the same, and waits. */
  #confirm(owed: readonly OutboundMessage[]): Promise<void> | undefined {
    const { members } = this.#parts
    if (!members.areThere) return undefined
    return members.confirmRecipients(owed.flatMap(({ to }) => to))?.catch(() => undefined)
  }

  #newMessages(owed: readonly OutboundMessage[], now: number): NewMessage[] {
    return owed
      .map((message) => this.#newMessage(message, now))
      .filter((message) => message.deliveries.length > 0)
  }

  #observe(startedAt: number, messages: readonly NewMessage[]): void {
    const { observe, clock } = this.#parts
    const deliveries = messages.reduce((sum, message) => sum + message.deliveries.length, 0)
    observe?.stored('enqueue', clock.monotonic() - startedAt, deliveries)
  }

  /** What has a lease gets its place kept at once: other commits may be under way. */
  #sort(messages: readonly NewMessage[], lease: Lease | undefined, now: number): Sorted {
    const sorted: Sorted = { claimed: new Map(), left: new Set() }
    for (const { deliveries } of messages) {
      for (const delivery of deliveries) {
        const queue = this.#parts.registry.get(delivery.endpoint)
        if (queue !== undefined && lease !== undefined && this.#goesAtOnce(queue, delivery, now)) {
          this.#parts.held.reserve(queue)
          sorted.claimed.set(delivery.id, queue)
        } else {
          sorted.left.add(delivery.endpoint)
        }
      }
    }
    return sorted
  }

  #goesAtOnce(queue: EndpointQueue, delivery: NewDelivery, now: number): boolean {
    // Only the store knows whether an earlier one of the key is settled, and what a message was that is sent again.
    if (delivery.orderKey !== null || delivery.redeliveryOf !== null) return false
    if (queue.mayHaveDue) return false
    if (queue.admission(now).kind !== 'go' || queue.room(now) === 0) return false
    return this.#parts.held.room(queue, 1) === 1
  }

  #handOn(messages: readonly NewMessage[], sorted: Sorted, lease: Lease | undefined): void {
    for (const endpoint of sorted.left) this.#parts.registry.expectDue(endpoint)
    if (sorted.left.size > 0) this.#parts.left()
    for (const { deliveries, ...fields } of messages) {
      this.#parts.accepted(deliveries)
      if (lease === undefined) continue
      // One for all of its deliveries.
      const message = { ...fields, tenant: fields.tenant ?? null }
      for (const delivery of deliveries) {
        if (!sorted.claimed.has(delivery.id)) continue
        this.#parts.claimed(bornClaimed(message, delivery), lease)
      }
    }
  }

  #newMessage(message: OutboundMessage, now: number): NewMessage {
    const { size = message.body.byteLength } = message
    if (size > this.#parts.bodyLimit) {
      throw new CarabinerError(
        'MESSAGE_TOO_LARGE',
        `the body of \`${message.type}\` has ${size} bytes, the limit is ${this.#parts.bodyLimit} (host.deliveries.body_limit)`,
      )
    }
    return {
      // An id the caller gave is a message's by its being given here.
      id: (message.id as MessageId | undefined) ?? newMessageId(),
      origin: message.origin,
      type: message.type,
      contentType: message.contentType,
      body: Buffer.from(message.body),
      headers: message.headers ?? {},
      traceId: message.traceId,
      depth: message.depth,
      tenant: message.tenant ?? null,
      createdAt: now,
      deliveries: message.to
        .filter(({ endpoint }) => !this.#isDisabled(endpoint))
        .map((recipient) => newDelivery(recipient, now)),
    }
  }

  /** After a 410 nothing new is created. */
  #isDisabled(endpoint: string): boolean {
    const queue = this.#parts.registry.get(endpoint)
    return queue !== undefined && queue.state.disabledReason !== null
  }
}

function newDelivery(
  { endpoint, orderKey, id, redeliveryOf }: Recipient,
  dueAt: number,
): NewDelivery {
  return {
    // As a message's: ids the caller gave are deliveries' by their being given here.
    id: (id as DeliveryId | undefined) ?? newDeliveryId(),
    endpoint,
    dueAt,
    orderKey: orderKey ?? null,
    redeliveryOf: (redeliveryOf as DeliveryId | undefined) ?? null,
  }
}

function claim(
  { claimed }: Sorted,
  lease: Lease | undefined,
): { readonly lease: Lease; readonly ids: ReadonlySet<DeliveryId> } | undefined {
  if (lease === undefined || claimed.size === 0) return undefined
  return { lease, ids: new Set(claimed.keys()) }
}

function bornClaimed(message: Message, delivery: NewDelivery): ClaimedDelivery {
  return {
    ...delivery,
    messageId: message.id,
    state: 'sending',
    attempts: 0,
    lastError: null,
    createdAt: message.createdAt,
    settledAt: null,
    message,
  }
}
