import { messageOf } from '../errors.ts'
import { inTime } from './around.ts'
import type { Deadline } from './deadline.ts'
import { hostItself } from './failure.ts'
import type { AfterContext } from './handler.ts'
import type { Outbox } from './outbox.ts'
import type { Failure } from './outcome.ts'
import type { OweRegistration } from './registration.ts'

/** Asks the outbox, before anything happens, whether a commit can be expected to work. @returns why not */
export async function storeRefusal(
  outbox: Outbox<never>,
  deadline: Deadline,
): Promise<Failure | undefined> {
  const failure = { connector: hostItself, phase: 'before' } as const
  try {
    const ready = Promise.resolve(outbox.ready())
    if (await inTime(ready, deadline)) await ready
    else return { ...failure, code: 'DEADLINE_EXCEEDED', message: deadline.error().message }
    return undefined
  } catch (error) {
    return { ...failure, code: 'STORE_UNAVAILABLE', message: messageOf(error) }
  }
}

/**
 * Collects what is owed and stores it in one commit.
 *
 * The commit is waited for however long it takes, beyond the deadline too: the event has happened, and its caller has to
 * learn whether what it owes is stored. A collector that throws does not keep the others' messages from being stored.
 */
export async function commitOwed<Owed>(
  registrations: readonly OweRegistration<Owed>[],
  contextOf: (registration: OweRegistration<Owed>) => AfterContext,
  outbox: Outbox<Owed>,
): Promise<readonly Failure[]> {
  const failures: Failure[] = []
  const owed: Owed[] = []
  for (const registration of registrations) {
    try {
      owed.push(...registration.collect(contextOf(registration)))
    } catch (error) {
      failures.push(notStored(registration.connector, error))
    }
  }
  if (owed.length === 0) return failures

  try {
    await outbox.commit(owed)
  } catch (error) {
    failures.push(notStored(hostItself, error))
  }
  return failures
}

function notStored(connector: string, error: unknown): Failure {
  return { connector, phase: 'after', code: 'DELIVERY_NOT_STORED', message: messageOf(error) }
}
