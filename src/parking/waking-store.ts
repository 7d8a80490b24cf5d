import { collection } from '../callbacks/callback.ts'
import type { CallbackStore } from '../callbacks/callback-book.ts'
import type { RecordWrite } from '../store/records.ts'
import type { Store } from '../store/store.ts'

/** The store as it is, but that `wake` hears when an answer to a callback has been stored by this process. */
export function wakingStore(
  store: Store,
  wake: () => void,
): CallbackStore & Pick<Store, 'enqueue'> {
  return {
    records: (name, ids) => store.records(name, ids),
    findRecords: (query) => store.findRecords(query),
    async writeRecords(writes) {
      await store.writeRecords(writes)
      if (writes.some(isAnswer)) wake()
    },
    async enqueue(messages, claimed, beside) {
      await store.enqueue(messages, claimed, beside)
      if (beside?.records?.some(isAnswer) === true) wake()
    },
  }
}

function isAnswer(write: RecordWrite): boolean {
  return (
    write.kind === 'put' && write.collection === collection && 'answered' in (write.entries ?? {})
  )
}
