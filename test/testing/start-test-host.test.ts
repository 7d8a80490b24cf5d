import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { Duration, defineConnector, defineEvent } from 'carabiner'
import { FakeClock, startTestHost } from 'carabiner/testing'
import { Type } from 'typebox'
import webhooks from '../../plugins/webhooks/index.ts'

const ping = defineEvent('ping', { result: Type.String() })
const pinger = defineConnector({
  name: 'pinger',
  config: Type.Object({
    answer: Type.String({ default: 'pong' }),
    wait: Duration({ default: '1s' }),
  }),
  events: [ping],
  setup({ config, on, log }) {
    on(ping, () => {
      log.info({ wait: config.wait }, 'pinged')
      return config.answer
    })
  },
})

describe('startTestHost', () => {
  it('starts connectors as an assembly does: parsed, with defaults, under their ids', async () => {
    await using host = await startTestHost({
      one: { connector: pinger },
      two: {
        connector: defineConnector({
          name: 'listener',
          setup({ on }) {
            on(ping, () => 'me too')
          },
        }),
      },
    })

    const outcome = await host.dispatch(ping, {})

    assert.equal(outcome.kind, 'completed')
    assert.deepEqual(outcome.results, [
      { connector: 'one', value: 'pong' },
      { connector: 'two', value: 'me too' },
    ])
    const line = host.logged.find(({ message }) => message === 'pinged')
    assert.partialDeepStrictEqual(line, { level: 'info', fields: { connector: 'one', wait: 1000 } })
  })

  it('refuses a configuration that does not fit, saying where', async () => {
    const starting = startTestHost({ one: { connector: pinger, config: { anwser: 'x' } } })

    await assert.rejects(starting, {
      code: 'ASSEMBLY_INVALID',
      message: /anwser.*did you mean `answer`/s,
    })
  })

  it('refuses what a connector finds wrong with its configuration', async () => {
    const config = [{ events: 'before:pingg', url: 'http://127.0.0.1:9', secret: 's3cr3t-s3cr3t' }]
    const starting = startTestHost({
      one: { connector: pinger },
      webhooks: { connector: webhooks, config },
    })

    await assert.rejects(starting, {
      code: 'ASSEMBLY_INVALID',
      message: /webhooks\[0\]\.events.*pingg/s,
    })
  })

  it('runs on the clock it is given', async () => {
    const clock = new FakeClock()
    await using host = await startTestHost({ one: { connector: pinger } }, { clock })

    const outcome = await host.dispatch(ping, {})

    assert.equal(outcome.durationMs, 0)
  })
})
