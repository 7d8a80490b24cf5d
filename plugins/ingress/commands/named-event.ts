import { usageError } from 'carabiner'
import type { IngressEvent } from '../books/event.ts'
import type { Service } from '../service.ts'
import { argument, type Context } from './options.ts'

/** The event whose id is the first argument. @throws {CarabinerError} USAGE when there is none */
export async function namedEvent(
  context: Context,
  { events }: Pick<Service, 'events'>,
): Promise<IngressEvent> {
  const id = argument(context, 0).toLowerCase()
  const event = uuid.test(id) ? await events.find(id) : undefined
  if (event !== undefined) return event
  throw usageError(`no event \`${argument(context, 0)}\``)
}

const uuid = /^[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/
