import type { DeliveryId, MessageId } from '../ids.ts'
import type { ClaimedDelivery, Message, MessageOrigin } from './store.ts'

// Classes, because V8 takes the object literals of a place for long-lived ones when most survive while a process warms up, and from then on keeps
// each of them, with whatever it leads to, until the next full collection of garbage.

type ClaimedFacts = Omit<ClaimedDelivery, 'messageId' | 'state' | 'settledAt' | 'message'>

/** A delivery that has just been leased. */
export class Claimed implements ClaimedDelivery {
  readonly id: DeliveryId
  readonly messageId: MessageId
  readonly endpoint: string
  readonly state = 'sending'
  readonly attempts: number
  readonly dueAt: number
  readonly lastError: string | null
  readonly createdAt: number
  readonly settledAt = null
  readonly redeliveryOf: DeliveryId | null
  readonly orderKey: string | null
  readonly message: Message

  constructor(facts: ClaimedFacts, message: Message) {
    this.id = facts.id
    this.messageId = message.id
    this.endpoint = facts.endpoint
    this.attempts = facts.attempts
    this.dueAt = facts.dueAt
    this.lastError = facts.lastError
    this.createdAt = facts.createdAt
    this.redeliveryOf = facts.redeliveryOf
    this.orderKey = facts.orderKey
    this.message = message
  }
}

/** The message of a delivery that has just been leased. */
export class ClaimedMessage implements Message {
  readonly id: MessageId
  readonly origin: MessageOrigin
  readonly type: string
  readonly contentType: string
  readonly body: Uint8Array
  readonly headers: Readonly<Record<string, string>>
  readonly traceId: string
  readonly depth: number
  readonly tenant: string | null
  readonly createdAt: number

  constructor(message: Message) {
    this.id = message.id
    this.origin = message.origin
    this.type = message.type
    this.contentType = message.contentType
    this.body = message.body
    this.headers = message.headers
    this.traceId = message.traceId
    this.depth = message.depth
    this.tenant = message.tenant
    this.createdAt = message.createdAt
  }
}
