import { CarabinerError } from '../errors.ts'
import type { DeliveryId, MessageId, RedeliveryId } from '../ids.ts'
import type { Message } from './store.ts'

/** What an id already stands for does not change: a receiver knows a message by its id. */
export function deliveryExists(id: DeliveryId, cause?: unknown): CarabinerError {
  return new CarabinerError('USAGE', `delivery ${id} is stored already`, { cause })
}

export function messageDiffers(id: MessageId): CarabinerError {
  return new CarabinerError(
    'USAGE',
    `message ${id} is stored already with another type, content type or body`,
  )
}

/** What it said is gone: it cannot be sent again. */
export function messageErased(id: MessageId): CarabinerError {
  return new CarabinerError(
    'MESSAGE_ERASED',
    `what message ${id} said was erased: there is nothing to send again`,
  )
}

/** Whether a message may be stored once more, for further deliveries of it. */
export function isSameMessage(
  stored: Pick<Message, 'type' | 'contentType' | 'body'>,
  given: Pick<Message, 'type' | 'contentType' | 'body'>,
): boolean {
  return (
    stored.type === given.type &&
    stored.contentType === given.contentType &&
    Buffer.compare(stored.body, given.body) === 0
  )
}

/** Only the store can tell whether the one before it in its key is settled, so its sender has to ask with a claim. */
export function orderedBornClaimed(id: DeliveryId): CarabinerError {
  return new CarabinerError(
    'USAGE',
    `delivery ${id} has an order key: it is claimed, never stored as claimed`,
  )
}

export function auditRowExists(id: string, cause?: unknown): CarabinerError {
  return new CarabinerError('USAGE', `audit row ${id} is stored already`, { cause })
}

export function redeliveryExists(id: RedeliveryId, cause?: unknown): CarabinerError {
  return new CarabinerError('USAGE', `redelivery ${id} is stored already`, { cause })
}
