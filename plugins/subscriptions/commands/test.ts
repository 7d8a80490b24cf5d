import { type ConnectorCommand, type DeliveryId, systemClock, waitOption } from 'carabiner'
import type { SubscriptionsConfig } from '../config.ts'
import { ping } from '../ping.ts'
import { serviceOf } from '../service.ts'
import { callFor } from './call.ts'
import { namedSubscription } from './named.ts'
import type { Context } from './options.ts'
import { many, print } from './print.ts'
import { tellingRefusals } from './refusals.ts'

/** `carabiner subscriptions test ID` */
export const test: ConnectorCommand<SubscriptionsConfig> = {
  name: 'test',
  description: 'Sends a test event to one subscription, and tells what came of its first attempt',
  arguments: [{ syntax: '<id>', description: 'the subscription' }],
  options: [
    { flags: '--owner <owner>', description: 'only if it is of this owner' },
    { flags: '--wait <duration>', description: 'how long for the first attempt (default: 10s)' },
  ],
  run: tellingRefusals(testNamed),
}

type Host = Awaited<ReturnType<Context['startHost']>>

async function testNamed(context: Context): Promise<number> {
  const waitMs = waitOption(context)
  await using host = await context.startHost({ store: await context.openStore() })
  const service = serviceOf(host.scope)
  const { id, owner } = await namedSubscription(context, service)
  const { body } = await ping(callFor(service, owner), id, undefined)
  const tested = await firstAttempt(host, body.delivery.delivery_id, waitMs, context.signal)

  const { state, attempts, status, lastError } = tested
  const delivery = {
    ...body.delivery,
    status: state,
    attempts,
    response_status: status,
    last_error: lastError,
  }
  const after = `${state} after ${many(attempts, 'attempt', 'attempts')}`
  const why = lastError ?? (status === null ? undefined : String(status))
  print(context, { ...body, delivery }, why === undefined ? after : `${after}: ${why}`)
  if (state === 'pending') context.say('the next host tries again')
  return state === 'delivered' ? 0 : 1
}

/** Sends it, and looks what has come of it when it was tried once, or the wait is over. */
async function firstAttempt(host: Host, delivery: string, waitMs: number, signal: AbortSignal) {
  const tried = new AbortController()
  const sending = host.engine.drainOwn(waitMs, AbortSignal.any([signal, tried.signal]))
  const over = sending.finally(() => tried.abort())
  while (!tried.signal.aborted) {
    if ((await look(host, delivery)).attempts > 0) tried.abort()
    // Ends early when the wait is over: that is no failure.
    else await systemClock.sleep(lookMs, tried.signal).catch(() => undefined)
  }
  await over
  return look(host, delivery)
}

const lookMs = 50

async function look({ scope }: Host, id: string) {
  const found = await scope.store.delivery(id as DeliveryId) // it was made as one
  const { state = 'pending', attempts = 0, lastError = null } = found?.delivery ?? {}
  return { state, attempts, lastError, status: found?.attempts.at(-1)?.status ?? null }
}
