import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { currentEvent } from '../../src/bus/current-event.ts'
import { Channels } from '../../src/channels/channels.ts'
import { systemClock } from '../../src/clock.ts'
import { FakeClock } from '../helpers/fake-clock.ts'
import { recordingLog } from '../helpers/recording-log.ts'

function open(clock = systemClock): { channels: Channels; log: ReturnType<typeof recordingLog> } {
  const log = recordingLog()
  return { channels: new Channels({ clock, log }), log }
}

describe('channels', () => {
  it('bring a message to every subscriber whose selector chooses the channel', async () => {
    const { channels } = open()
    const got: string[] = []
    for (const selector of [
      'orders.created',
      'orders.*',
      /orders\..+/,
      '/stock\\..+/',
      'stock.*',
    ]) {
      channels.subscribe(selector, (message, { channel }) => {
        got.push(`${selector} ${channel} ${message.text()}`)
      })
    }

    await channels.publish('orders.created', 'one')
    await channels.stop()

    assert.deepEqual(got, [
      'orders.created orders.created one',
      'orders.* orders.created one',
      '/orders\\..+/ orders.created one',
    ])
  })

  it('keep the order for each subscriber, however long each message takes and however small the bound', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.nat(3), { minLength: 1, maxLength: 60 }),
        fc.integer({ min: 1, max: 4 }),
        fc.boolean(),
        async (turns, bound, awaited) => {
          const { channels } = open()
          const got: number[] = []
          channels.subscribe(
            'numbers',
            async (message) => {
              const at = Number(message.text())
              for (let turn = 0; turn < (turns[at] ?? 0); turn++) await null
              got.push(at)
            },
            { bound, awaited },
          )

          const published = turns.map((_, at) => channels.publish('numbers', String(at)))
          await Promise.all(published)
          await channels.stop()

          assert.deepEqual(got, [...turns.keys()])
        },
      ),
      { numRuns: 100 },
    )
  })

  it('make a publisher wait for a subscriber that is behind its bound, and nobody else', async () => {
    const { channels } = open()
    const gate = Promise.withResolvers<void>()
    const quick: string[] = []
    channels.subscribe('numbers', () => gate.promise, { bound: 2 })
    channels.subscribe('numbers', (message) => void quick.push(message.text()))
    await channels.publish('numbers', '1') // being handled
    await new Promise((resolve) => setImmediate(resolve))
    await channels.publish('numbers', '2')
    await channels.publish('numbers', '3') // two wait: full
    let isIn = false

    const fourth = channels.publish('numbers', '4').then(() => {
      isIn = true
    })
    await new Promise((resolve) => setImmediate(resolve))
    assert.equal(isIn, false)
    assert.deepEqual(quick, ['1', '2', '3', '4'])

    gate.resolve()
    await fourth
    await channels.stop()
  })

  it('wait for a subscriber that stores before publish resolves', async () => {
    const { channels } = open()
    const stored: string[] = []
    const store = async (message: { text(): string }): Promise<void> => {
      await new Promise((resolve) => setImmediate(resolve))
      stored.push(message.text())
    }
    channels.subscribe('orders.*', store, { awaited: true })

    await channels.publish('orders.created', 'one')

    assert.deepEqual(stored, ['one'])
  })

  it('tell the publisher when a subscriber that stores could not, and bring it to all others', async () => {
    const { channels, log } = open()
    const got: string[] = []
    const away = new Error('the store is away')
    const awaited = { awaited: true } as const
    channels.subscribe('orders', () => Promise.reject(away), awaited)
    channels.subscribe('orders', (message) => void got.push(message.text()), awaited)

    await assert.rejects(channels.publish('orders', 'one'), away)
    channels.subscribe('orders', () => Promise.reject(away), awaited)
    await assert.rejects(channels.publish('orders', 'two'), { errors: [away, away] })

    assert.deepEqual(got, ['one', 'two'])
    assert.deepEqual(log.lines, [])
  })

  it('log what a subscriber throws, and go on', async () => {
    const { channels, log } = open()
    const got: string[] = []
    channels.subscribe('numbers', (message) => {
      if (message.text() === '1') throw new Error('one is too few')
      got.push(message.text())
    })
    channels.subscribe('numbers', async () => Promise.reject(new Error('never')))

    await channels.publish('numbers', '1')
    await channels.publish('numbers', '2')
    await channels.stop()

    assert.deepEqual(got, ['2'])
    assert.deepEqual(log.lines.map(({ message }) => message).sort(), [
      'a subscriber failed: never',
      'a subscriber failed: never',
      'a subscriber failed: one is too few',
    ])
  })

  it('hand out copies: what the publisher changes later changes nothing', async () => {
    const { channels } = open()
    const got: Uint8Array[] = []
    const bytes = Uint8Array.of(1, 2, 3)
    channels.subscribe('bytes', (message) => void got.push(message.bytes()))

    await channels.publish('bytes', bytes)
    bytes[0] = 9
    await channels.stop()

    assert.deepEqual(got, [Uint8Array.of(1, 2, 3)])
  })

  it('drain when they stop, and take nothing more', async () => {
    const { channels } = open()
    let handled = 0
    channels.subscribe('numbers', async () => {
      await new Promise((resolve) => setImmediate(resolve))
      handled++
    })
    for (let count = 0; count < 10; count++) await channels.publish('numbers', 'x')

    await channels.stop()

    assert.equal(handled, 10)
    await assert.rejects(channels.publish('numbers', 'x'), { code: 'SHUTTING_DOWN' })
  })

  it('call a disposed subscriber no more, and let waiting publishers go on', async () => {
    const { channels } = open()
    const gate = Promise.withResolvers<void>()
    let calls = 0
    const wait = (): Promise<void> => {
      calls++
      return gate.promise
    }
    const subscription = channels.subscribe('numbers', wait, { bound: 1 })
    await channels.publish('numbers', '1')
    await new Promise((resolve) => setImmediate(resolve))
    await channels.publish('numbers', '2')
    const third = channels.publish('numbers', '3')

    subscription[Symbol.dispose]()
    await third
    gate.resolve()
    await channels.stop()

    assert.equal(calls, 1)
  })

  it('run subscribers outside of the event that published', async () => {
    const { channels } = open()
    const seen: unknown[] = []
    channels.subscribe('numbers', () => void seen.push(currentEvent()))

    await channels.publish('numbers', '1')
    await channels.stop()

    assert.deepEqual(seen, [undefined])
  })

  it('refuse what is no channel name', async () => {
    const { channels } = open()

    for (const name of ['', 'a', '.ab', 'ab.', 'a b', 'a/b', 'x'.repeat(254), 'ä1']) {
      await assert.rejects(channels.publish(name, 'x'), { code: 'CHANNEL_INVALID' }, name)
    }
    for (const name of ['ab', 'a_b', 'A.b-c_9', 'x'.repeat(253)]) await channels.publish(name, 'x')
  })

  it('refuse a bound that bounds nothing', () => {
    const { channels } = open()

    for (const bound of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY]) {
      assert.throws(() => channels.subscribe('ab', () => {}, { bound }), TypeError)
    }
  })
})

