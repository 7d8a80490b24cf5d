import assert from 'node:assert/strict'
import { describe, it, type TestContext } from 'node:test'
import { systemClock } from '../../src/clock.ts'
import { startTimer } from '../../src/timer.ts'

const month = 31 * 86_400_000

describe('startTimer', () => {
  it('waits in steps for what is longer than one', async (test) => {
    const startedAt = performance.now()
    const steps = observeTimeouts(test)

    await new Promise<void>((resolve) => {
      startTimer(45, resolve, { stepMs: 10, keepsAlive: true })
    })

    // Not the time that passed: Node counts from when its loop last looked at the clock, so it may call early.
    assert.ok(steps.every(({ ms }) => ms <= 10))
    const last = steps.at(-1)
    assert.ok(last !== undefined && last.setAt + last.ms >= startedAt + 45 - 0.001)
  })

  it('is prevented in a later step, too', async () => {
    let ran = false
    const timer = startTimer(40, () => (ran = true), { stepMs: 5, keepsAlive: true })

    await passed(20)
    timer[Symbol.dispose]()
    await passed(40)

    assert.equal(ran, false)
  })
})

describe('systemClock', () => {
  it('waits for a month, which Node by itself would not, and for ever', async () => {
    const warnings: Error[] = []
    const note = (warning: Error): void => void warnings.push(warning)
    process.on('warning', note)
    const ran: string[] = []
    const stop = new AbortController()

    using _after = systemClock.after(month, () => ran.push('after'))
    using _never = systemClock.after(Number.POSITIVE_INFINITY, () => ran.push('never'))
    const asleep = systemClock.sleep(month, stop.signal).then(() => ran.push('sleep'))
    await passed(20)
    process.off('warning', note)

    assert.deepEqual(ran, [])
    assert.deepEqual(warnings, [])
    stop.abort(new TypeError('woken'))
    await assert.rejects(asleep, { message: 'woken' })
  })

  it('runs what is due, and nothing that was disposed', async () => {
    const ran: string[] = []
    systemClock.after(1, () => ran.push('prevented'))[Symbol.dispose]()
    using _kept = systemClock.after(1, () => ran.push('kept'))

    await systemClock.sleep(20)

    assert.deepEqual(ran, ['kept'])
  })
})

/** What is asked of Node's own timers, which go on as they are. */
function observeTimeouts(test: TestContext): { readonly ms: number; readonly setAt: number }[] {
  const seen: { readonly ms: number; readonly setAt: number }[] = []
  const original = globalThis.setTimeout
  test.mock.method(globalThis, 'setTimeout', (run: () => void, ms: number) => {
    seen.push({ ms, setAt: performance.now() })
    return original(run, ms)
  })
  return seen
}

/** A timer of Node's own: what is tested must not be its own judge. */
function passed(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
