import { performance } from 'node:perf_hooks'
import { startTimer } from './timer.ts'

/**
 * Where time comes from. Everything that waits or stamps takes one, so that tests own the time.
 *
 * `now` is UTC milliseconds and may step; `monotonic` is milliseconds that never go back, for durations and deadlines.
 */
export interface Clock {
  now(): number
  monotonic(): number
  /** Calls `run` once after `ms`; the returned disposable prevents it. Does not keep the process alive. */
  after(ms: number, run: () => void): Disposable
  /** Resolves after `ms`, rejects with the signal's reason when it is aborted first. Keeps the process alive. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>
}

/** The computer's own clock. */
export const systemClock: Clock = {
  now: () => Date.now(),
  // The imported one: the global of this name is read through a getter.
  monotonic: () => performance.now(),
  after: (ms, run) => startTimer(ms, run),
  sleep(ms, signal) {
    return new Promise((resolve, reject) => {
      if (signal?.aborted === true) {
        reject(signal.reason)
        return
      }
      const stop = (): void => {
        timer[Symbol.dispose]()
        reject(signal?.reason)
      }
      const over = (): void => {
        signal?.removeEventListener('abort', stop)
        resolve()
      }
      const timer = startTimer(ms, over, { keepsAlive: true })
      signal?.addEventListener('abort', stop, { once: true })
    })
  },
}
