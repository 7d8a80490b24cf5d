import { newDeliveryId, newMessageId } from '../../src/ids.ts'
import type { NewMessage, Store } from '../../src/store/store.ts'

const batch = 500

/**
 * Stores deliveries that were given up.
 *
 * @param at - when they were accepted and settled: a redelivery asked for later takes them. UTC milliseconds
 * @returns the ids of their messages, in the order of their rows
 */
export async function storeDead(
  store: Store,
  count: number,
  { endpoint = 'webhooks/audit', at = Date.now() - 60_000 } = {},
): Promise<readonly string[]> {
  // A host that beats and whose leases last: another one that runs on the store takes nothing from it.
  const owner = 'the past'
  const lease = { owner, until: Date.now() + 3_600_000 }
  const stored: string[] = []
  while (stored.length < count) {
    const size = Math.min(batch, count - stored.length)
    const messages = Array.from({ length: size }, () => aMessageTo(endpoint, at))
    const ids = messages.flatMap(({ deliveries }) => deliveries.map(({ id }) => id))
    await store.beat(owner, Date.now())
    await store.enqueue(messages, { lease, ids: new Set(ids) })
    await store.settle(
      ids.map((id) => ({
        id,
        owner,
        attempt: null,
        next: { kind: 'dead', reason: 'given up by the test' },
        at,
      })),
    )
    stored.push(...messages.map(({ id }) => id))
  }
  return stored
}

function aMessageTo(endpoint: string, at: number): NewMessage {
  const id = newMessageId()
  return {
    id,
    origin: 'webhook',
    type: 'after:adjust',
    contentType: 'application/json',
    body: Buffer.from(`{"of":"${id}"}`),
    headers: {},
    traceId: id,
    depth: 0,
    createdAt: at,
    deliveries: [{ id: newDeliveryId(), endpoint, dueAt: at, orderKey: null, redeliveryOf: null }],
  }
}
