import type { MessageId, RecordBook, RecordPut, StoredRecord } from 'carabiner'
import { splitFront, withFront } from './front.ts'
import { nameIdInOrder } from './name-id.ts'

/** A request of a provider that became an event, as it came. */
export interface Webhook {
  /** Made of its idempotency key: there is one of each. */
  readonly id: string
  /** Of the event it became. */
  readonly eventId: MessageId
  readonly externalEventId: string | null
  /** `<provider>:<externalId>`, or `<provider>:payload:<digest>`. */
  readonly idempotencyKey: string
  /** `false`: its provider is configured with `verify: none`. */
  readonly signatureValid: boolean
  /** Credentials and signatures are masked: they are not stored. None once they were erased. */
  readonly requestHeaders: Readonly<Record<string, string>>
  readonly sourceIp: string
  /** UTC milliseconds. */
  readonly receivedAt: number
  /** The exact bytes of its body; `null` once they were erased. */
  readonly body: Uint8Array | null
  /** UTC milliseconds. */
  readonly expiresAt: number
}

/** Where webhooks are kept. */
export const webhooks = 'webhooks'

/** What goes with a webhook's body when that is erased. */
type Front = Pick<Webhook, 'requestHeaders'>

interface Kept extends Omit<Webhook, 'id' | 'body' | 'requestHeaders'> {
  /** None in a record of an older host: its headers stand here. */
  readonly frontBytes?: number
}

/** Where the webhooks of events are found. */
export class WebhookBook {
  readonly #records: Pick<RecordBook, 'records'>

  constructor(records: Pick<RecordBook, 'records'>) {
    this.#records = records
  }

  async find(id: string): Promise<Webhook | undefined> {
    const [record] = await this.#records.records(webhooks, [id])
    return record && fromRecord(record)
  }
}

/** The id of the webhook with this idempotency key. Providers often count. */
export function webhookIdOf(idempotencyKey: string): string {
  return nameIdInOrder(`webhook/${idempotencyKey}`)
}

/** The write that keeps a webhook, which never changes: refused when there is one of its key. */
export function toWebhookRecord({ id, body, requestHeaders, ...kept }: Webhook): RecordPut {
  const { content, frontBytes } = withFront({ requestHeaders } satisfies Front, body)
  return {
    kind: 'put',
    collection: webhooks,
    id,
    expects: 'absent',
    value: { ...kept, frontBytes } satisfies Kept,
    content,
    messageId: kept.eventId,
    expiresAt: kept.expiresAt,
  }
}

/** Only this file says what the collection holds: a record has the shape it was given here. */
function fromRecord({ id, value, content }: StoredRecord): Webhook {
  const { frontBytes = 0, ...kept } = value as Kept
  const { front, bytes } = splitFront({ content, frontBytes })
  return { ...erased, ...kept, ...(front as Front | undefined), id, body: bytes }
}

const erased: Front = { requestHeaders: {} }
