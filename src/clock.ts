import { performance } from 'node:perf_hooks'

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
  monotonic: () => performance.now(),
  after(ms, run) {
    const timer = setTimeout(run, ms)
    timer.unref()
    return { [Symbol.dispose]: () => clearTimeout(timer) }
  },
  sleep(ms, signal) {
    return new Promise((resolve, reject) => {
      if (signal?.aborted === true) {
        reject(signal.reason)
        return
      }
      const stop = (): void => {
        clearTimeout(timer)
        reject(signal?.reason)
      }
      const timer = setTimeout(() => {
        signal?.removeEventListener('abort', stop)
        resolve()
      }, ms)
      signal?.addEventListener('abort', stop, { once: true })
    })
  },
}
