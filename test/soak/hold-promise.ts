import assert from 'node:assert/strict'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import type { LookupAll } from '../../src/delivery/egress/host-lookup.ts'
import type { HostilePath } from '../helpers/hostile-receiver.ts'
import { type StartedProject, startProject } from '../helpers/start-host.ts'
import { type HostileProcess, startHostileProcess } from './hostile-process.ts'
import { LoopDelay } from './loop-delay.ts'

const paths: readonly HostilePath[] = [
  '/drip',
  '/drip-head',
  '/hang',
  '/hang-after-head',
  '/endless',
  '/gzip-bomb',
  '/brotli-bomb',
  '/header-flood',
  '/information-storm',
  '/retry-after',
  '/close',
  '/status/503',
]
const deadlineMs = 400
const allowedMs = 50
const memoryLimitMiB = 20
const atOnce = 25

/** One way an endpoint misbehaves. */
interface Misbehaviour {
  readonly name: string
  readonly url: string
}

/**
 * Dispatches events whose before-webhook misbehaves, 25 at a time, and holds each to its deadline + 50 ms, plus all that the
 * event loop was late in its time. The endpoints are a process of their own. Memory is compared after collections, under way too.
 */
export async function holdPromise({
  dispatches,
}: {
  readonly dispatches: number
}): Promise<Record<string, number>> {
  await using hostile = await startHostileProcess()
  const endpoints = endpointsOf(hostile)
  await using project = await startProject(assemblyFor(endpoints), { lookup: slowLookup })
  const names = endpoints.map(({ name }) => name)
  await dispatchAll(project, names, 2 * atOnce) // warm: connections, compiled schemas, clients
  const before = memoryMiB()

  const held = await dispatchAll(project, names, dispatches)

  for (const { name, heldMs, lateMs } of held.dispatches) {
    const words = `${name} was held ${heldMs} ms of ${deadlineMs}, the loop was ${lateMs} ms late`
    assert.ok(heldMs <= deadlineMs + allowedMs + lateMs, words)
  }
  const grownMiB = Math.max(held.mostMiB, memoryMiB()) - before
  assert.ok(grownMiB < memoryLimitMiB, `memory grew by ${grownMiB} MiB`)
  return {
    dispatches: held.dispatches.length,
    'ways to misbehave': names.length,
    'deadline ms': deadlineMs,
    'longest held ms': Math.round(Math.max(...held.dispatches.map(({ heldMs }) => heldMs))),
    'loop late at most ms': Math.round(Math.max(...held.dispatches.map(({ lateMs }) => lateMs))),
    'memory grown MiB': Math.round(grownMiB),
  }
}

function endpointsOf({ hostile, never }: HostileProcess): readonly Misbehaviour[] {
  return [
    ...paths.map((path) => ({ name: path.slice(1).replace('/', '-'), url: hostile + path })),
    { name: 'never-accepts', url: never },
    { name: 'slow-dns', url: 'http://slow.test/' },
    { name: 'no-dns', url: 'http://hangs.test/' },
  ]
}

/** DNS that answers after the deadline, or never. */
const slowLookup: LookupAll = (host, callback) => {
  if (host === 'slow.test') {
    const answer = (): void => callback(null, [{ address: '127.0.0.1', family: 4 }])
    setTimeout(answer, 3 * deadlineMs).unref()
  }
}

function assemblyFor(endpoints: readonly Misbehaviour[]): string {
  const webhooks = endpoints.map(
    ({ name, url }) => `
  - name: ${name}
    events: before:adjust
    url: ${url}
    secret: a-secret-of-this-test
    circuit_breaker: { failure_threshold: 1000 }
    when: { properties: { component: { const: ${name} } } }`,
  )
  return `
host: { store: 'memory:', event_timeout: ${deadlineMs}ms }
connectors: { adjuster: ./adjuster.ts, webhooks: webhooks }
webhooks:${webhooks.join('')}
`
}

interface Held {
  readonly dispatches: readonly {
    readonly name: string
    readonly heldMs: number
    readonly lateMs: number
  }[]
  /** Memory in use while dispatches were under way, each time after a collection. */
  readonly mostMiB: number
}

async function dispatchAll(
  { host }: StartedProject,
  names: readonly string[],
  count: number,
): Promise<Held> {
  using loop = new LoopDelay()
  const dispatches: Held['dispatches'][number][] = []
  let mostMiB = 0
  let next = 0
  const worker = async (): Promise<void> => {
    for (let index = next++; index < count; index = next++) {
      if (index % 100 === 99) mostMiB = Math.max(mostMiB, memoryMiB())
      const name = names[index % names.length] ?? ''
      const start = performance.now()
      const outcome = await host.dispatch('adjust', { component: name, amount: 1 })
      const end = performance.now()
      assert.notEqual(outcome.kind, 'completed', `${name} was taken for an approval`)
      dispatches.push({ name, heldMs: end - start, lateMs: loop.total(start, end) })
    }
  }
  await Promise.all(Array.from({ length: atOnce }, worker))
  return { dispatches, mostMiB }
}

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void // what the flag above exposes

function memoryMiB(): number {
  collect()
  const { heapUsed, external } = process.memoryUsage()
  return (heapUsed + external) / 2 ** 20
}
