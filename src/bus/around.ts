import { messageOf } from '../errors.ts'
import type { Deadline } from './deadline.ts'
import type { AnyEvent, Around } from './event.ts'
import type { Logger } from './handler.ts'
import type { Params } from './params.ts'

export type Teardown = () => void | Promise<void>

/**
 * Runs an event's set-up, within the deadline.
 *
 * @returns its tear-down; does nothing when there is none
 * @throws what the set-up threw, or DEADLINE_EXCEEDED; a set-up that ends after that is torn down all the same
 */
export async function setUp(
  event: AnyEvent,
  context: { readonly params: Params; readonly signal: AbortSignal },
  deadline: Deadline,
  log: Logger,
): Promise<Teardown> {
  // The params were checked against this very event's signature.
  const around = event.around as Around<Params> | undefined
  const setting = Promise.resolve(around?.(context))
  const isSet = await inTime(setting, deadline)
  if (isSet) return (await setting) ?? doNothing

  const late = (error: unknown): void => {
    log.warn({ event: event.name, error: messageOf(error) }, 'set-up ended late and failed')
  }
  setting.then((teardown) => teardown?.()).catch(late)
  throw deadline.error()
}

/**
 * Runs the tear-down. Once the deadline is reached it is started and no longer waited for.
 *
 * @throws what the tear-down threw, or DEADLINE_EXCEEDED
 */
export async function tearDown(teardown: Teardown, deadline: Deadline): Promise<void> {
  const tearing = Promise.resolve(teardown())
  const isDown = await inTime(tearing, deadline)
  if (isDown) return tearing

  tearing.catch(() => undefined) // it has been reported as late already
  throw deadline.error()
}

/** Waits for work, but not beyond the deadline. @returns whether it settled in time, one way or the other */
export async function inTime(work: Promise<unknown>, deadline: Deadline): Promise<boolean> {
  let isSettled = false
  const settle = (): void => {
    isSettled = true
    deadline.wake()
  }
  work.then(settle, settle)
  await deadline.wait()
  return isSettled
}

const doNothing = (): void => {}
