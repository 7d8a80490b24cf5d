import assert from 'node:assert/strict'
import { systemClock } from '../../src/clock.ts'
import type { EndpointDefinition } from '../../src/delivery/endpoint.ts'
import { createUndiciSender } from '../../src/delivery/senders/undici-sender.ts'
import { anEndpoint, anOutboundMessage, openTestStore, startEngine } from '../helpers/engine.ts'
import { type ReceivedRequest, receiver } from '../helpers/receiver.ts'

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
  await using to = await Receivers.start()
  await using sender = createUndiciSender({ clock: systemClock, egress })
  await using opened = await openTestStore('sqlite')
  const healthy = endpointsNamed('healthy', options.endpoints, to.url)
  const hanging = endpointsNamed('hanging', Math.ceil(options.endpoints / 100), to.url)
  const behind = endpointsNamed('behind', 1, to.url)
  const endpoints = [...healthy, ...hanging, ...behind]
  await using running = startEngine({ store: opened.store, sender, endpoints })
  const publish = async (endpoint: EndpointDefinition | undefined): Promise<void> => {
    const body = Buffer.from(JSON.stringify({ at: performance.now() }))
    await running.engine.send([anOutboundMessage({ body, to: [{ endpoint: endpoint?.id ?? '' }] })])
  }

  await atPace(options, (n) => publish(healthy[n % healthy.length]))
  await to.arrived('healthy', options.messages)
  const baselineP99Ms = to.p99('healthy')

  for (let n = 0; n < options.backlog; n += 500) {
    const target = [{ endpoint: 'behind/0' }]
    await running.engine.send(Array.from({ length: 500 }, () => anOutboundMessage({ to: target })))
  }
  await atPace(options, async (n) => {
    await Promise.all([publish(healthy[n % healthy.length]), publish(hanging[n % hanging.length])])
  })
  await to.arrived('healthy', 2 * options.messages)

  for (const { id, waiting } of running.engine.endpoints()) {
    if (id.startsWith('hanging')) assert.ok(waiting <= 32, `${id} keeps ${waiting} in memory`)
  }
  assert.equal(new Set(to.idsOf('healthy')).size, 2 * options.messages)
  assert.equal(to.idsOf('healthy').length, 2 * options.messages, 'nothing arrived twice')
  return {
    delivered: 2 * options.messages,
    baselineP99Ms: Math.round(baselineP99Ms),
    p99Ms: Math.round(to.p99('healthy', options.messages)),
    drained: to.idsOf('behind').length,
    hanging: to.idsOf('hanging').length,
  }
}

function endpointsNamed(kind: string, count: number, url: string): EndpointDefinition[] {
  return Array.from({ length: count }, (_, n) =>
    anEndpoint({ id: `${kind}/${n}`, url: `${url}/${kind}`, timeoutMs: 600_000 }),
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

/** One receiver for all endpoints: what comes to `/hanging` is never answered. */
class Receivers implements AsyncDisposable {
  readonly #arrivals = new Map<string, { readonly id: string; readonly ageMs: number }[]>()
  readonly #stop: () => PromiseLike<void>
  readonly url: string
  #waiting: (() => void)[] = []

  private constructor(url: string, stop: () => PromiseLike<void>) {
    this.url = url
    this.#stop = stop
  }

  static async start(): Promise<Receivers> {
    const answers = [(request: ReceivedRequest) => receivers.#take(request)]
    const opened = await receiver({ answers })
    const receivers: Receivers = new Receivers(opened.url, () => opened[Symbol.asyncDispose]())
    return receivers
  }

  idsOf(kind: string): string[] {
    return this.#of(kind).map(({ id }) => id)
  }

  /** @param last - of so many that arrived last @defaultValue all */
  p99(kind: string, last = Number.POSITIVE_INFINITY): number {
    const ages = this.#of(kind).slice(-last)
    const sorted = ages.map(({ ageMs }) => ageMs).sort((a, b) => a - b)
    return sorted[Math.floor(sorted.length * 0.99)] ?? 0
  }

  async arrived(kind: string, count: number): Promise<void> {
    const giveUpAt = performance.now() + 60_000
    while (this.#of(kind).length < count) {
      assert.ok(performance.now() < giveUpAt, `${this.#of(kind).length} of ${count} arrived`)
      await new Promise<void>((resolve) => this.#waiting.push(resolve))
    }
  }

  [Symbol.asyncDispose](): PromiseLike<void> {
    return this.#stop()
  }

  #of(kind: string): { readonly id: string; readonly ageMs: number }[] {
    const known = this.#arrivals.get(kind) ?? []
    this.#arrivals.set(kind, known)
    return known
  }

  #take({ path, headers, text, at }: ReceivedRequest): number | Promise<number> {
    const kind = path.slice(1)
    const ageMs = kind === 'behind' ? 0 : at - Number(JSON.parse(text).at)
    this.#of(kind).push({ id: headers['webhook-id'] ?? '', ageMs })
    for (const resolve of this.#waiting.splice(0)) resolve()
    return kind === 'hanging' ? new Promise<number>(() => {}) : 204
  }
}

if (import.meta.main) {
  console.log(
    await isolation({ endpoints: 1_000, backlog: 100_000, messages: 10_000, perSecond: 500 }),
  )
}
