import assert from 'node:assert/strict'
import { setTimeout as pause } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { systemClock } from '../../src/clock.ts'
import type { OutboundMessage } from '../../src/delivery/deliveries.ts'
import type { DeliveryObserver } from '../../src/delivery/delivery-observer.ts'
import type { DeliveryEngine } from '../../src/delivery/engine.ts'
import { retryPolicies } from '../../src/delivery/retry-policy.ts'
import { createUndiciSender } from '../../src/delivery/senders/undici-sender.ts'
import {
  anEndpoint,
  anOutboundMessage,
  eventually,
  openTestStore,
  startEngine,
} from '../helpers/engine.ts'
import type { HostilePath } from '../helpers/hostile-receiver.ts'
import { type HostileProcess, startHostileProcess } from './hostile-process.ts'
import { LoopDelay } from './loop-delay.ts'

/** Whether a request to it ends by its deadline, or by itself before that. */
const misbehaviours: Readonly<Record<string, { path: HostilePath | 'never'; ends: boolean }>> = {
  drip: { path: '/drip', ends: false },
  'drip in the header': { path: '/drip-head', ends: false },
  'half-open': { path: '/hang', ends: false },
  'half a body': { path: '/stalled-body', ends: false },
  'never accepts': { path: 'never', ends: false },
  endless: { path: '/endless', ends: true },
  'gzip bomb': { path: '/gzip-bomb', ends: true },
  'header flood': { path: '/header-flood', ends: true },
  'reset after the header': { path: '/reset-after-head', ends: true },
  '1xx storm': { path: '/information-storm', ends: true },
}

const deadlineMs = 1_000
const allowedMs = 1_000
const memoryLimitMiB = 50
const healthy = 'webhooks/healthy'
const healthyEveryMs = 10

const endsByItself: ReadonlySet<string> = new Set(
  Object.keys(misbehaviours)
    .filter((name) => misbehaviours[name]?.ends)
    .map(idOf),
)

/**
 * Delivers `each` messages to each kind of hostile receiver through an engine's outbox, beside a healthy receiver that is told something
 * every 10 ms: all at once, and then again, one every 10 ms. Every attempt ends by its deadline + 1 s, memory stays within 50 MiB, the healthy
 * one gets everything at the first try.
 * How far deadlines and the healthy one's p99 really move is counted, not asserted: that is the machine's affair too.
 */
export async function hostileDeliveries({
  each,
}: {
  readonly each: number
}): Promise<Record<string, number>> {
  await using hostile = await startHostileProcess()
  await using well = await startHostileProcess()
  await using opened = await openTestStore('sqlite')
  const egress = { default: 'trusted', allow: [], http: true, ports: 'any', proxy: null } as const
  await using sender = createUndiciSender({ egress, clock: systemClock })
  const seen = new Seen()
  await using running = startEngine({
    store: opened.store,
    sender,
    observe: seen,
    endpoints: endpointsOf(hostile, well),
  })
  const { engine } = running
  const alone = Math.max(100, each * 5)
  await tellHealthy(engine, seen, 50) // warm
  const before = memoryMiB()
  const calm = await tellHealthy(engine, seen, alone)

  using loop = new LoopDelay()
  const started = performance.now()
  const names = Object.keys(misbehaviours)
  const messages = names.flatMap((name) => Array.from({ length: each }, () => messageTo(name)))
  await engine.send(messages)
  const atOnce: number[] = []
  let mostMiB = 0
  while (seen.hostileAttempts.length < messages.length) {
    atOnce.push(...(await tellHealthy(engine, seen, 100)))
    mostMiB = Math.max(mostMiB, memoryMiB())
  }
  const lateMs = loop.longest(started, performance.now())
  const besides = names.length * each
  const inTurn = await tellHealthy(engine, seen, besides, (n) => [
    messageTo(names[n % names.length] ?? ''),
  ])
  await eventually(() => seen.hostileAttempts.length === 2 * besides, 'an attempt did not end')
  // What has just been received is let go of when its connection is closed.
  await tellHealthy(engine, seen, 20)
  mostMiB = Math.max(mostMiB, memoryMiB())

  const longest = Math.max(...seen.hostileAttempts.map(({ durationMs }) => durationMs))
  for (const { endpoint, durationMs } of seen.hostileAttempts) {
    assert.ok(durationMs <= deadlineMs + allowedMs, `${endpoint} was sent to for ${durationMs} ms`)
    if (endsByItself.has(endpoint)) continue
    assert.ok(durationMs >= deadlineMs - 2, `${endpoint} was given up after ${durationMs} ms`)
  }
  const grownMiB = mostMiB - before
  assert.ok(grownMiB < memoryLimitMiB, `memory grew by ${grownMiB} MiB`)
  return {
    'ways to misbehave': names.length,
    deliveries: seen.hostileAttempts.length,
    'deadline ms': deadlineMs,
    'longest attempt ms': Math.round(longest),
    'loop late at most ms': Math.round(lateMs),
    'memory grown MiB': Math.round(grownMiB),
    'healthy p99 alone ms': p99(calm),
    'healthy p99 beside all at once ms': p99(atOnce),
    'healthy p99 beside a hundred a second ms': p99(inTurn),
  }
}

