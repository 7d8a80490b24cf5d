import type { DurationText } from '../quantity/duration.ts'
import type { Phase } from './phase.ts'

/** How one dispatch is made. */
export interface DispatchOptions {
  /** Only these connectors' handlers run. Unknown ids are an error. */
  readonly include?: readonly string[]
  /** These connectors' handlers do not run. Unknown ids are an error. */
  readonly exclude?: readonly string[]
  /** @defaultValue all three */
  readonly phases?: readonly Phase[]
  /** Connectors are asked in assembly order; the first that has an on handler answers alone. @defaultValue false */
  readonly first?: boolean
  /** What a failing on handler means for its siblings and the after phase. @defaultValue 'fail' */
  readonly onError?: 'fail' | 'continue'
  /** Seconds, or a duration such as `'1500ms'`. @defaultValue the event's, else the host's */
  readonly timeout?: DurationText
  readonly signal?: AbortSignal
  /** @defaultValue the dispatch's own id */
  readonly traceId?: string
  /** Who caused it; shown to handlers and webhooks, kept in the audit trail. */
  readonly actor?: string
  /** Only the before phase runs, and nothing that has side effects. @defaultValue false */
  readonly dryRun?: boolean
  /** Depth the dispatch starts at when it was caused over HTTP by another (`X-Carabiner-Depth`). @defaultValue 0 */
  readonly depth?: number
  /**
   * The JSON text the params were read from, for handlers to whom `1.0` and `1` are two numbers (`HandlerContext.source`).
   *
   * @defaultValue none
   */
  readonly source?: string | (() => string)
  /**
   * What the caller does while the dispatch is parked. `wait`: nothing until its outcome; only the end of the host resolves it as `parked`. `return`:
   * it is told so (`parked`), and asks later.
   *
   * @defaultValue 'wait'
   */
  readonly park?: 'wait' | 'return'
}
