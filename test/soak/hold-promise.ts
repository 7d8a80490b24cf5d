import assert from 'node:assert/strict'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { type HostilePath, startHostile } from '../helpers/hostile-receiver.ts'
import { type StartedProject, startProject } from '../helpers/start-host.ts'

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

/**
 * Dispatches events whose before-webhook misbehaves, 25 at a time, and holds each to its deadline + 50 ms, plus what the event
 * loop itself was late. Memory is compared after collection, when all is over.
 */
export async function holdPromise({
  dispatches,
}: {
  readonly dispatches: number
}): Promise<Record<string, number>> {
  await using hostile = await startHostile()
  await using project = await startProject(assemblyFor(hostile.at.bind(hostile)))
  await dispatchAll(project, paths.length) // warm: connections, compiled schemas, clients
  const before = memoryMiB()
  const loop = monitorEventLoopDelay({ resolution: 10 })
  loop.enable()

  const durations = await dispatchAll(project, dispatches)

  loop.disable()
  const lateMs = loop.max / 1e6
  const longestMs = Math.max(...durations)
  assert.ok(
    longestMs <= deadlineMs + allowedMs + lateMs,
    `held ${longestMs} ms, deadline ${deadlineMs}, loop late ${lateMs}`,
  )
  const grownMiB = memoryMiB() - before
  assert.ok(grownMiB < memoryLimitMiB, `memory grew by ${grownMiB} MiB`)
  return {
    dispatches: durations.length,
    'deadline ms': deadlineMs,
    'longest held ms': Math.round(longestMs),
    'loop late at most ms': Math.round(lateMs),
    'memory grown MiB': Math.round(grownMiB),
  }
}

function assemblyFor(urlOf: (path: HostilePath) => URL): string {
  const webhooks = paths.map(
    (path) => `
  - name: hook${path.replaceAll('/', '-')}
    events: before:adjust
    url: ${urlOf(path)}
    secret: s3cr3t
    when: { properties: { component: { const: ${path} } } }`,
  )
  return `
host: { store: 'memory:', event_timeout: ${deadlineMs}ms }
connectors: { adjuster: ./adjuster.ts, webhooks: webhooks }
webhooks:${webhooks.join('')}
`
}

async function dispatchAll({ host }: StartedProject, count: number): Promise<number[]> {
  const durations: number[] = []
  let next = 0
  const worker = async (): Promise<void> => {
    for (let index = next++; index < count; index = next++) {
      const component = paths[index % paths.length]
      const start = performance.now()
      const outcome = await host.dispatch('adjust', { component, amount: 1 })
      durations.push(performance.now() - start)
      assert.notEqual(outcome.kind, 'completed', `${component} was taken for an approval`)
    }
  }
  await Promise.all(Array.from({ length: 25 }, worker))
  return durations
}

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void // what the flag above exposes

function memoryMiB(): number {
  collect()
  const { heapUsed, external } = process.memoryUsage()
  return (heapUsed + external) / 2 ** 20
}