function endpointsOf(
  { hostile, never }: HostileProcess,
  well: HostileProcess,
): ReturnType<typeof anEndpoint>[] {
  const once = { ...retryPolicies.standard, maxTries: 1 }
  const common = { timeoutMs: deadlineMs, retry: once, circuitBreaker: false } as const
  return [
    anEndpoint({ ...common, id: healthy, url: `${well.hostile}/ok`, timeoutMs: 30_000 }),
    ...Object.entries(misbehaviours).map(([name, { path }]) =>
      anEndpoint({ ...common, id: idOf(name), url: path === 'never' ? never : hostile + path }),
    ),
  ]
}

/**
 * One message after the other, at a steady pace. Gives milliseconds from acceptance to the reply, for each.
 *
 * @param beside - what else is sent just before one of them
 */
async function tellHealthy(
  engine: DeliveryEngine,
  seen: Seen,
  count: number,
  beside: (index: number) => readonly OutboundMessage[] = () => [],
): Promise<number[]> {
  const from = seen.healthyMs.length
  for (let index = 0; index < count; index += 1) {
    await engine.send([...beside(index), anOutboundMessage({ to: [{ endpoint: healthy }] })])
    await pause(healthyEveryMs)
  }
  await eventually(() => seen.healthyMs.length === from + count, 'the healthy one was forgotten')
  return seen.healthyMs.slice(from)
}

/** What the engine says it has done. */
class Seen implements DeliveryObserver {
  readonly hostileAttempts: { readonly endpoint: string; readonly durationMs: number }[] = []
  readonly healthyMs: number[] = []

  attempted({
    endpoint,
    outcome,
    durationMs,
    sinceAcceptedMs,
  }: Parameters<DeliveryObserver['attempted']>[0]): void {
    if (endpoint !== healthy) {
      this.hostileAttempts.push({ endpoint, durationMs })
      return
    }
    assert.equal(outcome, 'delivered', 'the healthy one suffers')
    this.healthyMs.push(sinceAcceptedMs + durationMs)
  }

  accepted(): void {}
  settled(): void {}
  circuit(): void {}
  redelivered(): void {}
  stored(): void {}
}

function messageTo(name: string): ReturnType<typeof anOutboundMessage> {
  return anOutboundMessage({ to: [{ endpoint: idOf(name) }] })
}

function idOf(name: string): string {
  return `webhooks/${name.replaceAll(' ', '-')}`
}

/** To a hundredth of a millisecond. */
function p99(ms: readonly number[]): number {
  const sorted = ms.toSorted((a, b) => a - b)
  const value = sorted[Math.ceil(sorted.length * 0.99) - 1] ?? 0
  return Math.round(value * 100) / 100
}

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void // what the flag above exposes

function memoryMiB(): number {
  collect()
  collect() // what the first has left to be finalized
  const { heapUsed, external } = process.memoryUsage()
  return (heapUsed + external) / 2 ** 20
}
