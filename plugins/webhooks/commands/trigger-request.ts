import {
  type AnyEvent,
  type CallbackTicket,
  CarabinerError,
  type CommandContext,
  EventParamsError,
  type EventResult,
  messageOf,
  newId,
} from 'carabiner'
import { exampleOf } from '../example-value.ts'
import { afterRequest, type BodyForm, beforeRequest, type WebhookContent } from '../request.ts'
import type { HookArgument } from './hook-argument.ts'
import { schemaErrors } from './schema-errors.ts'

interface TriggerRequest extends WebhookContent {
  readonly id: string
  readonly traceId: string
}

export interface TriggerSettings {
  /** UTC milliseconds. */
  readonly now: number
  readonly timeoutMs: number
  readonly form: BodyForm
}

/** Makes the request, with the callback it hands out. */
type MakeRequest = (callback?: CallbackTicket) => TriggerRequest

/**
 * Reads what the body is made of from `--params` and `--results`, or from examples of what the event's signature wants.
 *
 * @throws {EventParamsError} EVENT_PARAMS_INVALID
 * @throws {CarabinerError} USAGE when an option is no JSON, or has no meaning for the hook; RESULT_INVALID
 */
export async function prepareRequest(
  context: CommandContext,
  { phase, event }: HookArgument,
  { now, timeoutMs, form }: TriggerSettings,
): Promise<MakeRequest> {
  const params = (await jsonOption(context, 'params')) ?? exampleOf(event.params)
  const errors = await schemaErrors(event.params, params)
  const mismatches = errors.map(({ instancePath, message }) => ({ pointer: instancePath, message }))
  if (!isObject(params) || mismatches.length > 0) throw new EventParamsError(event.name, mismatches)

  const stamp = { id: newId(), createdAt: now }
  const facts = {
    event: event.name,
    params,
    dispatchId: newId(),
    traceId: newId(),
    actor: 'carabiner webhooks trigger',
  }
  const identity = { id: stamp.id, traceId: facts.traceId }
  if (phase === 'after') {
    const results = await resultsOf(context, event)
    const content = afterRequest({ ...facts, results }, stamp, form)
    return () => ({ ...content, ...identity })
  }
  if (context.options['results'] !== undefined) {
    throw usage('--results is for after: before the event there are none')
  }
  // Nothing happens after this question, and the receiver may know it.
  const question = { ...facts, dryRun: true, deadline: now + timeoutMs }
  return (callback) => ({ ...beforeRequest(question, stamp, form, callback), ...identity })
}

/** What stands in the list without a connector is the value of one called `example`. */
async function resultsOf(
  context: CommandContext,
  event: AnyEvent,
): Promise<readonly EventResult[]> {
  const given = await jsonOption(context, 'results')
  if (given === undefined) return [{ connector: 'example', value: exampleOf(event.result) }]
  if (!Array.isArray(given)) throw usage('expected a JSON list for --results')
  return Promise.all(given.map((each: unknown, index) => resultOf(each, index, event)))
}

async function resultOf(given: unknown, index: number, event: AnyEvent): Promise<EventResult> {
  if (isObject(given) && typeof given['connector'] === 'string' && isObject(given['error'])) {
    const { name = 'Error', message = '' } = given['error']
    const error = { code: 'HANDLER_FAILED', name: String(name), message: String(message) }
    return { connector: given['connector'], error }
  }
  const isNamed = isObject(given) && typeof given['connector'] === 'string' && 'value' in given
  const result = isNamed
    ? { connector: String(given['connector']), value: given['value'] }
    : { connector: 'example', value: given }
  const [problem] = await schemaErrors(event.result, result.value)
  if (problem === undefined) return result
  const place = `--results: result ${index + 1}${problem.instancePath}`
  throw new CarabinerError('RESULT_INVALID', `${place} ${problem.message}`)
}

async function jsonOption(context: CommandContext, name: string): Promise<unknown> {
  const source = context.options[name]
  if (typeof source !== 'string') return undefined
  const text = new TextDecoder().decode(await context.read(source))
  try {
    return JSON.parse(text)
  } catch (error) {
    throw new CarabinerError('USAGE', `expected JSON for --${name}: ${messageOf(error)}`, {
      cause: error,
    })
  }
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function usage(message: string): CarabinerError {
  return new CarabinerError('USAGE', message)
}
