import { RouteError } from 'carabiner'
import type { PublishedEvent } from '../event.ts'
import { isReplaying, replay } from '../replay.ts'
import type { Service } from '../service.ts'
import { callFor } from './call.ts'

/** Why an event is left out. */
type Reason =
  /** Its last replay is under way. */
  | 'replay_pending'
  /** There is nothing left to send. */
  | 'event_erased'
  /** It was replayed since the time that was named. */
  | 'replayed_before'
  /** It has expired meanwhile. */
  | 'event_not_found'

const refusals: ReadonlySet<string> = new Set<Reason>([
  'replay_pending',
  'event_erased',
  'event_not_found',
])

/** How far a replay of many events is. */
export interface Progress {
  readonly replayed: number
  /** Deliveries that were made. */
  readonly deliveries: number
  readonly skipped: Readonly<Record<Reason, number>>
}

export const nothingYet: Progress = {
  replayed: 0,
  deliveries: 0,
  skipped: { replay_pending: 0, event_erased: 0, replayed_before: 0, event_not_found: 0 },
}

/** How a replay of many events ended. */
export type Ending =
  | { readonly kind: 'done' }
  /** The event that it goes on with: those before it are done. */
  | { readonly kind: 'interrupted'; readonly at: PublishedEvent }
  | { readonly kind: 'failed'; readonly at: PublishedEvent; readonly error: unknown }

export interface BulkReplay {
  /** Those that were replayed since then are left out, UTC milliseconds. */
  readonly unlessReplayedSince: number
  /** Nothing is sent; what would be is counted. */
  readonly dryRun: boolean
  readonly onProgress: (progress: Progress) => void
  readonly signal: AbortSignal
}

/** Replayed at once: their commits go together. */
const atOnce = 32

/** Replays events in their order. What it has begun it ends, also when it is interrupted. */
export async function replayAll(
  service: Service,
  events: AsyncIterable<PublishedEvent>,
  options: BulkReplay,
): Promise<Ending> {
  let progress = nothingYet
  for await (const group of groups(events)) {
    const [first] = group
    if (options.signal.aborted && first !== undefined) return { kind: 'interrupted', at: first }
    const settled = await Promise.allSettled(
      group.map((event) => replayOne(service, event, options)),
    )
    for (const each of settled) {
      if (each.status === 'fulfilled') progress = added(progress, each.value)
    }
    options.onProgress(progress)
    const failed = settled.findIndex(({ status }) => status === 'rejected')
    const [at, failure] = [group[failed], settled[failed]]
    if (at !== undefined && failure?.status === 'rejected')
      return { kind: 'failed', at, error: failure.reason }
  }
  return { kind: 'done' }
}

/** All that were looked at. */
export function processed({ replayed, skipped }: Progress): number {
  return Object.values(skipped).reduce((sum, count) => sum + count, replayed)
}

type Done =
  | { readonly kind: 'replayed'; readonly deliveries: number }
  | { readonly kind: 'skipped'; readonly reason: Reason }

async function replayOne(
  service: Service,
  event: PublishedEvent,
  { unlessReplayedSince, dryRun }: BulkReplay,
): Promise<Done> {
  const last = event.replays.at(-1)
  if (last !== undefined && last.at >= unlessReplayedSince)
    return { kind: 'skipped', reason: 'replayed_before' }
  if (dryRun) return rehearse(service, event)
  try {
    const { body } = await replay(callFor(service, event.owner), event.id, undefined)
    return { kind: 'replayed', deliveries: body.queued_deliveries }
  } catch (error) {
    const reason = reasonIn(error)
    if (reason === undefined) throw error
    return { kind: 'skipped', reason }
  }
}

async function rehearse(service: Service, event: PublishedEvent): Promise<Done> {
  if (event.payload === null) return { kind: 'skipped', reason: 'event_erased' }
  if (await isReplaying(service, event)) return { kind: 'skipped', reason: 'replay_pending' }
  const matching = await service.subscriptions.matching(event.owner, event.type)
  return { kind: 'replayed', deliveries: matching.length }
}

/** Refusals of one event are no reason to stop. */
function reasonIn(error: unknown): Reason | undefined {
  if (!(error instanceof RouteError)) return undefined
  const { code } = error.refusal
  return isReason(code) ? code : undefined
}

function isReason(code: string): code is Reason {
  return refusals.has(code)
}

function added(progress: Progress, done: Done): Progress {
  if (done.kind === 'replayed') {
    const { replayed, deliveries } = progress
    return { ...progress, replayed: replayed + 1, deliveries: deliveries + done.deliveries }
  }
  const { skipped } = progress
  return { ...progress, skipped: { ...skipped, [done.reason]: skipped[done.reason] + 1 } }
}

async function* groups(
  events: AsyncIterable<PublishedEvent>,
): AsyncGenerator<readonly PublishedEvent[], void> {
  let group: PublishedEvent[] = []
  for await (const event of events) {
    group.push(event)
    if (group.length < atOnce) continue
    yield group
    group = []
  }
  if (group.length > 0) yield group
}
