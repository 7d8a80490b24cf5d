import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Check } from '../../src/connector/check.ts'
import { ConnectorHealth } from '../../src/connector/connector-health.ts'
import { defineConnector } from '../../src/connector/define-connector.ts'
import type { ConnectorInstance } from '../../src/connector/lifecycle.ts'
import { FakeClock } from '../helpers/fake-clock.ts'

function aCheck(id: string, run: Check['run'], health?: Check['health']): Check {
  return { id, name: `The ${id}`, severity: 'critical', tags: [], run, ...(health && { health }) }
}

function anInstance(...checks: readonly Check[]): ConnectorInstance {
  const connector = defineConnector({ name: 'db', checks, setup() {} })
  return { id: 'db', connector, config: { isUsed: true } }
}

describe('the health of connectors', () => {
  it('goes by the checks that say so, and each by itself', async () => {
    const always = (): boolean => true
    const instance = anInstance(
      aCheck('away', () => Promise.reject(new TypeError('it is away')), always),
      aCheck('wrong', () => false, always),
      aCheck('well', () => undefined, always),
      aCheck(
        'unused',
        () => false,
        (config) => config === null,
      ),
      aCheck('dear', () => false),
    )

    const checks = await new ConnectorHealth(new FakeClock()).look([instance])

    assert.deepEqual(checks, [
      { name: 'db.away', ok: false, detail: 'it is away' },
      { name: 'db.wrong', ok: false, detail: 'the check returned false' },
      { name: 'db.well', ok: true },
    ])
  })

  it('looks once for all who ask, and waits 1.5 s', async () => {
    const clock = new FakeClock()
    const health = new ConnectorHealth(clock)
    const signals: AbortSignal[] = []
    const hanging = aCheck(
      'hanging',
      ({ signal }) => {
        signals.push(signal)
        return new Promise(() => undefined)
      },
      () => true,
    )
    const looks = [health.look([anInstance(hanging)]), health.look([anInstance(hanging)])]
    await clock.advance(1_500)

    const late = [{ name: 'db.hanging', ok: false, detail: 'no answer within 1.5 s' }]
    assert.deepEqual(await Promise.all(looks), [late, late])
    assert.deepEqual(
      signals.map(({ aborted }) => aborted),
      [true],
    )
  })
})
