import { setTimeout as sleep } from 'node:timers/promises'
import { makeBody } from './body.ts'

/** Callers that each wait for their commit, as the requests of a busy server do. */
const callers = 64

/** Stores `count` messages in calls of `batch`, from many callers at once. */
export async function storeFromMany(
  count: number,
  batch: number,
  store: (bodies: readonly string[]) => Promise<void>,
): Promise<void> {
  let left = count
  const callOn = async (): Promise<void> => {
    while (left > 0) {
      const length = Math.min(batch, left)
      left -= length
      await store(Array.from({ length }, makeBody))
    }
  }
  await Promise.all(Array.from({ length: callers }, callOn))
}

/** Calls `publish` `count` times at an even pace, whether or not the calls before have ended. */
export async function pace(
  count: number,
  perSecond: number,
  publish: () => Promise<void>,
): Promise<void> {
  const everyMs = 1_000 / perSecond
  const began = performance.now()
  const calls: Promise<void>[] = []
  for (let done = 0; done < count; done += 1) {
    const early = began + done * everyMs - performance.now()
    if (early > 0) await sleep(early)
    calls.push(publish())
  }
  await Promise.all(calls)
}
