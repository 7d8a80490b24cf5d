import {
  CarabinerError,
  type ConnectorCommand,
  type Mismatch,
  messageOf,
  type RequestMismatch,
  RouteError,
  type RouteRefusal,
  usageError,
  Validator,
} from 'carabiner'
import type { SubscriptionsConfig } from '../config.ts'
import type { Context } from './options.ts'

type Run = ConnectorCommand<SubscriptionsConfig>['run']

/** A command that says in its own words what the API would refuse. */
export function tellingRefusals(run: (context: Context) => Promise<number>): Run {
  return async (context) => {
    try {
      return await run(context)
    } catch (error) {
      if (error instanceof RouteError) throw errorOf(error)
      throw error
    }
  }
}

/** Holds what a command was given against the schema of the API's call. @throws {CarabinerError} USAGE, one for each thing that does not fit */
export function checkBody(schema: object, body: object): void {
  const mismatches = new Validator({ allErrors: true }).compile(schema)(body)
  if (mismatches.length > 0) throw misfits(mismatches, body)
}

/** What does not fit, each with the option it came from, and what came: but for secrets. */
export function misfits(mismatches: readonly Mismatch[], body: object = {}): Error {
  const errors = mismatches.map(({ pointer, message }) =>
    usageError(`${optionOf(pointer)}: ${message}${givenAt(pointer, body)}`),
  )
  const [only, second] = errors
  if (only !== undefined && second === undefined) return only
  return new AggregateError(errors, errors.map(messageOf).join('; '))
}

function errorOf(error: RouteError): Error {
  const { status, message, mismatches = [] }: RouteRefusal = error.refusal
  if (mismatches.length > 0) return misfits(mismatches.filter(isAboutBody))
  const code = status === 409 ? 'RECORD_CONFLICT' : status < 500 ? 'USAGE' : 'HANDLER_FAILED'
  return new CarabinerError(code, message, { cause: error })
}

function isAboutBody({ part }: RequestMismatch): boolean {
  return part === 'body'
}

/** The option that says a member of a call's body: `/event_types/0` is the first of `--types`. */
function optionOf(pointer: string): string {
  const [, member = '', ...inside] = pointer.split('/')
  const option = options.get(member) ?? `--${member}`
  return [option, ...(inside.length > 0 ? [`/${inside.join('/')}`] : [])].join(' ')
}

function givenAt(pointer: string, body: object): string {
  const steps = pointer.split('/').slice(1)
  if (steps[0] === 'secret') return ''
  const value = steps.reduce<unknown>((outer, step) => Object(outer)[step], body)
  return typeof value === 'string' ? `, got ${JSON.stringify(value)}` : ''
}

const options: ReadonlyMap<string, string> = new Map([
  ['callback_url', 'the URL'],
  ['event_types', '--types'],
  ['event_type', '--type'],
])
