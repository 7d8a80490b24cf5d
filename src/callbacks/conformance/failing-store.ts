import { CarabinerError } from '../../errors.ts'
import type { CallbackStore } from '../callback-book.ts'

/** `away`: it cannot be reached. `read-only`: it cannot be written. `broken`: nobody knows what is wrong with it. */
export type FailingKind = 'away' | 'read-only' | 'broken'

export function failing(store: CallbackStore, kind: FailingKind): CallbackStore {
  const fail = async (): Promise<never> => {
    throw kind === 'broken'
      ? new TypeError('a secret of the store')
      : new CarabinerError('STORE_UNAVAILABLE', 'a secret of the store')
  }
  return {
    records: kind === 'read-only' ? (...query) => store.records(...query) : fail,
    findRecords: fail,
    writeRecords: fail,
    enqueue: fail,
  }
}
