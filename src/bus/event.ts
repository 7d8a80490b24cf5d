import type { Static, TObject, TSchema } from 'typebox'
import type { DurationText } from '../quantity/duration.ts'

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
}
