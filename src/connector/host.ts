import type { DispatchEvent } from '../bus/dispatch-event.ts'
import type { AnyEvent } from '../bus/event.ts'

/** A running host, as connectors and embedding programs see it. */
export interface Host {
  readonly id: string
  readonly events: readonly AnyEvent[]
  readonly dispatch: DispatchEvent
}
