import { Gauge, type Registry } from 'prom-client'
import type { Clock } from '../clock.ts'
import { CarabinerError } from '../errors.ts'
import type { Store } from '../store/store.ts'

/** Gauges of what is in the store, read when somebody asks for the metrics. A store that is away is told, not hidden. */
export function storeMetrics(
  registry: Registry,
  store: Pick<Store, 'backlog'>,
  clock: Clock,
): void {
  const registers = [registry]
  // One scrape reads each once, however many gauges it fills.
  const backlog = shared(() => whileThere(store.backlog()), clock)

  new Gauge({
    name: 'carabiner_store_up',
    help: '1 when the store answers, 0 when it is away',
    registers,
    async collect() {
      this.set((await backlog()) === undefined ? 0 : 1)
    },
  })
  new Gauge({
    name: 'carabiner_deliveries',
    help: 'Deliveries in the store that are not delivered, by state',
    labelNames: ['state'],
    registers,
    async collect() {
      const counts = await backlog()
      this.reset()
      if (counts === undefined) return
      this.set({ state: 'pending' }, counts.pending)
      this.set({ state: 'sending' }, counts.sending)
      this.set({ state: 'dead' }, counts.dead)
    },
  })
  new Gauge({
    name: 'carabiner_oldest_pending_seconds',
    help: 'Age of the oldest delivery that is not settled, 0 without one',
    registers,
    async collect() {
      const counts = await backlog()
      // Without labels, `reset` would say 0: that nothing waits.
      this.remove()
      if (counts === undefined) return
      const oldest = counts.oldestPendingAt ?? clock.now()
      this.set(Math.max(0, clock.now() - oldest) / 1_000)
    },
  })
}

/** The value, or `undefined` while the store is away. */
async function whileThere<T>(reading: Promise<T>): Promise<T | undefined> {
  try {
    return await reading
  } catch (error) {
    if (error instanceof CarabinerError && error.code === 'STORE_UNAVAILABLE') return undefined
    throw error
  }
}

/** A reading is shown again until this many times what it took has passed since it began. */
const restFactor = 20

/** Lets everybody who asks while an answer is on its way have that one, and rests after one that took long. */
function shared<T>(read: () => Promise<T>, clock: Clock): () => Promise<T> {
  let reading: Promise<T> | undefined
  let staleAt = Number.POSITIVE_INFINITY

  const start = (): Promise<T> => {
    const startedAt = clock.monotonic()
    staleAt = Number.POSITIVE_INFINITY
    return read().finally(() => {
      const now = clock.monotonic()
      staleAt = startedAt + restFactor * (now - startedAt)
    })
  }
  return () => {
    if (reading === undefined || clock.monotonic() >= staleAt) reading = start()
    return reading
  }
}
