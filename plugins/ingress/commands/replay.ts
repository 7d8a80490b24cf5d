import {
  CarabinerError,
  type ConnectorCommand,
  type Failure,
  textOption,
  usageError,
  waitOption,
} from 'carabiner'
import type { IngressConfig } from '../config.ts'
import { ingressReplay } from '../ingress-events.ts'
import { serviceOf } from '../service.ts'
import { namedEvent } from './named-event.ts'
import type { Context } from './options.ts'

/** `carabiner ingress replay ID --reason WHY` */
export const replay: ConnectorCommand<IngressConfig> = {
  name: 'replay',
  description: 'Delivers an event once more, with a full set of tries',
  arguments: [{ syntax: '<id>', description: 'the event' }],
  options: [
    { flags: '--reason <why>', description: '5 to 500 characters, for the audit trail' },
    { flags: '--by <who>', description: 'who wants it (default: cli)' },
    { flags: '--wait <duration>', description: 'how long to deliver it here (default: 10s)' },
  ],
  run: replayEvent,
}

async function replayEvent(context: Context): Promise<number> {
  const waitMs = waitOption(context)
  const reason = lengthOption(context, 'reason', { least: 5, most: 500 })
  const requestedBy = lengthOption(context, 'by', { least: 2, most: 120, fallback: 'cli' })

  await using host = await context.startHost({ store: await context.openStore() })
  const service = serviceOf(host.scope)
  const { id, provider } = await namedEvent(context, service)
  const params = { eventId: id, provider, requestedBy, reason }
  const outcome = await host.dispatch(ingressReplay, params, { actor: requestedBy })
  switch (outcome.kind) {
    case 'cancelled': {
      const { kind, by, reason: why } = outcome
      print(context, { kind, by, reason: why }, `cancelled by ${by}: ${why}`)
      return 3
    }
    case 'failed':
      throw failureOf(outcome.failures)
    case 'parked':
      throw failureOf([]) // the event does not park
    case 'completed': {
      const own = outcome.results.find(({ connector }) => connector === context.id)
      const made = own !== undefined && 'value' in own ? own.value : null
      if (made === null) throw failureOf([])
      const left = await host.engine.drainOwn(waitMs, context.signal)
      const { status } = (await service.replays.find(made.replayRequestId)) ?? { status: 'queued' }
      print(context, { ...made, status }, `replay ${made.replayRequestId}: ${status}`)
      if (left > 0) context.say('its delivery is left to the next host')
      return 0
    }
  }
}

/** A text of a length. @throws {CarabinerError} USAGE */
function lengthOption(
  context: Context,
  name: string,
  { least, most, fallback = '' }: { least: number; most: number; fallback?: string },
): string {
  const text = textOption(context, name) ?? fallback
  if (text.length >= least && text.length <= most) return text
  throw usageError(`expected --${name} with ${least} to ${most} characters`)
}

function print(context: Context, value: object, text: string): void {
  context.print(context.json ? JSON.stringify(value, null, 2) : text)
}

function failureOf(failures: readonly Failure[]): CarabinerError {
  const told = failures.map(({ connector, code, message }) => `${connector} ${code}: ${message}`)
  const why = told.length === 0 ? 'nobody has done it' : told.join('; ')
  return new CarabinerError('HANDLER_FAILED', `the event was not replayed: ${why}`)
}
