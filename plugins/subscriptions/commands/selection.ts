import { textOption, usageError } from 'carabiner'
import type { PublishedEvent } from '../event.ts'
import type { EventRange } from '../event-book.ts'
import type { Service } from '../service.ts'
import { namedEvents } from './named.ts'
import { type Context, ownerOption, rangeOptions, requiredOwner } from './options.ts'

/** Which events are replayed: some by their ids, or what an owner published in a time. */
export type Selection =
  | { readonly kind: 'named'; readonly ids: readonly string[]; readonly owner: string | undefined }
  | {
      readonly kind: 'range'
      readonly range: EventRange & {
        readonly owner: string
        readonly from: number
        readonly to: number
      }
    }

/** What arguments and options select. @throws {CarabinerError} USAGE */
export function selectionOf(context: Context, now: number): Selection {
  const [ids = []] = context.args
  const options = ['type', 'from', 'to'].filter((name) => textOption(context, name) !== undefined)
  if (typeof ids !== 'string' && ids.length > 0) {
    if (options.length > 0) throw usageError(`expected either events or --${options.join(', --')}`)
    return { kind: 'named', ids, owner: ownerOption(context) }
  }
  if (options.length === 0) throw usageError('expected events, or --owner and --from')
  const owner = requiredOwner(context)
  const { from, to = now } = rangeOptions(context)
  if (from === undefined) throw usageError('expected --from, such as --from 2h')
  // What is published from now on is not replayed, however long it takes.
  const range = { owner, type: textOption(context, 'type'), from, to: Math.min(to, now) }
  return { kind: 'range', range }
}

/** The events, the oldest first. @throws {CarabinerError} USAGE for ids there are not */
export async function* selected(
  service: Pick<Service, 'events'>,
  selection: Selection,
): AsyncGenerator<PublishedEvent, void> {
  if (selection.kind === 'range') yield* service.events.walk(selection.range, 'ascending')
  else yield* await namedEvents(service, selection.ids, selection.owner)
}
