import { systemClock } from '../../clock.ts'
import type { ConfigureCommand, Run } from '../command.ts'
import { exitCode } from '../exit.ts'
import { printListing } from '../listing.ts'
import { openCommandStore } from '../open-store.ts'
import { parseTime } from '../time.ts'

interface AuditFlags {
  readonly action?: string
  readonly entity?: string
  readonly since?: string
}

export const configureAudit: ConfigureCommand = (command, act) => {
  command
    .command('list')
    .description('what was decided and done, newest first')
    .option('--action <action>', 'only this action: decision.made')
    .option('--entity <id>', 'only about this entity')
    .option('--since <time>', 'RFC 3339, or a duration ago (7d)')
    .action(act(list))
}

const list: Run<AuditFlags> = async (context, { action, entity, since }) => {
  const from = since === undefined ? undefined : parseTime(since, systemClock.now())
  await using store = await openCommandStore(context)
  const { rows } = await store.auditTrail({
    limit: 1000,
    ...(action !== undefined && { action }),
    ...(entity !== undefined && { entityId: entity }),
    ...(from !== undefined && { from }),
  })
  const shown = rows.map((row) => ({ ...row, createdAt: new Date(row.createdAt).toISOString() }))
  printListing(context, shown, ['createdAt', 'action', 'entityId', 'actor', 'details'])
  return exitCode.done
}
