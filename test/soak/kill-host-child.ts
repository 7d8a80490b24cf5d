// A small host of its own process: commits messages, says so line by line, and delivers until it is killed.
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { retryPolicies } from '../../src/delivery/retry-policy.ts'
import { createUndiciSender } from '../../src/delivery/senders/undici-sender.ts'
import { CarabinerError } from '../../src/errors.ts'
import { newId } from '../../src/ids.ts'
import { openStore } from '../../src/store/open-store.ts'
import { anEndpoint, anOutboundMessage, startEngine } from '../helpers/engine.ts'
import { fastClock } from './fast-clock.ts'

const { values } = parseArgs({
  options: {
    store: { type: 'string', default: '' },
    url: { type: 'string', default: '' },
    messages: { type: 'string', default: '0' },
    epoch: { type: 'string', default: '0' },
    speed: { type: 'string', default: '1' },
    rate: { type: 'string' },
  },
})

const clock = fastClock(Number(values.epoch), Number(values.speed))
const store = await openStore(values.store, { clock })
const egress = { default: 'trusted', allow: [], http: true, ports: 'any', proxy: null } as const
const sender = createUndiciSender({ egress, clock })
const { engine } = startEngine({
  store,
  sender,
  clock,
  endpoints: [
    anEndpoint({
      url: values.url,
      concurrency: 16,
      timeoutMs: 60_000,
      rate: values.rate === undefined ? undefined : { count: Number(values.rate), perMs: 1_000 },
      retry: { ...retryPolicies.awa, maxTries: 1_000, baseMs: 500, factor: 1 },
    }),
  ],
})

let left = Number(values.messages)
while (left > 0) {
  const id = newId()
  try {
    await engine.send([anOutboundMessage({ id, body: Buffer.from(`"${id}"`) })])
    process.stdout.write(`${id}\n`)
    left -= 1
  } catch (error) {
    // Nothing was promised: whether it was stored nobody knows, so the next one is another message.
    if (!(error instanceof CarabinerError && error.code === 'STORE_UNAVAILABLE')) throw error
    await sleep(20)
  }
}
// Deliveries go on until the parent ends it: by then all are settled, or it is killed.
setInterval(() => {}, 60_000)
