// Stores of many callbacks, and what it costs to answer and to expire some of them.
import { CallbackBook } from '../../../src/callbacks/callback-book.ts'
import { newId } from '../../../src/ids.ts'
import { DispatchBook } from '../../../src/parking/dispatch-book.ts'
import type { DispatchRecord } from '../../../src/parking/dispatch-record.ts'
import { openStore } from '../../../src/store/open-store.ts'
import type { Store } from '../../../src/store/store.ts'
import { answerCalls } from '../delivery/calls.ts'
import { connections } from '../delivery/contender.ts'
import { wait } from './waiting.ts'

export interface ManyCalls {
  /** Fills a store with callbacks that wait: for nobody, or each for a dispatch that is parked. */
  fill(store: string, count: number, what: 'callbacks' | 'parked dispatches'): Promise<void>
  /** Opens a store that was filled, under a name. */
  open(name: string, store: string): Promise<void>
  /** Answers some that stand anywhere, at once, and lets as many wait anew. Resolves to how many a second. */
  answer(name: string, count: number): Promise<number>
  /** Lets some expire in one sweep. Resolves to how many a second. */
  sweep(name: string, count: number): Promise<number>
  close(): Promise<void>
}

const perWrite = 500
const day = 86_400_000
const payload = Buffer.from('{"approved":true,"by":"ada"}')
const filled = new Map<string, string[]>()
const opened = new Map<string, { readonly store: Store; readonly ids: string[] }>()

answerCalls<ManyCalls>(
  {
    async fill(url, count, what) {
      await using store = await openStore(url)
      filled.set(url, what === 'callbacks' ? await wait(store, count) : await park(store, count))
    },
    async open(name, url) {
      opened.set(name, { store: await openStore(url), ids: filled.get(url) ?? [] })
    },
    async answer(name, count) {
      const { store, ids } = at(name)
      const book = new CallbackBook(store)
      const step = Math.floor(ids.length / count)
      const places = Array.from({ length: count }, (_, index) => index * step)
      const queue = places.map((place) => ids[place] ?? '')
      const start = performance.now()
      const answerOn = async (): Promise<void> => {
        for (let id = queue.pop(); id !== undefined; id = queue.pop()) {
          if ((await book.complete(id, payload)) === undefined) throw new TypeError('nobody waits')
        }
      }
      await Promise.all(Array.from({ length: connections }, answerOn))
      const rate = perSecond(count, start)
      const fresh = await wait(store, count)
      for (const [index, place] of places.entries()) ids[place] = fresh[index] ?? ''
      return rate
    },
    async sweep(name, count) {
      const { store } = at(name)
      await wait(store, count, 0)
      const start = performance.now()
      const expired = await new CallbackBook(store).expireDue(count)
      if (expired.length !== count) throw new TypeError(`${expired.length} expired`)
      return perSecond(count, start)
    },
    close,
  },
  close,
)

async function close(): Promise<void> {
  for (const { store } of opened.values()) await store[Symbol.asyncDispose]()
  opened.clear()
}

function at(name: string) {
  const found = opened.get(name)
  if (found === undefined) throw new TypeError(`${name} is not open`)
  return found
}

/** Dispatches as a host leaves them that is gone, each with the callback it waits for. Resolves to the callbacks. */
async function park(store: Store, count: number): Promise<string[]> {
  const callbacks = new CallbackBook(store)
  const dispatches = new DispatchBook(store, () => day)
  const host = newId()
  const ids: string[] = []
  while (ids.length < count) {
    const pairs = Array.from({ length: Math.min(perWrite, count - ids.length) }, () => {
      const dispatch = newId()
      const meta = { host, by: 'orders', dispatch, event: 'ship', meta: { order: 'one' } }
      const { callback, write } = callbacks.draft({
        ...{ waiter: 'dispatches', timeoutMs: 20 * day, meta },
      })
      const record = aParked(dispatch, callback.id, callback.deadline, host)
      return { id: callback.id, writes: [write, dispatches.draft(record, 'absent')] }
    })
    await store.writeRecords(pairs.flatMap(({ writes }) => writes))
    ids.push(...pairs.map(({ id }) => id))
  }
  return ids
}

function aParked(
  dispatchId: string,
  callbackId: string,
  expiresAt: number,
  holder: string,
): DispatchRecord {
  const choice = { include: undefined, exclude: undefined, phases: undefined, first: false }
  const wait = { by: 'orders', connector: 'orders', place: 0, callbackId, expiresAt }
  const now = Date.now()
  return {
    stand: {
      ...{ dispatchId, traceId: '0af7651916cd43dd8448eb211c80319c', event: 'ship' },
      ...{ params: { order: 'one' }, source: undefined, actor: undefined, depth: 0, workedMs: 1 },
      choice: { ...choice, onError: 'fail', timeoutMs: 30_000 },
      ...{ phase: 'before', warnings: [], results: [], waits: [wait], isHeld: false },
    },
    ...{ state: 'parked', holder, hasBegun: false, outcome: null },
    ...{ createdAt: now, updatedAt: now },
  }
}

function perSecond(count: number, start: number): number {
  return (count * 1_000) / (performance.now() - start)
}
