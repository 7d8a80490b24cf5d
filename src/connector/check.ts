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
  /**
   * Whether `/health` looks at it too, whenever it is asked, as `<connector id>.<id>`: for something the connector needs all the time, and a check that is
   * quick and changes nothing. Everybody learns whether it holds, whoever shows a management key also why not.
   *
   * Not for what deliveries show anyway: see `health` of an endpoint.
   *
   * @defaultValue never
   */
  health?(config: Config): boolean
  readonly hint?: string
  /** Puts it right; offered, never run unasked. */
  readonly remedy?: string
}

interface CheckContext<Config> {
  readonly config: Config
  readonly signal: AbortSignal
}
