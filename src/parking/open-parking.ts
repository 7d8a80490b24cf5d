import type { Logger } from '../bus/handler.ts'
import type { Outcome } from '../bus/outcome.ts'
import { CallbackBook } from '../callbacks/callback-book.ts'
import type { Clock } from '../clock.ts'
import type { Store } from '../store/store.ts'
import { AnsweredCallbacks } from './answered-callbacks.ts'
import { CallbackAnswers } from './callback-answers.ts'
import { CallbackDesks } from './callback-desks.ts'
import { DispatchBook } from './dispatch-book.ts'
import { HostCallbacks } from './host-callbacks.ts'
import { Keeper } from './keeper.ts'
import { ParkedDispatches } from './parked-dispatches.ts'
import { wakingStore } from './waking-store.ts'

/** What a host keeps dispatches parked with. */
export interface HostParking {
  readonly keeper: Keeper
  readonly callbacks: HostCallbacks
  readonly dispatches: ParkedDispatches
}

export interface HostParkingOptions {
  readonly hostId: string
  readonly store: Store
  readonly clock: Clock
  readonly log: Logger
  /** Told of dispatches that end without a bus. */
  readonly observe: { finished(outcome: Outcome): void }
}

/** Makes the parts, without starting anything. */
export function openParking({
  hostId,
  store,
  clock,
  log,
  observe,
}: HostParkingOptions): HostParking {
  const answers = new CallbackAnswers()
  const desks = new CallbackDesks()
  const callbacks = new CallbackBook(
    wakingStore(store, () => keeper.wake()),
    clock,
    (callback) => keeper.isAwaited(callback),
  )
  const dispatches = new DispatchBook(store, () => keeper.retentionMs)
  const answered = new AnsweredCallbacks(store, clock)
  const keeper = new Keeper({
    ...{ hostId, store, clock, log, observe },
    ...{ callbacks, answered, answers, desks, dispatches },
  })
  const beat = (): Promise<void> => keeper.beat()
  return {
    keeper,
    callbacks: new HostCallbacks({ hostId, store, book: callbacks, desks, answers, beat }),
    dispatches: new ParkedDispatches(dispatches, callbacks),
  }
}
