import type { Clock } from './clock.ts'
import type { DeliveryEngine } from './delivery/engine.ts'
import { messageOf } from './errors.ts'
import type { HostLogger } from './log.ts'
import type { Store } from './store/store.ts'

export interface RetentionParts {
  readonly store: Pick<Store, 'prune' | 'pruneAudit' | 'expireRecords'>
  readonly engine: Pick<DeliveryEngine, 'sweepMissing'>
  readonly clock: Clock
  readonly log: Pick<HostLogger, 'warn'>
  /** Of the assembly at work now. */
  readonly retentionMs: () => number
}

const everyMs = 60_000
/** Rows removed at once, and the wait before the next of them: claims get their turn. */
const batch = 500
const pauseMs = 100

/** Removes what was settled long ago and records whose time has come, and gives up what waits for an endpoint that went long ago, now and every minute. */
export function startRetention(parts: RetentionParts): Disposable {
  const { clock, log } = parts
  let over = false
  let timer: Disposable | undefined
  const run = (): void => {
    sweep(parts).then(plan, (error: unknown) => {
      if (!over) log.warn({ error: messageOf(error) }, 'retention could not remove old rows')
      plan(everyMs)
    })
  }
  const plan = (ms: number): void => {
    if (!over) timer = clock.after(ms, run)
  }

  run()
  return {
    [Symbol.dispose]() {
      over = true
      timer?.[Symbol.dispose]()
    },
  }
}

/** Resolves to the milliseconds until the next one. */
async function sweep({ store, engine, clock, log, retentionMs }: RetentionParts): Promise<number> {
  const ms = retentionMs()
  const before = clock.now() - ms
  const removed = await store.prune(before, batch)
  const audit = await store.pruneAudit(before, batch)
  for (const reason of audit.refused) log.warn({ reason }, 'retention left an audit chain alone')
  const expired = await store.expireRecords(clock.now(), batch)
  if ([removed, audit.removed, expired].includes(batch)) return pauseMs
  await engine.sweepMissing(ms)
  return everyMs
}
