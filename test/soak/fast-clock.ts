import { type Clock, systemClock } from '../../src/clock.ts'

/**
 * The computer's clock, `speed` times as fast since `epoch`: heartbeats, leases and waits shrink together.
 * Processes that are given the same epoch and speed agree on the time.
 */
export function fastClock(epoch: number, speed: number): Clock {
  return {
    now: () => Math.floor(epoch + (Date.now() - epoch) * speed),
    monotonic: () => performance.now() * speed,
    after: (ms, run) => systemClock.after(ms / speed, run),
    sleep: (ms, signal) => systemClock.sleep(ms / speed, signal),
  }
}
