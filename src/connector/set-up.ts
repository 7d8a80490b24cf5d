import type { Clock } from '../clock.ts'
import { CarabinerError, messageOf } from '../errors.ts'
import type { Connector } from './connector.ts'
import type { ScopeParts } from './create-scope.ts'
import type { Scope } from './scope.ts'

/** What a connector left to be disposed when it stops. */
export type SetupResult = Awaited<ReturnType<Connector['setup']>>

/**
 * Sets a connector up within a time limit. What a set-up gives that is over later is disposed at once.
 *
 * @throws {CarabinerError} DEADLINE_EXCEEDED when it is not over in time, and whatever it throws itself
 */
export async function setUp(
  connector: Connector,
  scope: Scope<unknown>,
  { clock, log }: Pick<ScopeParts, 'clock' | 'log'>,
  withinMs: number,
): Promise<SetupResult> {
  const setup = Promise.resolve(connector.setup(scope)).then((result) => ({ result }))
  const inTime = await firstOf(clock, setup, withinMs)
  if (inTime !== undefined) return inTime.result

  setup
    .then(({ result }) => disposeResult(result))
    .catch((error: unknown) =>
      log.warn({ error: messageOf(error) }, 'a set-up that was given up failed later'),
    )
  throw new CarabinerError(
    'DEADLINE_EXCEEDED',
    `\`setup\` was not over after ${withinMs / 1000} s (host.event_timeout)`,
  )
}

export async function disposeResult(result: SetupResult): Promise<void> {
  if (result === undefined) return
  if (Symbol.asyncDispose in result) await result[Symbol.asyncDispose]()
  else result[Symbol.dispose]()
}

/** `undefined`: the time was over first. */
async function firstOf<T>(clock: Clock, work: Promise<T>, ms: number): Promise<T | undefined> {
  const over = new AbortController()
  const late = clock.sleep(ms, over.signal).then(
    () => undefined,
    () => undefined, // our own abort
  )
  return Promise.race([work, late]).finally(() => over.abort())
}
