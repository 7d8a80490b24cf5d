import type { Clock } from 'carabiner'
import { type Refused, refusal } from './surface.ts'

/** Milliseconds that it takes at least to be told that something is not there. */
const toldAfterMs = 5

/**
 * Looks for something of an owner.
 *
 * What is another owner's takes longer to be found out than what there never was, the longer the more there is to read. So that the time of a
 * 404 does not tell one from the other, it is told at a fixed distance from the question.
 *
 * @throws {RouteError} 404
 */
export async function foundOrRefused<T>(
  clock: Clock,
  looking: Promise<T | undefined>,
  refused: Pick<Refused, 'code' | 'message'>,
): Promise<T> {
  const until = clock.monotonic() + toldAfterMs
  const found = await looking
  if (found !== undefined) return found
  for (let left = until - clock.monotonic(); left > 0; left = until - clock.monotonic()) {
    // In whole ticks: a fraction would carry over how long the look took.
    await clock.sleep(Math.max(1, Math.floor(left)))
  }
  throw refusal({ status: 404, ...refused })
}
