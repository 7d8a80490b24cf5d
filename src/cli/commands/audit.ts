import { systemClock } from '../../clock.ts'
import type { AuditFilter, AuditRow, Store } from '../../store/store.ts'
import type { ConfigureCommand, Run } from '../command.ts'
import { exitCode } from '../exit.ts'
import { printListing } from '../listing.ts'
import { openCommandStore } from '../open-store.ts'
import { parseTime } from '../time.ts'
import { configureVerify } from './audit-verify.ts'

interface AuditFlags {
  readonly action?: string
  readonly event?: string
  readonly entity?: string
  readonly since?: string
}

const mostShown = 1_000

export const configureAudit: ConfigureCommand = (command, act) => {
  command
    .command('list')
    .description('what was decided and done, newest first')
    .option('--action <action>', 'only this action: decision.made')
    .option('--event <event>', 'only about events of this name, or about the one with this id')
    .option('--entity <id>', 'only about this entity')
    .option('--since <time>', 'RFC 3339, or a duration ago (7d)')
    .action(act(list))
  configureVerify(command, act)
}

const list: Run<AuditFlags> = async (context, { action, event, entity, since }) => {
  const from = since === undefined ? undefined : parseTime(since, systemClock.now())
  await using store = await openCommandStore(context)
  const filter = {
    ...(action !== undefined && { action }),
    ...(entity !== undefined && { entityId: entity }),
    ...(from !== undefined && { from }),
  }
  const rows = await newest(store, filter, (row) => event === undefined || isAbout(row, event))
  const shown = rows.map((row) => ({ ...row, createdAt: new Date(row.createdAt).toISOString() }))
  printListing(context, shown, ['createdAt', 'action', 'entityId', 'actor', 'details'])
  return exitCode.done
}

/** The newest rows that match, page by page: the store knows nothing of what details say. */
async function newest(
  store: Store,
  filter: AuditFilter,
  matches: (row: AuditRow) => boolean,
): Promise<readonly AuditRow[]> {
  const found: AuditRow[] = []
  for (let cursor: string | null | undefined; cursor !== null && found.length < mostShown; ) {
    const page = await store.auditTrail({
      ...filter,
      limit: 1_000,
      ...(cursor !== undefined && { cursor }),
    })
    found.push(...page.rows.filter(matches))
    cursor = page.nextCursor
  }
  return found.slice(0, mostShown)
}

/** An event is named by the details of a decision about it, and is itself the entity once it is stored: its details have its type. */
function isAbout({ entityType, entityId, details }: AuditRow, event: string): boolean {
  const names = [details['event'], details['eventId'], details['dispatch']]
  if (entityType === 'event') names.push(entityId, details['type'], details['eventType'])
  return names.includes(event)
}
