import { type Clock, systemClock } from '../../clock.ts'
import { CarabinerError } from '../../errors.ts'
import { type DeliveryId, type MessageId, newDeliveryId, newId, newMessageId } from '../../ids.ts'
import type { NewMessage } from '../store.ts'
import type { TransactionClient } from '../transactional.ts'
import { isUuid } from './delivery-list.ts'
import { isMissingSchema, raised, raisedDetail } from './failure.ts'
import { checkSchema, defaultSchema } from './location.ts'
import { enqueueRefusal, enqueueText, enqueueValues } from './outbox-table.ts'
import { schemaVersion } from './schema.ts'

/** What is sent when the caller's transaction commits. */
export interface PublishedMessage {
  /** `order.created`: what the receiver is told it is. */
  readonly type: string
  /** Bytes are sent as they are, anything else as JSON. */
  readonly body: unknown
  /** @defaultValue `application/json`; bytes need one */
  readonly contentType?: string
  /** Endpoints, as the assembly names them: `<connector id>/<webhook name>`. One delivery each. */
  readonly to: readonly string[]
  /** Messages to one endpoint with the same key are sent one after another, in the order in which their transactions committed. */
  readonly orderKey?: string
  /** UUIDv7; `webhook-id` on the wire. @defaultValue a new one */
  readonly id?: string
  /** @defaultValue a new one */
  readonly traceId?: string
}

/** Where the messages of {@link publish} are stored. */
export interface PublishOptions {
  /** The schema of the store, as in its URL. @defaultValue `carabiner` */
  readonly schema?: string
  /** @defaultValue {@link systemClock} */
  readonly clock?: Clock
}

/** What was made of a published message. */
export interface Published {
  readonly id: MessageId
  /** In the order of `to`. */
  readonly deliveries: readonly DeliveryId[]
}

interface EnqueueInOptions {
  readonly schema: string
  /** The store it has to be; any when `null`. */
  readonly store: string | null
  readonly now: number
}

/** `<connector id>/<webhook name>`, and whatever else begins with the name of its owner. */
const endpointForm = /^[^\s/]+\/\S(?:.*\S)?$/
const longestEndpoint = 1024
const bodyLimit = 1024 * 1024

/**
 * Sends messages with a transaction of your own, from any process: they are delivered if and only if it commits. Works in any isolation level.
 *
 * @param tx - a client of `pg` in a transaction, on the database of a `postgres://` store
 * @returns the ids, in the order of the messages
 * @throws {CarabinerError} USAGE for an endpoint that has not the form of one, an id that is stored already, or a database without a store of this
 * version; MESSAGE_TOO_LARGE for a body over 1 MiB. What the server refused cannot be undone by itself: roll back.
 * @example
 * ```ts
 * import { publish } from 'carabiner'
 * import { Client } from 'pg'
 *
 * const client = new Client('postgres://shop@db.example.com/orders')
 * await client.connect()
 * await client.query('BEGIN')
 * await client.query('INSERT INTO orders (id) VALUES ($1)', ['o-7'])
 * await publish(client, [{ type: 'order.created', body: { id: 'o-7' }, to: ['webhooks/billing'] }])
 * await client.query('COMMIT')
 * ```
 */
export async function publish(
  tx: TransactionClient,
  messages: readonly PublishedMessage[],
  options: PublishOptions = {},
): Promise<readonly Published[]> {
  const { schema = defaultSchema, clock = systemClock } = options
  checkSchema(schema)
  const now = clock.now()
  const own = messages.map((message) => newMessage(message, now))
  await enqueueIn(tx, own, { schema, store: null, now })
  return own.map(({ id, deliveries }) => ({ id, deliveries: deliveries.map((each) => each.id) }))
}

/** Stores messages in a transaction of somebody else's. */
export async function enqueueIn(
  tx: TransactionClient,
  messages: readonly NewMessage[],
  { schema, store, now }: EnqueueInOptions,
): Promise<void> {
  const owed = messages.filter(({ deliveries }) => deliveries.length > 0)
  if (owed.length === 0) return
  const expected = { version: schemaVersion, store }
  const values = enqueueValues([{ messages: owed, claimed: undefined }], now, null, expected)
  try {
    await tx.query(enqueueText(schema), values)
  } catch (error) {
    throw enqueueRefusal(error) ?? storeRefusal(error, schema) ?? error
  }
}

function storeRefusal(error: unknown, schema: string): CarabinerError | undefined {
  const other = raisedDetail(error, raised.otherVersion)
  const usage = (message: string): CarabinerError =>
    new CarabinerError('USAGE', message, { cause: error })
  if (other !== undefined) {
    return usage(
      `the store in schema ${schema} has version ${other}, this carabiner knows ${schemaVersion}`,
    )
  }
  if (raisedDetail(error, raised.otherStore) !== undefined) {
    return usage("the transaction's database holds another store than this host's")
  }
  if (isMissingSchema(error)) {
    return usage(
      `the transaction's database has no carabiner store of this version in schema ${schema}`,
    )
  }
  return undefined
}

function newMessage(message: PublishedMessage, now: number): NewMessage {
  const { type, to, orderKey = null, traceId = newId() } = message
  const { body, contentType } = contentOf(message)
  return {
    id: messageIdOf(message.id),
    origin: 'publish',
    type,
    contentType,
    body,
    headers: {},
    traceId,
    depth: 0,
    createdAt: now,
    deliveries: to.map((endpoint) => ({
      id: newDeliveryId(),
      endpoint: checkEndpoint(endpoint),
      dueAt: now,
      orderKey,
      redeliveryOf: null,
    })),
  }
}

function messageIdOf(id: string | undefined): MessageId {
  if (id === undefined) return newMessageId()
  if (!isUuid(id))
    throw new CarabinerError('USAGE', `a message's id is a UUID, got ${JSON.stringify(id)}`)
  // A message's by its being given here.
  return id.toLowerCase() as MessageId
}

function contentOf({ type, body, contentType }: PublishedMessage): {
  readonly body: Uint8Array
  readonly contentType: string
} {
  const isBytes = body instanceof Uint8Array
  if (isBytes && contentType === undefined) {
    throw new CarabinerError('USAGE', `the body of \`${type}\` is bytes: say its contentType`)
  }
  const bytes = isBytes ? body : jsonOf(type, body)
  if (bytes.byteLength > bodyLimit) {
    throw new CarabinerError(
      'MESSAGE_TOO_LARGE',
      `the body of \`${type}\` has ${bytes.byteLength} bytes, the limit is ${bodyLimit}`,
    )
  }
  return { body: bytes, contentType: contentType ?? 'application/json' }
}

function jsonOf(type: string, body: unknown): Uint8Array {
  // `undefined` for what JSON does not know, though its type says otherwise.
  const text: string | undefined = JSON.stringify(body)
  if (text === undefined) throw new CarabinerError('USAGE', `the body of \`${type}\` is not JSON`)
  return Buffer.from(text)
}

function checkEndpoint(endpoint: string): string {
  if (endpointForm.test(endpoint) && endpoint.length <= longestEndpoint) return endpoint
  throw new CarabinerError(
    'USAGE',
    `an endpoint is named <connector id>/<webhook name>, got ${JSON.stringify(endpoint)}`,
  )
}
