import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { describe, it } from 'node:test'
import { CarabinerError } from '../../src/errors.ts'
import { createMetrics } from '../../src/metrics.ts'
import type { Backlog } from '../../src/store/store.ts'
import { FakeClock } from '../helpers/fake-clock.ts'
import { anOutcome, servedHost } from '../helpers/served-host.ts'

const clock = new FakeClock(60_000)
const backlog: Backlog = { pending: 3, sending: 1, dead: 2, oldestPendingAt: 48_000 }
const circuits = () => ({ closed: 7, open: 2, 'half-open': 1 })

describe('GET /metrics', () => {
  it('names a hundred endpoints, and counts the others as one', async () => {
    const store = { backlog: async () => backlog }
    const { registry, deliveries } = createMetrics({ store, circuits, clock, version: '1.2.3' })
    await using host = await servedHost({ registry })

    for (let n = 0; n < 150; n += 1) {
      const endpoint = `webhooks/${n}`
      const times = { durationMs: 12, sinceAcceptedMs: 30 }
      deliveries.attempted({ endpoint, number: 1, outcome: 'delivered', ...times })
    }
    const { text } = await host.request('/metrics')

    const lines = text.split('\n').filter((line) => line.startsWith('carabiner_delivery_attempts_'))
    assert.equal(lines.length, 101)
    const rest = 'carabiner_delivery_attempts_total{outcome="delivered",endpoint="other"} 50'
    assert.ok(lines.includes(rest))
  })

  it('shows what was counted', async () => {
    const store = { backlog: async () => backlog }
    const metrics = createMetrics({ store, circuits, clock, version: '1.2.3' })
    await using host = await servedHost({ registry: metrics.registry })
    const failure = { connector: 'a', phase: 'on', code: 'HANDLER_FAILED', message: '' } as const

    metrics.dispatches.finished(anOutcome())
    metrics.dispatches.handlerFailed(failure)
    metrics.deliveries.accepted(2)
    const attempt = { endpoint: 'webhooks/audit', durationMs: 12, sinceAcceptedMs: 30 }
    metrics.deliveries.attempted({ ...attempt, number: 1, outcome: 'retryable' })
    metrics.deliveries.attempted({ ...attempt, number: 2, outcome: 'delivered' })
    metrics.deliveries.settled('dead', 'webhooks/audit', 900)
    metrics.deliveries.circuit('webhooks/audit', 'open')
    metrics.deliveries.redelivered(5, 3)
    metrics.scope.counter('decisions_total', 'Decisions', ['kind']).add({ kind: 'allow' }, 4)
    metrics.scope.counter('decisions_total', 'Decisions', ['kind']).add({ kind: 'allow' })
    const answer = await host.request('/metrics')

    assert.match(answer.headers.get('content-type') ?? '', /^text\/plain; version=0\.0\.4/)
    for (const line of [
      `carabiner_build_info{version="1.2.3",node="${process.version}"} 1`,
      'carabiner_dispatches_total{event="adjust",outcome="completed"} 1',
      'carabiner_dispatch_duration_seconds_count{event="adjust"} 1',
      'carabiner_handler_failures_total{connector="a",phase="on",code="HANDLER_FAILED"} 1',
      'carabiner_deliveries_accepted_total 2',
      'carabiner_delivery_attempts_total{outcome="delivered",endpoint="webhooks/audit"} 1',
      'carabiner_delivery_attempt_duration_seconds_count 2',
      'carabiner_delivery_first_attempt_seconds_count 1',
      'carabiner_deliveries_settled_total{state="dead"} 1',
      'carabiner_circuit_changes_total{state="open"} 1',
      'carabiner_redelivered_total{result="made"} 5',
      'carabiner_redelivered_total{result="skipped"} 3',
      'carabiner_deliveries{state="pending"} 3',
      'carabiner_oldest_pending_seconds 12',
      'carabiner_circuits{state="closed"} 7',
      'carabiner_circuits{state="half-open"} 1',
      'carabiner_store_up 1',
      'carabiner_decisions_total{kind="allow"} 5',
    ]) {
      assert.ok(answer.text.includes(`${line}\n`), `${line} in\n${answer.text}`)
    }
    assert.match(answer.text, /^process_cpu_seconds_total /m)
  })

  it('reads a backlog that takes long to count no more often than for 5 % of the time', async () => {
    const slow = new FakeClock()
    let readings = 0
    const store = {
      async backlog(): Promise<Backlog> {
        readings += 1
        await slow.advance(100)
        return { ...backlog, pending: readings }
      },
    }
    const { registry } = createMetrics({ store, circuits, clock: slow, version: '1.2.3' })
    const pending = async (): Promise<unknown> =>
      /^carabiner_deliveries\{state="pending"\} (\d+)$/m.exec(await registry.metrics())?.[1]

    assert.equal(await pending(), '1')
    await slow.advance(1_899)
    assert.equal(await pending(), '1')
    await slow.advance(1)
    assert.equal(await pending(), '2')
  })

  it('tells that the store is away, and everything else', async () => {
    const away = (): Promise<never> =>
      Promise.reject(new CarabinerError('STORE_UNAVAILABLE', 'away'))
    const store = { backlog: away }
    const { registry } = createMetrics({ store, circuits, clock, version: '1.2.3' })
    await using host = await servedHost({ registry })

    const answer = await host.request('/metrics')

    assert.equal(answer.status, 200)
    assert.match(answer.text, /^carabiner_store_up 0$/m)
    assert.doesNotMatch(answer.text, /^carabiner_(deliveries\{|oldest_pending_seconds)/m)
  })

  it('has every metric of its own in docs/metrics.md', async () => {
    const store = { backlog: async () => backlog }
    const { registry } = createMetrics({ store, circuits, clock, version: '1.2.3' })

    const page = await readFile(new URL('../../docs/metrics.md', import.meta.url), 'utf8')

    const documented = [...page.matchAll(/^\| `(carabiner_\w+)`/gm)].map(([, name]) => name)
    const own = registry.getMetricsAsArray().map(({ name }) => name)
    const registered = own.filter((name) => name.startsWith('carabiner_'))
    assert.deepEqual(documented.sort(), registered.sort())
  })
})
