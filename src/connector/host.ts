import type { DispatchOptions } from '../bus/dispatch-options.ts'
import type { AnyEvent, ParamsOf, ResultOf } from '../bus/event.ts'
import type { Outcome } from '../bus/outcome.ts'

/** A running host, as connectors and embedding programs see it. */
export interface Host {
  readonly id: string
  readonly events: readonly AnyEvent[]
  /**
   * Dispatches an event through before, on and after.
   *
   * @throws {CarabinerError} EVENT_UNKNOWN
   * @throws {EventParamsError} EVENT_PARAMS_INVALID
   */
  dispatch<E extends AnyEvent>(
    event: E,
    params: ParamsOf<E>,
    options?: DispatchOptions,
  ): Promise<Outcome<ResultOf<E>>>
  dispatch(
    event: string,
    params: Readonly<Record<string, unknown>>,
    options?: DispatchOptions,
  ): Promise<Outcome>
}
