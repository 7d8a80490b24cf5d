import {
  CarabinerError,
  type ConnectorCommand,
  type Failure,
  type MessageId,
  messageOf,
  newId,
  textOption,
  usageError,
  waitOption,
} from 'carabiner'
import type { SubscriptionsConfig } from '../config.ts'
import { countersOfTallies } from '../counters.ts'
import { type Offer, offer } from '../publication.ts'
import { misfitsOf } from '../publish.ts'
import type { Publication } from '../publish-event.ts'
import { PublishBody } from '../schemas/event.ts'
import { type Service, serviceOf } from '../service.ts'
import { executionsById } from '../tenants/execution-book.ts'
import { callFor } from './call.ts'
import { type Context, ownerOption, readText, requiredOption } from './options.ts'
import { many, print, standing } from './print.ts'
import { checkBody, misfits, tellingRefusals } from './refusals.ts'

/** `carabiner subscriptions publish --owner O|--tenant T --type T --payload JSON` */
export const publish: ConnectorCommand<SubscriptionsConfig> = {
  name: 'publish',
  description: 'Publishes an event to the subscriptions of an owner, or to a tenant',
  options: [
    { flags: '--owner <owner>', description: 'whose subscriptions get it' },
    { flags: '--tenant <tenant>', description: 'whose configured receivers get it' },
    { flags: '--type <type>', description: 'event type' },
    { flags: '--source <source>', description: 'where it comes from (default: cli)' },
    { flags: '--payload <json>', description: 'a JSON object: the text, @FILE or -' },
    {
      flags: '--wait <duration>',
      description: 'how long to deliver what it owes (default: 10s)',
    },
  ],
  run: tellingRefusals(publishEvent),
}

async function publishEvent(context: Context): Promise<number> {
  const waitMs = waitOption(context)
  const offered = await offerOf(context)

  await using host = await context.startHost({ store: await context.openStore() })
  const service = serviceOf(host.scope)
  if (offered.params.tenant === undefined) checkType(service, offered)
  const outcome = await offer(callFor(service, offered.params.owner ?? 'cli'), offered)
  switch (outcome.kind) {
    case 'cancelled': {
      const { kind, by, reason } = outcome
      print(context, { kind, by, reason }, `cancelled by ${by}: ${reason}`)
      return 3
    }
    case 'failed':
      throw outcome.cause ?? failureOf(outcome.failures)
    case 'published': {
      const left = await host.engine.drainOwn(waitMs, context.signal)
      const publication = await asItIsNow(service, outcome.publication)
      print(context, publication, asText(publication))
      if (left > 0) context.say(`${many(left, 'delivery', 'deliveries')} left to the next host`)
      return 0
    }
  }
}

/** What the options say. @throws {CarabinerError} USAGE */
async function offerOf(context: Context): Promise<Offer> {
  const owner = ownerOption(context)
  const tenant = textOption(context, 'tenant')
  if ((owner === undefined) === (tenant === undefined))
    throw usageError('expected either --owner or --tenant')
  const type = requiredOption(context, 'type')
  const source = textOption(context, 'source') ?? 'cli'
  const { payload, text } = await readPayload(context)
  if (owner !== undefined) checkBody(PublishBody, { event_type: type, source, payload })
  const to = owner === undefined ? { tenant: tenant ?? '' } : { owner }
  return { params: { id: newId(), ...to, type, source, payload }, text }
}

/** Its text goes along: numbers stay as they were written. @throws {CarabinerError} USAGE */
async function readPayload(context: Context): Promise<{
  readonly payload: Readonly<Record<string, unknown>>
  readonly text: string
}> {
  const text = await readText(context, requiredOption(context, 'payload'))
  const payload = parse(text)
  if (isObject(payload)) return { payload, text: `{"payload":${text}}` }
  throw usageError(`expected a JSON object for --payload, got ${text.slice(0, 60)}`)
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (error) {
    const message = `expected JSON for --payload: ${messageOf(error)}`
    throw new CarabinerError('USAGE', message, { cause: error })
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** @throws {CarabinerError} USAGE: a type that is not taken, a payload that does not match */
function checkType(service: Service, { params: { type, payload } }: Offer): void {
  const wrong = misfitsOf(service, { type: '/event_type', payload: '/payload' }, { type, payload })
  if (wrong.length > 0) throw misfits(wrong, { event_type: type, payload })
}

/** With what has become of its deliveries meanwhile. */
async function asItIsNow({ scope }: Service, publication: Publication): Promise<Publication> {
  const { executions, event_id: id } = publication
  const tallies = await scope.store.tally([id as MessageId]) // an event's id is its message's
  const counters = countersOfTallies(tallies)
  if (executions === undefined) return { ...publication, ...counters }
  const ids = executions.map((execution) => execution.id)
  return { ...publication, ...counters, executions: [...(await executionsById(scope, ids))] }
}

function asText(publication: Publication): string {
  const { event_id: id, executions = [] } = publication
  const lines = executions.map(({ config, targetUrl, status, lastError }) => {
    const why = lastError === null ? '' : `: ${lastError}`
    return `  ${config} ${targetUrl} ${status}${why}`
  })
  return [`event ${id}: ${standing(publication)}`, ...lines].join('\n')
}

function failureOf(failures: readonly Failure[]): CarabinerError {
  const told = failures.map(({ connector, code, message }) => `${connector} ${code}: ${message}`)
  return new CarabinerError('HANDLER_FAILED', `the event was not published: ${told.join('; ')}`)
}
