import type { Clock } from '../../clock.ts'
import { CarabinerError } from '../../errors.ts'
import type { Store } from '../../store/store.ts'

/** From the beginning of a look; but however long that took, what it has found may be used for `usableMs`. */
export const believedMs = 1_000
export const usableMs = 250
/** What was begun with what holds no more is with its receiver by then. */
const underWayMs = 250

export interface NoticeParts {
  readonly store: Pick<Store, 'liveHosts'>
  readonly clock: Clock
  readonly hostId: string
}

/** Resolves when no other host on the store goes by what it knew of endpoints before: at once, when there is none. */
export async function noticedByOthers(parts: NoticeParts): Promise<void> {
  if (await areThereOthers(parts)) await parts.clock.sleep(believedMs + usableMs + underWayMs)
}

/** When the store cannot say, there may be. */
async function areThereOthers({ store, clock, hostId }: NoticeParts): Promise<boolean> {
  try {
    const live = await store.liveHosts(clock.now())
    return [...live].some((host) => host !== hostId)
  } catch (error) {
    if (error instanceof CarabinerError && error.code === 'STORE_UNAVAILABLE') return true
    throw error
  }
}
