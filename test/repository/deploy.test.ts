import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import { describe, it } from 'node:test'
import { parse, parseAllDocuments } from 'yaml'
import { systemClock } from '../../src/clock.ts'
import { createMetrics } from '../../src/metrics.ts'
import { openStore } from '../../src/store/open-store.ts'

const root = new URL('../../', import.meta.url)
const read = (path: string): Promise<string> => readFile(new URL(path, root), 'utf8')

interface Rules {
  readonly groups: readonly {
    readonly rules: readonly { readonly alert: string; readonly expr: string }[]
  }[]
}

describe('what a host is deployed with', () => {
  it('alerts on metrics that a host has', async () => {
    await using store = await openStore('memory:')
    const { registry } = createMetrics({
      store,
      circuits: () => ({ closed: 0, open: 0, 'half-open': 0 }),
      clock: systemClock,
      version: '0.0.0',
    })
    const names = registry.getMetricsAsArray().map(({ name }) => name)
    const { groups }: Rules = parse(await read('deploy/alerts.yaml'))
    const rules = groups.flatMap((group) => group.rules)

    assert.ok(rules.length >= 10)
    for (const { alert, expr } of rules) {
      const used = expr.match(/\b(?:carabiner|nodejs|process)_[a-z0-9_]+/g) ?? []
      if (alert !== 'CarabinerDown') assert.ok(used.length > 0, alert)
      for (const name of used) {
        const metric = name.replace(/_(?:bucket|sum|count)$/, '')
        assert.ok(names.includes(metric) || names.includes(name), `${alert}: ${name}`)
      }
    }
  })

  it('says for each alert what to do', async () => {
    const { groups }: Rules = parse(await read('deploy/alerts.yaml'))
    const page = await read('docs/operations.md')
    for (const { alert } of groups.flatMap((group) => group.rules)) {
      assert.match(page, new RegExp(`\\| \`${alert}\` +\\|`), alert)
    }
  })

  it('probes paths that are served, and waits longer than a host drains', async () => {
    const [deployment] = parseAllDocuments(await read('deploy/kubernetes.yaml'))
    assert.deepEqual(deployment?.errors, [])
    const spec = deployment?.toJS().spec.template.spec
    const [container] = spec.containers
    const probes = ['startupProbe', 'livenessProbe', 'readinessProbe'].map(
      (name) => container[name].httpGet.path,
    )
    assert.deepEqual(probes, ['/livez', '/livez', '/readyz'])
    assert.ok(spec.terminationGracePeriodSeconds > 30)

    const unit = await read('deploy/carabiner.service')
    assert.ok(Number(/^TimeoutStopSec=(\d+)$/m.exec(unit)?.[1]) > 30)
  })
})
