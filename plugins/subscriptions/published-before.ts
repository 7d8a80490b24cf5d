import { CarabinerError, RecordConflictError } from 'carabiner'
import { countersOfTallies } from './counters.ts'
import { events as collection, type PublishedEvent } from './event.ts'
import type { Publication } from './publish-event.ts'
import type { Service } from './service.ts'
import { rfc3339 } from './subscription.ts'

/**
 * The publication of an event that could not be stored because it is stored already, as when a batch is sent again.
 *
 * @param refused - why it could not be stored
 * @throws `refused`, when that is not why; {CarabinerError} USAGE when its id is that of another event
 */
export async function publishedBefore(
  { scope, events }: Pick<Service, 'scope' | 'events'>,
  event: PublishedEvent,
  refused: unknown,
): Promise<Publication> {
  if (!isTaken(refused, event)) throw refused
  const known = await events.find(event.owner, event.id)
  if (known === undefined || !isSame(known, event)) {
    const message = `the id ${event.id} is that of another event`
    throw new CarabinerError('USAGE', message, { cause: refused })
  }
  const tallies = await scope.store.tally([known.id])
  const accepted = { event_id: known.id, accepted_at: rfc3339(known.acceptedAt) }
  return { ...accepted, ...countersOfTallies(tallies) }
}

/** Its record is there already; or its message is, whose body differs by the moment it was accepted. */
function isTaken(refused: unknown, { id }: PublishedEvent): boolean {
  if (refused instanceof RecordConflictError) {
    return refused.collection === collection && refused.id === id
  }
  return refused instanceof CarabinerError && refused.code === 'USAGE'
}

function isSame(known: PublishedEvent, event: PublishedEvent): boolean {
  return (
    known.type === event.type && known.source === event.source && known.payload === event.payload
  )
}
