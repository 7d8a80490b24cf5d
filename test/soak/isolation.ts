import assert from 'node:assert/strict'
import { systemClock } from '../../src/clock.ts'
import type { EndpointDefinition } from '../../src/delivery/endpoint.ts'
import { createUndiciSender } from '../../src/delivery/senders/undici-sender.ts'
import { nowMs } from '../bench/delivery/body.ts'
import { anEndpoint, anOutboundMessage, openTestStore, startEngine } from '../helpers/engine.ts'
import { type EndpointKind, startIsolationProcess } from './isolation-process.ts'

export interface IsolationOptions {
  /** Healthy ones; a hundredth as many hang, and one has a backlog. */
  readonly endpoints: number
  /** Deliveries that wait for one endpoint from the start. */
  readonly backlog: number
  /** Messages to healthy endpoints, in each of the two runs; as many again to those that hang. */
  readonly messages: number
  /** Messages to healthy endpoints a second. */
  readonly perSecond: number
}

export interface IsolationReport {
  readonly delivered: number
  /** Milliseconds from the call of `send` to the arrival: all endpoints healthy; some hanging, one with a backlog. */
  readonly baselineP99Ms: number
  readonly p99Ms: number
  /** Of the endpoint with the backlog, delivered by the end. */
  readonly drained: number
  readonly hanging: number
}

const egress = { default: 'trusted', allow: [], http: true, ports: 'any', proxy: null } as const

/**
 * Sends to many endpoints on one store, first while all are well, then while some hang and take half the traffic and one has a backlog.
 *
 * Asserts that all deliveries to healthy endpoints arrive, once, and that what hangs keeps no more than its own places.
 */
export async function isolation(options: IsolationOptions): Promise<IsolationReport> {
  const { endpoints: count, messages } = options
  await using to = await startIsolationProcess()
  await using sender = createUndiciSender({ clock: systemClock, egress })
  await using opened = await openTestStore('sqlite')
  const healthy = endpointsOf('healthy', count, to.url)
  const hanging = endpointsOf('hanging', Math.ceil(count / 100), to.url)
  const behind = endpointsOf('behind', 1, to.url)
  const endpoints = [...healthy, ...hanging, ...behind]
  await using running = startEngine({ store: opened.store, sender, endpoints })
  const publish = async (endpoint: EndpointDefinition | undefined): Promise<void> => {
    const body = Buffer.from(JSON.stringify({ at: nowMs() }))
    await running.engine.send([anOutboundMessage({ body, to: [{ endpoint: endpoint?.id ?? '' }] })])
  }

  await atPace(options, (n) => publish(healthy[n % healthy.length]))
  const baseline = await to.arrived(messages, messages)

  for (let n = 0; n < options.backlog; n += 500) {
    const target = [{ endpoint: 'behind/0' }]
    await running.engine.send(Array.from({ length: 500 }, () => anOutboundMessage({ to: target })))
  }
  await atPace(options, async (n) => {
    await Promise.all([publish(healthy[n % healthy.length]), publish(hanging[n % hanging.length])])
  })
  const arrived = await to.arrived(2 * messages, messages)

  for (const { id, waiting } of running.engine.endpoints()) {
    if (id.startsWith('hanging')) assert.ok(waiting <= 32, `${id} keeps ${waiting} in memory`)
  }
  assert.equal(arrived.distinct, 2 * messages)
  assert.equal(arrived.healthy, 2 * messages, 'nothing arrived twice')
  return {
    delivered: arrived.healthy,
    baselineP99Ms: Math.round(baseline.p99Ms),
    p99Ms: Math.round(arrived.p99Ms),
    drained: arrived.behind,
    hanging: arrived.hanging,
  }
}

function endpointsOf(
  kind: EndpointKind,
  count: number,
  urlOf: (kind: EndpointKind) => string,
): EndpointDefinition[] {
  return Array.from({ length: count }, (_, n) =>
    anEndpoint({ id: `${kind}/${n}`, url: urlOf(kind), timeoutMs: 600_000 }),
  )
}

/** Runs `step` so often, at that pace; one that takes longer does not hold up the next. */
async function atPace(
  { messages, perSecond }: IsolationOptions,
  step: (n: number) => Promise<void>,
): Promise<void> {
  const startedAt = performance.now()
  const steps: Promise<void>[] = []
  while (steps.length < messages) {
    const due = Math.min(messages, ((performance.now() - startedAt) * perSecond) / 1_000)
    while (steps.length < due) steps.push(step(steps.length))
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  await Promise.all(steps)
}

if (import.meta.main) {
  console.log(
    await isolation({ endpoints: 1_000, backlog: 100_000, messages: 10_000, perSecond: 500 }),
  )
}
