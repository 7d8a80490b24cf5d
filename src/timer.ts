/** Node runs at once what is set to more than this. */
const longestStepMs = 2_147_483_647

export interface TimerOptions {
  /** Whether the process stays alive for it. @defaultValue false */
  readonly keepsAlive?: boolean
  /** The most that is waited for in one step. @defaultValue what Node can wait for, 24.8 days */
  readonly stepMs?: number
}

/** Calls `run` once after `ms`, however long that is. Disposing it prevents that. */
export function startTimer(ms: number, run: () => void, options: TimerOptions = {}): Disposable {
  const { keepsAlive = false, stepMs = longestStepMs } = options
  const until = performance.now() + ms
  let timer: NodeJS.Timeout
  const step = (left: number): void => {
    timer = left > stepMs ? setTimeout(goOn, stepMs) : setTimeout(run, left)
    if (!keepsAlive) timer.unref()
  }
  const goOn = (): void => step(until - performance.now())

  step(ms)
  return { [Symbol.dispose]: () => clearTimeout(timer) }
}
