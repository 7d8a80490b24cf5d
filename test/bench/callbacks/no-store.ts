import { CallbackBook } from '../../../src/callbacks/callback-book.ts'
import type { StoredRecord } from '../../../src/store/records.ts'
import type { Store } from '../../../src/store/store.ts'

/** A store in which every callback waits, whatever has been answered: no answer is looked up, and none is kept. Everything else is as it was. */
export function withoutAnswers(store: Store): Store {
  const record = aWaitingCallback(store)
  return new Proxy(store, {
    get(target, name) {
      if (name === 'enqueue' || name === 'writeRecords') return () => Promise.resolve()
      if (name === 'records') return () => Promise.resolve([record])
      const value: unknown = Reflect.get(target, name, target)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}

function aWaitingCallback(store: Store): StoredRecord {
  const { write } = new CallbackBook(store).draft({ waiter: 'bench', timeoutMs: 3_600_000 })
  const { collection, id, value } = write
  return { collection, id, value, version: 1, content: null, erasedAt: null }
}
