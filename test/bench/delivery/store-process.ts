// A store and nothing else: the cost of its claims.
import { openStore } from '../../../src/store/open-store.ts'
import type { Store } from '../../../src/store/store.ts'
import { answerCalls } from './calls.ts'
import { endpointId } from './contender.ts'

export interface StoreCalls {
  open(name: string, url: string): Promise<void>
  /** Claims a hundred deliveries and gives them back, so many times. Resolves to the milliseconds of each claim. */
  claims(name: string, times: number): Promise<Float64Array>
}

const stores = new Map<string, Store>()
const owner = 'claimer'
const limit = 100

answerCalls<StoreCalls>(
  {
    async open(name, url) {
      stores.set(name, await openStore(url))
    },
    async claims(name, times) {
      const store = stores.get(name)
      if (store === undefined) throw new TypeError(`${name} is not open`)
      const taken = new Float64Array(times)
      for (let time = 0; time < times; time += 1) taken[time] = await claimOnce(store)
      return taken
    },
  },
  async () => {
    await Promise.all([...stores.values()].map((store) => store[Symbol.asyncDispose]()))
  },
)

async function claimOnce(store: Store): Promise<number> {
  const now = Date.now()
  const began = performance.now()
  const claimed = await store.claim({
    lease: { owner, until: now + 60_000 },
    now,
    endpoints: [{ endpoint: endpointId, limit }],
  })
  const took = performance.now() - began
  if (claimed.length !== limit) throw new Error(`${claimed.length} claimed, not ${limit}`)
  await store.release(
    claimed.map(({ id }) => id),
    owner,
  )
  return took
}
