import type { DispatchOptions } from './dispatch-options.ts'
import type { AnyEvent, ParamsOf, ResultOf } from './event.ts'
import type { Outcome } from './outcome.ts'

/**
 * Dispatches an event through its before, on and after handlers; by definition, so that params and results are typed, or by name.
 *
 * Rejects only for what the caller did wrong: an unknown event (`EVENT_UNKNOWN`), params that do not match (`EVENT_PARAMS_INVALID`),
 * an event dispatched from its own handlers (`EVENT_RECURSION`), an unknown connector or a bad duration among the options.
 */
export interface DispatchEvent {
  <E extends AnyEvent>(
    event: E,
    params: ParamsOf<E>,
    options?: DispatchOptions,
  ): Promise<Outcome<ResultOf<E>>>
  (
    event: string,
    params: Readonly<Record<string, unknown>>,
    options?: DispatchOptions,
  ): Promise<Outcome>
}
