import { systemClock } from '../../clock.ts'
import { redeliver } from '../../delivery/redeliver.ts'
import { refuseStoredDisabled } from '../../delivery/redelivery/disabled-endpoint.ts'
import { requestRedelivery, stopRedelivery } from '../../delivery/redelivery/redelivery-request.ts'
import { CarabinerError } from '../../errors.ts'
import type { DeliveryId, RedeliveryId } from '../../ids.ts'
import { parseDuration } from '../../quantity/duration.ts'
import { redeliveryJson } from '../../server/redelivery-json.ts'
import type { Redelivery, RedeliveryFilter } from '../../store/redelivery.ts'
import type { ConfigureCommand, Run } from '../command.ts'
import type { CliContext } from '../context.ts'
import { exitCode } from '../exit.ts'
import { printListing } from '../listing.ts'
import { openCommandStore } from '../open-store.ts'
import { watchRedelivery } from '../redelivery-progress.ts'
import { parseRange } from '../time.ts'

interface RedeliverFlags {
  readonly allDead?: boolean
  readonly state?: string
  readonly endpoint?: string
  readonly from?: string
  readonly to?: string
  readonly wait: string
}

/** `deliveries redeliver`, `redeliveries` and `stop`. */
export const configureRedeliver: ConfigureCommand = (command, act) => {
  command
    .command('redeliver')
    .description('send settled deliveries once more, each with the same webhook-id')
    .argument('[id]', 'one delivery; or, without it, those that match:')
    .option('--all-dead', 'everything that was given up')
    .option('--state <state>', `one of ${states.join(', ')}`)
    .option('--endpoint <endpoint>', 'only to this endpoint')
    .option('--from <time>', 'created at or after: RFC 3339, or a duration ago (2h)')
    .option('--to <time>', 'created before')
    .option('--wait <duration>', 'how long to show the progress of many', '10s')
    .action(act(sendAgain))
  command
    .command('redeliveries')
    .description('redeliveries of many and how far they are, newest first')
    .action(act(list))
  command
    .command('stop')
    .description('end a redelivery of many where it stands')
    .argument('<redeliveryId>', 'the redelivery')
    .action(act(stop))
}

const states: readonly RedeliveryFilter['state'][] = ['dead', 'delivered', 'cancelled']

const sendAgain: Run<RedeliverFlags> = async (context, flags, id) => {
  const filter = filterOf(flags)
  const isOne = typeof id === 'string'
  if (isOne === (filter !== undefined)) {
    const expected = 'a delivery, or which ones: --all-dead, --state, --endpoint, --from, --to'
    throw new CarabinerError(
      'USAGE',
      isOne ? `expected ${expected}; not both` : `expected ${expected}`,
    )
  }
  return filter === undefined ? sendOne(context, String(id)) : sendMany(context, filter, flags.wait)
}

async function sendOne(context: CliContext, id: string): Promise<number> {
  await using store = await openCommandStore(context)
  // The store answers for any text: no such delivery.
  const deliveryId = id.toLowerCase() as DeliveryId
  const found = await store.delivery(deliveryId)
  if (found !== undefined) await refuseStoredDisabled(store, found.delivery.endpoint)
  const row = await redeliver(store, systemClock, deliveryId, 'cli')
  const { terminal, options } = context
  if (options.json) terminal.printJson({ id: row.id })
  else terminal.print(`${row.id}: redelivery of ${deliveryId}: the next host sends it`)
  return exitCode.done
}

async function sendMany(
  context: CliContext,
  filter: RedeliveryFilter,
  wait: string,
): Promise<number> {
  const waitMs = parseDuration(wait, { zero: true, bareSeconds: true })
  await using store = await openCommandStore(context)
  if (filter.endpoint !== undefined) await refuseStoredDisabled(store, filter.endpoint)
  const requested = await requestRedelivery(store, systemClock, filter, 'cli')
  const reached = await watchRedelivery(context, store, requested, waitMs)
  print(context, reached)
  return exitCode.done
}

const list: Run = async (context) => {
  await using store = await openCommandStore(context)
  const { rows } = await store.redeliveries({ limit: 1000 })
  const shown = rows.map(redeliveryJson)
  printListing(context, context.options.json ? shown : shown.map(flat), columns)
  return exitCode.done
}

const columns = [
  'id',
  'state',
  'selects',
  'matched',
  'redelivered',
  'skipped',
  'createdAt',
  'finishedAt',
  'actor',
]

function flat({ filter, ...shown }: ReturnType<typeof redeliveryJson>): object {
  const { state, endpoint, from, to } = filter
  const selects = [
    state,
    endpoint === null ? '' : `to ${endpoint}`,
    from === null ? '' : `from ${from}`,
    to === null ? '' : `before ${to}`,
  ]
  return { ...shown, selects: selects.filter((part) => part !== '').join(' ') }
}

const stop: Run = async (context, _options, id) => {
  await using store = await openCommandStore(context)
  // The store answers for any text: no such redelivery.
  const stopped = await stopRedelivery(
    store,
    systemClock,
    String(id).toLowerCase() as RedeliveryId,
    'cli',
  )
  if (stopped === undefined) {
    throw new CarabinerError('USAGE', `no redelivery ${String(id)} in the store`)
  }
  print(context, stopped)
  return exitCode.done
}

function print({ terminal, options }: CliContext, redelivery: Redelivery): void {
  if (options.json) {
    terminal.printJson(redeliveryJson(redelivery))
    return
  }
  const { id, state, matched, redelivered, skipped } = redelivery
  terminal.print(
    `${id}: ${state}, ${matched} matched, ${redelivered} to be sent again, ${skipped} left out`,
  )
}

/** `undefined`: no flag selects anything. Without `--state`, what is dead is meant. */
function filterOf(flags: RedeliverFlags): RedeliveryFilter | undefined {
  const { allDead, state: wanted, endpoint, from, to } = flags
  const given = [allDead, wanted, endpoint, from, to].some((flag) => flag !== undefined)
  if (!given) return undefined
  if (allDead === true && [wanted, endpoint, from, to].some((flag) => flag !== undefined)) {
    throw new CarabinerError('USAGE', 'expected --all-dead alone: it takes everything dead')
  }
  const state = states.find((each) => each === (wanted ?? 'dead'))
  if (state === undefined) {
    throw new CarabinerError('USAGE', `expected --state ${states.join(', ')}, got ${wanted}`)
  }
  const range = parseRange({ from, to }, systemClock.now())
  return { state, ...(endpoint !== undefined && { endpoint }), ...range }
}
