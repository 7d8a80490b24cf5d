import { type ConnectorCommand, timeOption, usageError } from 'carabiner'
import type { SubscriptionsConfig } from '../config.ts'
import type { PublishedEvent } from '../event.ts'
import { replay as replayEvent } from '../replay.ts'
import type { Service } from '../service.ts'
import { rfc3339 } from '../subscription.ts'
import { type BulkReplay, nothingYet, type Progress, replayAll } from './bulk-replay.ts'
import { callFor, withService } from './call.ts'
import { goOnCommand } from './go-on.ts'
import { namedEvents } from './named.ts'
import type { Context } from './options.ts'
import { many, print } from './print.ts'
import { tellingRefusals } from './refusals.ts'
import { leftOut, progressSayer } from './replay-progress.ts'
import { type Selection, selected, selectionOf } from './selection.ts'

/** `carabiner subscriptions replay ID…`, or what an owner published in a time */
export const replay: ConnectorCommand<SubscriptionsConfig> = {
  name: 'replay',
  description: 'Sends events again, to the subscriptions that are active now; hosts deliver them',
  arguments: [
    { syntax: '[ids...]', description: 'the events; or, without them, those that match:' },
  ],
  options: [
    { flags: '--owner <owner>', description: 'published by this owner' },
    {
      flags: '--from <time>',
      description: 'accepted at or after: RFC 3339, or a duration ago (2h)',
    },
    { flags: '--to <time>', description: 'accepted before (default: now)' },
    { flags: '--type <type>', description: 'only events of this type' },
    {
      flags: '--unless-replayed-since <time>',
      description: 'leaves out what was: goes on with a replay that was interrupted',
    },
    { flags: '--dry-run', description: 'counts what would be sent' },
    { flags: '--yes', description: 'without asking' },
  ],
  run: tellingRefusals(replaySelected),
}

async function replaySelected(context: Context): Promise<number> {
  return withService(context, async (service) => {
    const selection = selectionOf(context, service.scope.clock.now())
    const isOne = selection.kind === 'named' && selection.ids.length === 1
    if (isOne && context.options['dryRun'] !== true) return replayOne(context, service, selection)
    return replayMany(context, service, selection)
  })
}

type Named = Extract<Selection, { readonly kind: 'named' }>

async function replayOne(
  context: Context,
  service: Service,
  { ids, owner }: Named,
): Promise<number> {
  for (const event of await namedEvents(service, ids, owner)) {
    const { body } = await replayEvent(callFor(service, event.owner), event.id, undefined)
    const deliveries = many(body.queued_deliveries, 'delivery', 'deliveries')
    print(context, body, `${event.id}: replayed, ${deliveries}`)
  }
  return 0
}

async function replayMany(
  context: Context,
  service: Service,
  selection: Selection,
): Promise<number> {
  const begunAt = timeOption(context, 'unlessReplayedSince') ?? service.scope.clock.now()
  const total = await count(service, selection, context.signal)
  const dryRun = context.options['dryRun'] === true
  if (context.signal.aborted || !(dryRun || (await isConfirmed(context, total)))) {
    context.say('nothing replayed')
    return 1
  }
  if (!dryRun && total > 1) {
    const option = `--unless-replayed-since ${rfc3339(begunAt)}`
    context.say(`replaying ${many(total, 'event', 'events')}; ${option} goes on if this is cut off`)
  }
  let progress = nothingYet
  const say = progressSayer((text) => context.say(text), total)
  const options: BulkReplay = {
    unlessReplayedSince: begunAt,
    dryRun,
    signal: context.signal,
    onProgress(now) {
      progress = now
      say(now)
    },
  }
  const ending = await replayAll(service, selected(service, selection), options)
  const goOn =
    ending.kind === 'done'
      ? undefined
      : { at: ending.at, command: goOnCommand(context.id, { selection, at: ending.at, begunAt }) }
  printSummary(context, { total, progress, dryRun, goOn })
  if (ending.kind === 'failed') throw ending.error
  return ending.kind === 'done' ? 0 : 1
}

async function count(service: Service, selection: Selection, signal: AbortSignal): Promise<number> {
  let total = 0
  for await (const _event of selected(service, selection)) {
    if (signal.aborted) return total
    total += 1
  }
  return total
}

/** One event is replayed without a word. @throws {CarabinerError} USAGE when there is nobody to ask */
async function isConfirmed(context: Context, total: number): Promise<boolean> {
  if (context.options['yes'] === true || total <= 1) return true
  const what = many(total, 'event', 'events')
  if (context.ask === undefined)
    throw usageError(`expected --yes to replay ${what}: there is no terminal to ask on`)
  const question = `Replay ${what} to the subscriptions that are active now? [y/N] `
  return /^y(es)?$/i.test((await context.ask(question)).trim())
}

interface Summary {
  readonly total: number
  readonly progress: Progress
  readonly dryRun: boolean
  /** `undefined`: it is done. */
  readonly goOn: { readonly at: PublishedEvent; readonly command: string } | undefined
}

function printSummary(context: Context, { total, progress, dryRun, goOn }: Summary): void {
  const { replayed, deliveries, skipped } = progress
  const counted = `${replayed.toLocaleString('en-US')} of ${many(total, 'event', 'events')}`
  const made = many(deliveries, 'delivery', 'deliveries')
  const text = dryRun
    ? `would replay ${counted}: ${made}`
    : `replayed ${counted}: ${made}, which hosts send`
  const summary = { events: total, dry_run: dryRun, replayed, deliveries, skipped }
  print(
    context,
    { ...summary, go_on: goOn?.command ?? null },
    [text, ...leftOut(progress)].join('; '),
  )
  if (goOn === undefined) return
  const { id, acceptedAt } = goOn.at
  context.say(`stopped before event ${id} of ${rfc3339(acceptedAt)}; it goes on with`)
  context.say(`  ${goOn.command}`)
}
