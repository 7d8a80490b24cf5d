/** Something that must hold for a connector to do its work. Run by `carabiner check` and `run --check`. */
export interface Check<Config = unknown> {
  /** Unique within its connector; `<connector id>.<id>` outside. */
  readonly id: string
  readonly name: string
  /** A failed `critical` stops the connector's later checks; a failed `warning` never blocks readiness. */
  readonly severity: 'critical' | 'common' | 'warning'
  readonly tags: readonly string[]
  /** Fails by throwing or returning `false`. */
  run(context: CheckContext<Config>): unknown
  readonly hint?: string
  /** Puts it right; offered, never run unasked. */
  readonly remedy?: string
}

interface CheckContext<Config> {
  readonly config: Config
  readonly signal: AbortSignal
}
