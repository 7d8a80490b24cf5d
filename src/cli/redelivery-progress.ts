import { systemClock } from '../clock.ts'
import type { Redelivery, RedeliveryStore } from '../store/redelivery.ts'
import type { CliContext } from './context.ts'

const lookEveryMs = 200
/** A line of progress is no more frequent than this. */
const sayEveryMs = 1_000

/**
 * Shows on standard error how far the hosts are with a redelivery: until it is over, `waitMs` have passed, or the user has seen enough. It goes
 * on all the same.
 *
 * @returns where it stands
 */
export async function watchRedelivery(
  { terminal, signal }: Pick<CliContext, 'terminal' | 'signal'>,
  store: Pick<RedeliveryStore, 'redelivery'>,
  requested: Redelivery,
  waitMs: number,
): Promise<Redelivery> {
  const until = systemClock.monotonic() + waitMs
  const say = progressSayer((text) => terminal.say(text))
  let current = requested
  say(current)
  while (current.state === 'running' && !signal.aborted && systemClock.monotonic() < until) {
    // An abort is how the user says that they have seen enough.
    await systemClock.sleep(lookEveryMs, signal).catch(() => undefined)
    current = (await store.redelivery(current.id)) ?? current
    say(current)
  }
  if (current.state === 'running') sayHowItGoesOn((text) => terminal.say(text), current)
  return current
}

function progressSayer(say: (text: string) => void): (redelivery: Redelivery) => void {
  let last = ''
  let nextAt = Number.NEGATIVE_INFINITY
  return ({ matched, processed, state }) => {
    const text = `${processed} of ${matched}`
    const now = systemClock.monotonic()
    if (text === last || (now < nextAt && state === 'running')) return
    last = text
    nextAt = now + sayEveryMs
    say(text)
  }
}

function sayHowItGoesOn(say: (text: string) => void, { id, processed }: Redelivery): void {
  if (processed === 0) say('no host has begun with it yet: the next one that runs does')
  else say('it goes on without this command')
  say('  how far it is: carabiner deliveries redeliveries')
  say(`  to end it:     carabiner deliveries stop ${id}`)
}
