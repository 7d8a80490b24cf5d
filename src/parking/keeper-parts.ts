import type { CallbackResolution } from '../bus/callback-resolution.ts'
import type { Logger } from '../bus/handler.ts'
import type { Outcome } from '../bus/outcome.ts'
import type { DispatchStand } from '../bus/parking.ts'
import type { CallbackBook } from '../callbacks/callback-book.ts'
import type { Clock } from '../clock.ts'
import type { Store } from '../store/store.ts'
import type { AnsweredCallbacks } from './answered-callbacks.ts'
import type { CallbackAnswers } from './callback-answers.ts'
import type { CallbackDesks } from './callback-desks.ts'
import type { DispatchBook } from './dispatch-book.ts'

/** What the keeper works with. */
export interface KeeperParts {
  readonly hostId: string
  readonly store: Pick<Store, 'beat' | 'liveHosts'>
  readonly clock: Clock
  readonly log: Logger
  /** Told of dispatches that end without a bus. */
  readonly observe: { finished(outcome: Outcome): void }
  readonly callbacks: CallbackBook
  readonly answered: AnsweredCallbacks
  readonly answers: CallbackAnswers
  readonly desks: CallbackDesks
  readonly dispatches: DispatchBook
}

/** The assembly at work now, as far as the keeper needs it. */
export interface AssemblyAtWork {
  bus(): ResumingBus
  /** How long a dispatch is kept when it is done. */
  retentionMs(): number
}

/** What goes on with dispatches: the bus of the assembly at work. */
export interface ResumingBus {
  /** Takes a dispatch on from where it stands. @returns resolves when it is parked again, or over */
  resume(stand: DispatchStand, resolutions: readonly CallbackResolution[]): Promise<unknown>
}
