import { systemClock } from '../../clock.ts'
import { cancelDelivery } from '../../delivery/intervention.ts'
import { CarabinerError } from '../../errors.ts'
import type { DeliveryId } from '../../ids.ts'
import { deliveryDetailJson, deliveryJson } from '../../server/delivery-json.ts'
import type { DeliveryFilter, DeliveryRow, DeliveryState, Store } from '../../store/store.ts'
import type { ConfigureCommand, Run } from '../command.ts'
import { exitCode } from '../exit.ts'
import { printListing } from '../listing.ts'
import { loadForCommand } from '../load.ts'
import { openCommandStore } from '../open-store.ts'
import { parseRange } from '../time.ts'
import { configureErase } from './erase.ts'
import { configureRedeliver } from './redeliver.ts'

interface ListFlags {
  readonly state?: string
  readonly endpoint?: string
  readonly from?: string
  readonly to?: string
  readonly limit: string
}

/** What is listed; `limit` may be more than the store gives at once. */
type Filter = Omit<DeliveryFilter, 'cursor'> & { readonly limit: number }

export const configureDeliveries: ConfigureCommand = (command, act) => {
  command
    .command('list')
    .description('deliveries, newest first')
    .option('--state <state>', `one of ${states.join(', ')}`)
    .option('--endpoint <endpoint>', 'only to this endpoint')
    .option('--from <time>', 'created at or after: RFC 3339, or a duration ago (2h)')
    .option('--to <time>', 'created before')
    .option('--limit <n>', 'at most so many', '100')
    .action(act(list))
  command
    .command('show')
    .description('one delivery with its attempts')
    .argument('<id>', 'the delivery')
    .action(act(show))
  command
    .command('cancel')
    .description('take back a delivery that waits')
    .argument('<id>', 'the delivery')
    .action(act(cancel))
  configureRedeliver(command, act)
  configureErase(command, act)
}

const states: readonly DeliveryState[] = ['pending', 'sending', 'delivered', 'dead', 'cancelled']

const list: Run<ListFlags> = async (context, flags) => {
  const filter = filterOf(flags)
  const { assembly } = await loadForCommand(context)
  await using store = await openCommandStore(context, assembly)
  const { rows, isMore } = await newest(store, filter)
  const columns = ['id', 'endpoint', 'state', 'attempts', 'createdAt', 'settledAt', 'lastError']
  printListing(
    context,
    rows.map((row) => deliveryJson(row, assembly.redactor)),
    columns,
  )
  if (isMore) context.terminal.say(`more: raise --limit ${filter.limit}, or narrow the filter`)
  return exitCode.done
}

/** What the store gives at once at most. */
const perPage = 1_000

/** As many as are asked for, page by page. */
async function newest(
  store: Store,
  { limit, ...filter }: Filter,
): Promise<{ readonly rows: readonly DeliveryRow[]; readonly isMore: boolean }> {
  const rows: DeliveryRow[] = []
  for (let after = {}; ; ) {
    const wanted = Math.min(limit - rows.length, perPage)
    const { rows: page, nextCursor: cursor } = await store.deliveries({
      ...filter,
      ...after,
      limit: wanted,
    })
    rows.push(...page)
    if (cursor === null || rows.length >= limit) return { rows, isMore: cursor !== null }
    after = { cursor }
  }
}

const show: Run = async (context, _options, id) => {
  const { assembly } = await loadForCommand(context)
  await using store = await openCommandStore(context, assembly)
  const { delivery, message, attempts, erasedAt } = await found(store, id)
  const { terminal, options } = context
  const shown = deliveryDetailJson(delivery, attempts, assembly.redactor)
  if (options.json) {
    terminal.printJson(shown)
    return exitCode.done
  }
  for (const [name, value] of Object.entries(deliveryJson(delivery, assembly.redactor))) {
    if (name !== 'attempts') terminal.print(`${name.padEnd(14)} ${value ?? '-'}`)
  }
  const { type, contentType, body } = message
  const size =
    erasedAt === null ? `${body.length} bytes` : `erased ${new Date(erasedAt).toISOString()}`
  terminal.print(`${'message'.padEnd(14)} ${type}, ${contentType}, ${size}`)
  printListing(context, shown.attempts, attemptColumns)
  return exitCode.done
}

const attemptColumns = ['number', 'startedAt', 'outcome', 'status', 'durationMs', 'error']

const cancel: Run = async (context, _options, id) => {
  await using store = await openCommandStore(context)
  const { delivery } = await found(store, id)
  const { terminal, options } = context
  if (await cancelDelivery(store, systemClock, delivery, 'cli')) {
    if (options.json) terminal.printJson({ id: delivery.id })
    else terminal.print(`${delivery.id}: cancelled`)
    return exitCode.done
  }
  terminal.say(`delivery ${delivery.id} is ${delivery.state}: only one that waits can be cancelled`)
  return exitCode.failed
}

async function found(
  store: Store,
  id: string | readonly string[] | undefined,
): Promise<NonNullable<Awaited<ReturnType<Store['delivery']>>>> {
  // The store answers for any text: no such delivery.
  const delivery = await store.delivery(String(id).toLowerCase() as DeliveryId)
  if (delivery !== undefined) return delivery
  throw new CarabinerError('DELIVERY_UNKNOWN', `no delivery ${String(id)} in the store`)
}

function filterOf(flags: ListFlags): Filter {
  const state = states.find((each) => each === flags.state)
  if (flags.state !== undefined && state === undefined) {
    throw new CarabinerError('USAGE', `expected --state ${states.join(', ')}, got ${flags.state}`)
  }
  return {
    limit: parseLimit(flags.limit),
    ...(state !== undefined && { state }),
    ...(flags.endpoint !== undefined && { endpoint: flags.endpoint }),
    ...parseRange(flags, systemClock.now()),
  }
}

function parseLimit(text: string): number {
  const limit = Number(text)
  if (/^[1-9]\d*$/.test(text) && Number.isSafeInteger(limit)) return limit
  throw new CarabinerError('USAGE', `expected a whole number above 0 for --limit, got ${text}`)
}
