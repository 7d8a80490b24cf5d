import type { Clock } from '../clock.ts'
import type { Logger } from './handler.ts'
import type { Outbox } from './outbox.ts'
import type { Failure, Outcome } from './outcome.ts'
import type { Parking } from './parking.ts'

/** What a dispatch needs of its bus. */
export interface DispatchParts<Owed> {
  readonly clock: Clock
  readonly log: Logger
  readonly outbox: Outbox<Owed> | undefined
  readonly parking: Parking | undefined
  handlerFailed(failure: Failure): void
  /** It is parked: nobody need wait for it to be over. */
  rests(): void
  /** It was held, and goes on. */
  goesOn(): void
  /** Called once when the dispatch is over; without an outcome only if the bus itself is broken. */
  over(outcome: Outcome | undefined): void
}
