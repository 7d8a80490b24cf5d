import { CarabinerError } from '../errors.ts'
import type { NewMessage, Store } from './store.ts'

/** A connection in the middle of a transaction of its owner: a client of `pg`, or what takes the same calls. */
export interface TransactionClient {
  query(text: string, values: unknown[]): Promise<unknown>
}

/** A store whose rows can be part of somebody else's transaction. */
export interface Transactional {
  /**
   * Stores messages with their deliveries if and only if the transaction commits. Nothing is claimed for this host.
   *
   * @throws {CarabinerError} USAGE as `enqueue`, or when the client's database does not hold this store. The transaction cannot go on then.
   */
  enqueueWith(tx: TransactionClient, messages: readonly NewMessage[]): Promise<void>
}

/** @throws {CarabinerError} USAGE when the store cannot take part in a transaction of another program */
export function transactional(store: Store & Partial<Transactional>): Transactional {
  const { enqueueWith } = store
  if (enqueueWith !== undefined) return { enqueueWith: enqueueWith.bind(store) }
  throw new CarabinerError(
    'USAGE',
    `a message can be sent with a transaction on a postgres: store only, this one is ${store.name}:`,
  )
}
