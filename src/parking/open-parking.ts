import { CallbackBook } from '../callbacks/callback-book.ts'
import type { Clock } from '../clock.ts'
import type { Store } from '../store/store.ts'
import { CallbackAnswers } from './callback-answers.ts'
import { CallbackDesks } from './callback-desks.ts'
import { HostCallbacks } from './host-callbacks.ts'
import { wakingStore } from './waking-store.ts'

/** What a host keeps dispatches parked with. */
export interface HostParking {
  readonly callbacks: HostCallbacks
}

export interface HostParkingOptions {
  readonly hostId: string
  readonly store: Store
  readonly clock: Clock
}

/** Makes the parts, without starting anything. */
export function openParking({ hostId, store, clock }: HostParkingOptions): HostParking {
  const answers = new CallbackAnswers()
  const desks = new CallbackDesks()
  const book = new CallbackBook(
    wakingStore(store, () => {}),
    clock,
  )
  return { callbacks: new HostCallbacks({ hostId, book, desks, answers }) }
}
