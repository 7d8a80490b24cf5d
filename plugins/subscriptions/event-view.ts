import type { Tally } from 'carabiner'
import { type Counters, countersOfTallies } from './counters.ts'
import { messagesOf, type PublishedEvent } from './event.ts'
import type { Service } from './service.ts'
import { rfc3339 } from './subscription.ts'

/** An event as callers see it. */
export interface EventView extends Counters {
  readonly event_id: string
  readonly event_type: string
  readonly source: string
  readonly owner_agent: string
  readonly occurred_at: string
  /** `null` once it was erased. */
  readonly payload: unknown
  readonly erased_at: string | null
  /** Its last replay. */
  readonly replayed_at: string | null
}

/** One event, and how its deliveries stand. */
export async function eventView(
  { scope }: Pick<Service, 'scope'>,
  event: PublishedEvent,
): Promise<EventView> {
  return viewOf(event, await scope.store.tally(messagesOf(event)))
}

function viewOf(event: PublishedEvent, tallies: readonly Tally[]): EventView {
  const last = event.replays.at(-1)
  return {
    event_id: event.id,
    event_type: event.type,
    source: event.source,
    owner_agent: event.owner,
    occurred_at: rfc3339(event.acceptedAt),
    payload: event.payload === null ? null : JSON.parse(event.payload),
    erased_at: event.erasedAt === null ? null : rfc3339(event.erasedAt),
    replayed_at: last === undefined ? null : rfc3339(last.at),
    ...countersOfTallies(tallies),
  }
}