describe('a message', () => {
  const cases: [given: string | Uint8Array | object, contentType: string][] = [
    ['{"a":1}', 'text/plain; charset=utf-8'],
    [new TextEncoder().encode('{"a":1}'), 'application/octet-stream'],
    [{ content: '{"a":1}', contentType: 'application/json' }, 'application/json'],
  ]
  for (const [given, contentType] of cases) {
    it(`of type ${contentType} can be read as JSON, text and bytes`, async () => {
      const clock = new FakeClock()
      const { channels } = open(clock)
      const read: unknown[] = []
      channels.subscribe('any', (message) => {
        read.push(message.json(), message.text(), message.bytes(), message.contentType)
        read.push(message.metadata, message.createdAt.getTime())
      })

      await channels.publish('any', given as string)
      await channels.stop()

      const bytes = new TextEncoder().encode('{"a":1}')
      assert.deepEqual(read, [{ a: 1 }, '{"a":1}', bytes, contentType, {}, clock.now()])
    })
  }

  it('without content is refused', async () => {
    const { channels } = open()

    await assert.rejects(channels.publish('any', {} as never), TypeError)
  })
})

describe('publishEvery', () => {
  it('publishes every interval until it is disposed, and nothing for undefined', async () => {
    const clock = new FakeClock()
    const { channels } = open(clock)
    const got: string[] = []
    let count = 0
    channels.subscribe('ticks', (message) => void got.push(message.text()))
    const ticking = channels.publishEvery('ticks', '1s', () => {
      count++
      return count === 2 ? undefined : String(count)
    })

    await clock.advance(3_500)
    ticking[Symbol.dispose]()
    await clock.advance(5_000)

    assert.deepEqual(got, ['1', '3'])
    assert.equal(clock.waiting, 0)
  })

  it('logs a maker that fails, and goes on', async () => {
    const clock = new FakeClock()
    const { channels, log } = open(clock)
    channels.publishEvery('ticks', 1, () => {
      throw new Error('no reading')
    })

    await clock.advance(2_000)
    await channels.stop()

    assert.deepEqual(
      log.lines.map(({ message }) => message),
      ['nothing was published: no reading', 'nothing was published: no reading'],
    )
    assert.equal(clock.waiting, 0)
  })

  it('refuses zero, negative and unreadable intervals', () => {
    const { channels } = open()

    for (const interval of [0, -1, '0s', '-1s', '5 s', '10', Number.NaN]) {
      const start = (): Disposable => channels.publishEvery('ticks', interval, () => 'x')
      assert.throws(start, { code: 'QUANTITY_INVALID' }, String(interval))
    }
  })
})
