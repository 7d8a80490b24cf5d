import assert from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { newDeliveryId, newId, newMessageId } from '../../src/ids.ts'
import { openStore } from '../../src/store/open-store.ts'
import type { NewMessage } from '../../src/store/store.ts'
import { testPostgres } from '../helpers/postgres.ts'
import { type ReceivedRequest, receiver } from '../helpers/receiver.ts'
import { fastClock } from './fast-clock.ts'
import { HostChild } from './host-child.ts'
import { allSettled } from './look-at-store.ts'

export interface OrderedOptions {
  readonly keys: number
  /** Of each key. */
  readonly messages: number
  /** As in `killHost`. */
  readonly speed: number
}

export type OrderedReport = {
  readonly delivered: number
  readonly refused: number
}

/**
 * Three hosts on one PostgreSQL deliver messages that are ordered by key to a receiver that refuses a fifth of them; one host is killed in the middle.
 *
 * Asserts that no message arrives before all of its key that were stored earlier have been taken, nor any after a later one.
 */
export async function ordered({ keys, messages, speed }: OrderedOptions): Promise<OrderedReport> {
  await using server = testPostgres()
  const url = await server.database()
  const epoch = Date.now()
  const clock = fastClock(epoch, speed)
  const order = new KeyOrder()
  await using to = await receiver({ answers: [(request) => order.answer(request)] })
  {
    await using store = await openStore(url, { clock })
    for (let n = 0; n < messages; n += 1) {
      await store.enqueue(Array.from({ length: keys }, (_, key) => aMessage(key, n, clock.now())))
    }
  }

  const start = (): HostChild =>
    new HostChild({ store: url, url: to.url, epoch, speed, messages: 0 })
  const hosts = [start(), start(), start()]
  try {
    while (order.taken < (keys * messages) / 2) await sleep(5)
    await hosts.pop()?.kill()
    await allSettled(url, clock, speed)
  } finally {
    await Promise.all(hosts.map((host) => host.kill()))
  }

  assert.deepEqual(order.violations, [])
  assert.equal(order.taken, keys * messages)
  return { delivered: order.taken, refused: order.refused }
}

function aMessage(key: number, n: number, createdAt: number): NewMessage {
  return {
    id: newMessageId(),
    origin: 'webhook',
    type: 'after:adjust',
    contentType: 'application/json',
    body: Buffer.from(JSON.stringify({ key, n })),
    headers: {},
    traceId: newId(),
    depth: 0,
    tenant: null,
    createdAt,
    deliveries: [
      {
        id: newDeliveryId(),
        endpoint: 'webhooks/audit',
        dueAt: createdAt,
        orderKey: `key ${key}`,
        redeliveryOf: null,
      },
    ],
  }
}

/** What the receiver has seen of each key. */
class KeyOrder {
  readonly violations: string[] = []
  refused = 0
  readonly #taken = new Map<number, number>()

  /** Different messages taken. */
  get taken(): number {
    return [...this.#taken.values()].reduce((sum, count) => sum + count, 0)
  }

  async answer(request: ReceivedRequest): Promise<number> {
    const { key, n }: { readonly key: number; readonly n: number } = JSON.parse(request.text)
    const taken = this.#taken.get(key) ?? 0
    // The last one taken may come again when its host was killed before it was settled.
    if (n !== taken && n !== taken - 1) this.violations.push(`key ${key}: ${n} after ${taken}`)
    await sleep(Math.random() * 5)
    if (Math.random() < 0.2) {
      this.refused += 1
      return 503
    }
    this.#taken.set(key, Math.max(taken, n + 1))
    return 200
  }
}
