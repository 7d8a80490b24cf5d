import { expectShortLives } from '../../../../src/cli/short-lived.ts'
import { systemClock } from '../../../../src/clock.ts'
import type { OutboundMessage } from '../../../../src/delivery/deliveries.ts'
import type { EndpointDefinition } from '../../../../src/delivery/endpoint.ts'
import { DeliveryEngine } from '../../../../src/delivery/engine.ts'
import { retryPolicies } from '../../../../src/delivery/retry-policy.ts'
import { createUndiciSender } from '../../../../src/delivery/senders/undici-sender.ts'
import { newId } from '../../../../src/ids.ts'
import { createMetrics } from '../../../../src/metrics.ts'
import { openStore } from '../../../../src/store/open-store.ts'
import { makeBody } from '../body.ts'
import { type Contender, connections, endpointId, storeAll } from '../contender.ts'
import { secret } from './signed-post.ts'

interface Running extends AsyncDisposable {
  readonly engine: DeliveryEngine
}

const traceId = newId()

/** Our engine with everything on: attempts recorded, breaker, egress guard, limits, deadline, metrics. */
export class CarabinerContender implements Contender {
  readonly #receiverUrl: string
  #running: Running | undefined

  constructor(receiverUrl: string) {
    this.#receiverUrl = receiverUrl
  }

  async prepare(url: string, count: number): Promise<void> {
    // As `carabiner run` does.
    await expectShortLives()
    this.#running = await openEngine(url, this.#receiverUrl)
    await storeAll(count, makeBody, (bodies) => this.store(bodies))
  }

  async start(): Promise<void> {
    this.#engine.start()
  }

  async store(bodies: readonly string[]): Promise<void> {
    await this.#engine.send(bodies.map(message))
  }

  async stop(): Promise<void> {
    await this.#running?.[Symbol.asyncDispose]()
    this.#running = undefined
  }

  get #engine(): DeliveryEngine {
    if (this.#running === undefined) throw new TypeError('the contender is not prepared')
    return this.#running.engine
  }
}

async function openEngine(url: string, receiverUrl: string): Promise<Running> {
  const clock = systemClock
  const store = await openStore(url, { clock })
  const egress = {
    default: 'guarded',
    allow: ['127.0.0.0/8'],
    http: true,
    ports: 'any',
    proxy: null,
  } as const
  const sender = createUndiciSender({ egress, clock })
  const metrics = createMetrics({
    store,
    circuits: () => engine.circuits(),
    clock,
    version: '0.0.0',
  })
  const engine: DeliveryEngine = new DeliveryEngine({
    store,
    clock,
    log: { debug() {}, info() {}, warn: say, error: say },
    hostId: newId(),
    version: '0.0.0',
    senders: { ask: async () => sender, deliver: async () => sender },
    observe: metrics.deliveries,
  })
  engine.endpoint(endpoint(receiverUrl))
  return {
    engine,
    async [Symbol.asyncDispose]() {
      await engine.stop(10_000)
      await sender[Symbol.asyncDispose]()
      await store[Symbol.asyncDispose]()
    },
  }
}

function endpoint(url: string): EndpointDefinition {
  return {
    id: endpointId,
    url,
    headers: {},
    secrets: [secret],
    signatures: ['standard'],
    timeoutMs: 10_000,
    retry: retryPolicies.standard,
    concurrency: connections,
    rate: undefined,
    circuitBreaker: { failureThreshold: 5, recoveryTimeoutMs: 30_000, count5xx: false },
    replyLimit: 65_536,
  }
}

function message(body: string): OutboundMessage {
  return {
    origin: 'webhook',
    type: 'after:bench',
    contentType: 'application/json',
    body: Buffer.from(body),
    traceId,
    depth: 0,
    to: [{ endpoint: endpointId }],
  }
}

/** A benchmark in which something went wrong must say so. */
function say(fields: object, text?: string): void {
  console.error(text, fields)
}
