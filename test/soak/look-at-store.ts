import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Clock } from '../../src/clock.ts'
import { openStore } from '../../src/store/open-store.ts'

/** Ids of the messages that hosts hold, dead ones too. */
export async function inHands(url: string, clock: Clock): Promise<ReadonlySet<string>> {
  await using store = await openStore(url, { clock })
  const ids = new Set<string>()
  let cursor: string | null = null
  do {
    const page = await store.deliveries({
      state: 'sending',
      ...(cursor === null ? {} : { cursor }),
    })
    for (const { messageId } of page.rows) ids.add(messageId)
    cursor = page.nextCursor
  } while (cursor !== null)
  return ids
}

/** Resolves when nothing waits and nothing is dead. */
export async function allSettled(url: string, clock: Clock, speed: number): Promise<void> {
  await using store = await openStore(url, { clock })
  const giveUpAt = performance.now() + 120_000 / speed + 30_000
  for (;;) {
    const { pending, sending, dead, oldestPendingAt } = await store.backlog()
    assert.equal(dead, 0)
    if (oldestPendingAt === null) return
    assert.ok(
      performance.now() < giveUpAt,
      `${pending} pending, ${sending} sending after all that time`,
    )
    await sleep(50)
  }
}
