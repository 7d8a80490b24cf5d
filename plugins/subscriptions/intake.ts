import { type RecordWrite, TurnoverMap } from 'carabiner'
import type { Publication } from './publish-event.ts'

/** What somebody who publishes wants committed with the event, which travels on the bus without it. */
export interface Errand {
  /** A record that is written in the same commit. */
  readonly record?: ((publication: Publication) => RecordWrite) | undefined
  /** Called with what kept the event from being stored: the bus tells no more than its code and message. */
  readonly failed: (error: unknown) => void
}

/** Errands of events that are being dispatched, by the event's id. */
export class Intake {
  readonly #errands = new TurnoverMap<string, Errand>()

  /** Runs a dispatch whose handler finds the errand. */
  async with<T>(eventId: string, errand: Errand, dispatch: () => Promise<T>): Promise<T> {
    this.#errands.set(eventId, errand)
    try {
      return await dispatch()
    } finally {
      this.#errands.delete(eventId)
    }
  }

  of(eventId: string): Errand | undefined {
    return this.#errands.get(eventId)
  }
}
