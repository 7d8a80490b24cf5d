import { messageOf } from '../errors.ts'
import { inTime } from './around.ts'
import { CallContext } from './call-context.ts'
import { enterFrame } from './current-event.ts'
import type { Deadline } from './deadline.ts'
import type { Dispatch } from './dispatch.ts'
import { hostItself } from './failure.ts'
import type { Outbox } from './outbox.ts'
import type { Failure } from './outcome.ts'
import type { OweRegistration } from './registration.ts'

/** Who will owe something if the event happens. @returns undefined: nobody */
export function owedAfter<Owed>(
  dispatch: Dispatch<Owed>,
): readonly OweRegistration<Owed>[] | undefined {
  const { owed } = dispatch.request.plan
  if (owed.length === 0 || !dispatch.wants('after')) return undefined
  const applying = owed.filter((each) => dispatch.applies(each))
  return applying.length === 0 ? undefined : applying
}

/** Asks the outbox, before anything happens, whether a commit can be expected to work. If not, the event has failed. */
export async function askStore(dispatch: Dispatch<unknown>): Promise<void> {
  const { outbox } = dispatch.parts
  if (outbox === undefined) return
  enterFrame(dispatch)
  const refusal = await storeRefusal(outbox, dispatch.deadline)
  if (refusal !== undefined) dispatch.fail(refusal)
}

async function storeRefusal(
  outbox: Outbox<unknown>,
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
  dispatch: Dispatch<Owed>,
  registrations: readonly OweRegistration<Owed>[],
): Promise<void> {
  const { outbox } = dispatch.parts
  if (outbox === undefined) return
  const owed = collect(dispatch, registrations)
  if (owed.length === 0) return
  try {
    await outbox.commit(owed)
  } catch (error) {
    dispatch.fail(notStored(hostItself, error))
  }
}

function collect<Owed>(
  dispatch: Dispatch<Owed>,
  registrations: readonly OweRegistration<Owed>[],
): readonly Owed[] {
  const owed: Owed[] = []
  for (const registration of registrations) {
    try {
      owed.push(...registration.collect(new CallContext(dispatch, registration)))
    } catch (error) {
      dispatch.fail(notStored(registration.connector, error))
    }
  }
  return owed
}

function notStored(connector: string, error: unknown): Failure {
  return { connector, phase: 'after', code: 'DELIVERY_NOT_STORED', message: messageOf(error) }
}
