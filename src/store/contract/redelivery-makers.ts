import assert from 'node:assert/strict'
import type { DeliveryRow, Lease, Store } from '../store.ts'
import { aClaim, anAdvance, type aRedelivery, delivered, noon, second } from './makers.ts'

/** Of the host that holds redeliveries. */
export const lease: Lease = { owner: 'a', until: noon + 90 * second }

type Redelivery = NonNullable<Awaited<ReturnType<Store['redelivery']>>>

/** Its state, and its numbers. */
export function counts(redelivery: Redelivery | undefined): unknown[] {
  if (redelivery === undefined) return []
  const { state, processed, redelivered, skipped } = redelivery
  return [state, processed, redelivered, skipped]
}

/** Asks for a redelivery and makes its first step. */
export async function redeliverAll(
  store: Store,
  asked: ReturnType<typeof aRedelivery>,
): Promise<Redelivery> {
  const { id, createdAt } = await store.createRedelivery(asked)
  await store.holdRedelivery(lease, noon)
  const step = await store.advanceRedelivery(id, anAdvance({ now: createdAt }))
  assert.ok(step)
  return step.redelivery
}

/** Brings the one delivery that waits to a state. */
export async function bring(store: Store, state: DeliveryRow['state']): Promise<void> {
  if (state === 'pending') return
  const [claimed] = await store.claim(aClaim({ now: noon + 3600 * second }))
  assert.ok(claimed)
  if (state === 'delivered') await store.settle([delivered(claimed)])
  if (state === 'dead') {
    await store.settle([delivered(claimed, { next: { kind: 'dead', reason: 'again' } })])
  }
}
