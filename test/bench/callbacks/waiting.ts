import { CallbackBook } from '../../../src/callbacks/callback-book.ts'
import type { Store } from '../../../src/store/store.ts'

const day = 86_400_000
const perWrite = 1_000

/** Stores so many callbacks that wait for long, for nobody who is here. Resolves to their ids. */
export async function wait(store: Store, count: number, timeoutMs = 20 * day): Promise<string[]> {
  const book = new CallbackBook(store)
  const wanted = { waiter: 'bench', timeoutMs, meta: { dispatch: 'orders.ship', webhook: 'ask' } }
  const ids: string[] = []
  while (ids.length < count) {
    const length = Math.min(perWrite, count - ids.length)
    const drafts = Array.from({ length }, () => book.draft(wanted))
    await store.writeRecords(drafts.map(({ write }) => write))
    ids.push(...drafts.map(({ callback }) => callback.id))
  }
  return ids
}
