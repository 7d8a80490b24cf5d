// Fills a store before it is measured, through the store itself.

import { aDelivery, aMessage, anAttempt } from '../../../src/store/contract/makers.ts'
import { openStore } from '../../../src/store/open-store.ts'
import type { NewMessage, Store } from '../../../src/store/store.ts'
import { makeBody } from './body.ts'
import { answerCalls } from './calls.ts'
import { endpointId } from './contender.ts'

export interface FillerCalls {
  /** Stores so many messages with a delivery each: `waiting` to be sent, or `settled` with the attempt that delivered it. */
  fill(url: string, count: number, kind: 'waiting' | 'settled'): Promise<void>
}

const batchSize = 2_000
const owner = 'filler'

answerCalls<FillerCalls>({
  async fill(url, count, kind) {
    await using store = await openStore(url)
    let left = count
    const fillOn = async (): Promise<void> => {
      while (left > 0) {
        const length = Math.min(batchSize, left)
        left -= length
        await fillBatch(store, length, kind)
      }
    }
    // One batch is made while another is stored.
    await Promise.all([fillOn(), fillOn()])
    // As hosts do all the time: leases of what was settled are forgotten.
    await store.recover(Date.now())
  },
})

async function fillBatch(store: Store, length: number, kind: 'waiting' | 'settled'): Promise<void> {
  const messages = Array.from({ length }, newMessage)
  if (kind === 'waiting') {
    await store.enqueue(messages)
    return
  }
  const ids = messages.flatMap(({ deliveries }) => deliveries.map(({ id }) => id))
  const now = Date.now()
  await store.enqueue(messages, { lease: { owner, until: now + 60_000 }, ids: new Set(ids) })
  await store.settle(
    ids.map((id) => ({
      id,
      owner,
      attempt: anAttempt({ startedAt: now }),
      next: { kind: 'delivered' },
      at: now,
    })),
  )
}

function newMessage(): NewMessage {
  const now = Date.now()
  return aMessage({
    body: Buffer.from(makeBody()),
    createdAt: now,
    deliveries: [aDelivery({ endpoint: endpointId, dueAt: now })],
  })
}
