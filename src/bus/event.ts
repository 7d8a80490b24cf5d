import { type Static, type TObject, type TSchema, type TUnknown, Type } from 'typebox'
import { CarabinerError } from '../errors.ts'
import { type DurationText, parseDuration } from '../quantity/duration.ts'

/** An event: its name, what its params and results look like, and how it is dispatched. Made by `defineEvent`. */
export interface EventDefinition<
  Name extends string = string,
  Params extends TObject = TObject,
  Result extends TSchema = TSchema,
> {
  readonly name: Name
  readonly description: string | undefined
  readonly params: Params
  readonly result: Result
  /** Runs once around the on phase. */
  readonly around: Around<Static<Params>> | undefined
  /** The event's own deadline in milliseconds; `undefined`: `host.event_timeout`. */
  readonly timeoutMs: number | undefined
  /** Whether the event may be dispatched from its own handler chain. */
  readonly reentrant: boolean
  /** Whether a dispatch of it may wait for callbacks, stored. */
  readonly parks: boolean
}

/** Any event, whatever its params and result. */
export interface AnyEvent extends Omit<EventDefinition, 'around'> {
  readonly around: Around<never> | undefined
}

/** The static type of an event's params. */
export type ParamsOf<E extends AnyEvent> = Static<E['params']>
/** The static type of what an event's on handlers return. */
export type ResultOf<E extends AnyEvent> = Static<E['result']>

/** Set-up and tear-down around the on phase: what it returns is called when the phase is over, also after an error. */
export type Around<Params> = (context: {
  readonly params: Params
  readonly signal: AbortSignal
}) => Teardown | Promise<Teardown>
type Teardown = (() => void | Promise<void>) | undefined | void

/** What an event is besides its name. */
export interface EventOptions<Params extends TObject, Result extends TSchema> {
  readonly description?: string
  /** TypeBox object schema. @defaultValue an object without properties */
  readonly params?: Params
  /** TypeBox schema that every on handler's result must match. @defaultValue anything */
  readonly result?: Result
  readonly around?: Around<Static<Params>>
  /** Seconds, or a duration such as `'1500ms'`. @defaultValue `host.event_timeout` */
  readonly timeout?: DurationText
  /** @defaultValue false */
  readonly reentrant?: boolean
  /**
   * Whether a dispatch of it may wait for callbacks, stored. `false` for an event whose dispatcher cannot do without its outcome.
   *
   * @defaultValue true
   */
  readonly parks?: boolean
}

const eventName = /^[a-z][a-z0-9_]*([.-][a-z0-9_]+)*$/
const longestName = 64
const optionNames = new Set([
  'description',
  'params',
  'result',
  'around',
  'timeout',
  'reentrant',
  'parks',
])

/**
 * Defines an event. A connector declares it under `events`; handlers are registered with the definition, which gives
 * them the types of its params and result.
 *
 * @throws {CarabinerError} EVENT_NAME_INVALID, or QUANTITY_INVALID for the timeout
 * @throws {TypeError} an option that does not exist, or `params` that is no object schema
 * @example
 * ```ts
 * import { defineEvent } from 'carabiner'
 * import { Type } from 'typebox'
 *
 * export const adjust = defineEvent('adjust', {
 *   params: Type.Object({ component: Type.String(), amount: Type.Number({ minimum: 0 }) }),
 *   result: Type.Object({ applied: Type.Number() }),
 *   timeout: '10s',
 * })
 * ```
 */
export function defineEvent<
  const Name extends string,
  Params extends TObject = TObject<{}>,
  Result extends TSchema = TUnknown,
>(name: Name, options: EventOptions<Params, Result> = {}): EventDefinition<Name, Params, Result> {
  checkEventName(name)
  checkOptions(name, options)
  // The defaults of the type parameters are exactly the schemas that stand in when none is given.
  const params = (options.params ?? Type.Object({})) as Params
  const result = (options.result ?? Type.Unknown()) as Result
  return Object.freeze({
    name,
    description: options.description,
    params,
    result,
    around: options.around,
    timeoutMs: options.timeout === undefined ? undefined : parseDuration(options.timeout),
    reentrant: options.reentrant ?? false,
    parks: options.parks ?? true,
  })
}

/** @throws {CarabinerError} EVENT_NAME_INVALID, the message says what is wrong with it */
export function checkEventName(name: unknown): asserts name is string {
  const complaint = nameComplaint(name)
  if (complaint !== undefined) throw new CarabinerError('EVENT_NAME_INVALID', complaint)
}

function nameComplaint(name: unknown): string | undefined {
  if (typeof name !== 'string') return `an event name is a string, got ${typeof name}`
  if (name === '') return 'an event name cannot be empty'
  if (name.length > longestName) {
    return `an event name has at most ${longestName} characters, \`${name.slice(0, 20)}…\` has ${name.length}`
  }
  if (eventName.test(name)) return undefined
  return `\`${name}\` is not an event name: expected lower-case words joined by \`.\` or \`-\`, like \`order.created\``
}

function checkOptions(name: string, options: EventOptions<TObject, TSchema>): void {
  for (const option of Object.keys(options)) {
    if (!optionNames.has(option)) {
      throw new TypeError(`event \`${name}\` has no option \`${option}\``)
    }
  }
  if (options.params !== undefined && options.params.type !== 'object') {
    throw new TypeError(`the params of event \`${name}\` must be an object schema`)
  }
  if (options.around !== undefined && typeof options.around !== 'function') {
    throw new TypeError(`\`around\` of event \`${name}\` must be a function`)
  }
}
