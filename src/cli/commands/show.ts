import { CarabinerError } from '../../errors.ts'
import type { ConfigureCommand, Run } from '../command.ts'
import { exitCode } from '../exit.ts'
import { printListing } from '../listing.ts'
import { rehearse } from '../rehearsal.ts'

export const configureShow: ConfigureCommand = (command, act) => {
  command.argument('<what>', 'events, connectors or handlers').action(act(show))
}

const show: Run = async (context, _options, what) => {
  await using rehearsal = await rehearse(context)
  const { events, connectors, handlers } = rehearsal.describe()
  switch (what) {
    case 'events':
      printListing(context, events, ['name', 'connector', 'description'])
      return exitCode.done
    case 'connectors':
      printListing(context, connectors, ['id', 'name', 'version', 'source', 'description'])
      return exitCode.done
    case 'handlers':
      printListing(context, handlers, [
        'event',
        'phase',
        'connector',
        'name',
        'kind',
        'priority',
        'line',
      ])
      return exitCode.done
    default:
      throw new CarabinerError(
        'USAGE',
        `expected events, connectors or handlers, got ${String(what)}`,
      )
  }
}
